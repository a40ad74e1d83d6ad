/** The output of `run`: a progress line and sentences on a terminal, JSON lines anywhere else. */

import type { Logger } from 'pino';
import { BoundedOutput, finishAtExit } from '../../bounded-output.ts';
import type { Time } from '../../ports/clock.ts';
import type { Summary } from '../../queries/run-summary.ts';
import type { FeedOutcome } from '../../runtime/ingest/feed-run.ts';
import type { IngestProgress } from '../../runtime/ingest/ingest.ts';
import type { SettlingProgress } from '../../runtime/ingest/run-end.ts';
import { shownLine } from './print.ts';
import { summaryLines } from './summary-lines.ts';

export interface Screen {
  say(text: string, fields: Readonly<Record<string, unknown>>): void;
  warn(text: string): void;
  progress(name: string, progress: IngestProgress): void;
  done(name: string, outcome: FeedOutcome): void;
  /** All is recorded: how far engine and read models are. */
  settling(progress: SettlingProgress): void;
  summary(summary: Summary, address: string): void;
}

/** A terminal that text goes to. */
export interface Terminal {
  readonly columns: number | undefined;
  write(text: string): void;
}

/** The terminal at standard output. A person may stop it, or its connection may be slow: nobody waits for that. */
export function boundedTerminal(time: Time): Terminal & Pick<BoundedOutput, 'flush'> {
  const output = new BoundedOutput(process.stdout.fd, time, { gap: (dropped) => `\r\x1b[K! ${dropped} lines were not shown\n` });
  finishAtExit(output);
  return {
    get columns() {
      return process.stdout.columns;
    },
    write: (text) => output.write(text),
    flush: (ms) => output.flush(ms),
  };
}

/** A screen on the terminal, or one that writes to the log where there is no terminal. */
export function makeScreen(terminal: Terminal | undefined, log: Logger): Screen {
  return terminal === undefined ? logScreen(log) : terminalScreen(terminal, log);
}

function terminalScreen(terminal: Terminal, log: Logger): Screen {
  const line = (text: string): void => {
    terminal.write(`\r\x1b[K${shownLine(text)}\n`);
  };
  const onOneLine = (text: string): void => {
    const room = Math.max(20, terminal.columns ?? 80) - 1;
    terminal.write(`\r\x1b[K${shownLine(text).slice(0, room)}`);
  };
  return {
    say: line,
    warn: (text) => {
      line(`! ${text}`);
      log.warn(text);
    },
    progress: (name, progress) => onOneLine(`  ${name}: ${progressText(progress)}`),
    settling: (progress) => onOneLine(`  ${settlingText(progress)}`),
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

function settlingText({ decided, undecided, readModel }: SettlingProgress): string {
  if (readModel !== null) return `all is decided, the read model ${readModel} is behind`;
  return `${decided} events decided, ${undecided} behind`;
}

/** Every so many looks a line in the log: ten seconds. */
const SETTLING_LOOKS = 20;

function logScreen(log: Logger): Screen {
  let looks = 0;
  return {
    say: (text, fields) => log.info(fields, text),
    warn: (text) => log.warn(text),
    // A line each commit would be one per tick: the outcome is enough.
    progress: () => {},
    settling: (progress) => {
      if (looks++ % SETTLING_LOOKS === 0) log.info(progress, 'what is recorded is not all decided and read yet');
    },
    done: (name, { recorded, already, differing, decisions, upTo, frames }) => {
      const counts = Object.fromEntries(frames);
      log.info({ feed: name, recorded, already, differing, decisions, upTo, frames: counts }, 'recording ingested');
    },
    summary: (summary, address) => log.info({ ...summary, address }, 'summary'),
  };
}
