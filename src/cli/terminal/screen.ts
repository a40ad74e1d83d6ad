/** The output of `run`: a progress line and sentences on a terminal, JSON lines anywhere else. */

import type { WriteStream } from 'node:tty';
import type { Logger } from 'pino';
import type { Summary } from '../../queries/run-summary.ts';
import type { FeedOutcome } from '../../runtime/ingest/feed-run.ts';
import type { IngestProgress } from '../../runtime/ingest/ingest.ts';
import { summaryLines } from './summary-lines.ts';

export interface Screen {
  say(text: string, fields: Readonly<Record<string, unknown>>): void;
  warn(text: string): void;
  progress(name: string, progress: IngestProgress): void;
  done(name: string, outcome: FeedOutcome): void;
  summary(summary: Summary, address: string): void;
}

/** A screen on the terminal, or one that writes to the log where there is no terminal. */
export function makeScreen(terminal: WriteStream | undefined, log: Logger): Screen {
  return terminal === undefined ? logScreen(log) : terminalScreen(terminal, log);
}

function terminalScreen(terminal: WriteStream, log: Logger): Screen {
  const line = (text: string): void => {
    terminal.write(`\r\x1b[K${text}\n`);
  };
  return {
    say: line,
    warn: (text) => {
      line(`! ${text}`);
      log.warn(text);
    },
    progress: (name, progress) => {
      const room = Math.max(20, terminal.columns ?? 80) - 1;
      terminal.write(`\r\x1b[K${`  ${name}: ${progressText(progress)}`.slice(0, room)}`);
    },
    done: (name, outcome) => line(`  ${name}: ${progressText(outcome)}`),
    summary: (summary, address) => {
      for (const text of summaryLines(summary, address)) line(text);
    },
  };
}

function progressText({ recorded, already, decisions, upTo }: IngestProgress): string {
  const known = already === 0 ? '' : `, ${already} on the tape already`;
  return `${recorded} events recorded${known}, ${decisions} decisions, up to ${(upTo ?? '-').slice(0, 19)}`;
}

function logScreen(log: Logger): Screen {
  return {
    say: (text, fields) => log.info(fields, text),
    warn: (text) => log.warn(text),
    // A line each commit would be one per tick: the outcome is enough.
    progress: () => {},
    done: (name, { recorded, already, differing, decisions, upTo }) => {
      log.info({ feed: name, recorded, already, differing, decisions, upTo }, 'recording ingested');
    },
    summary: (summary, address) => log.info({ ...summary, address }, 'summary'),
  };
}
