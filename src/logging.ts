/** Logs: JSON lines, one per signal and per order decision, none per tick, and never a secret. */

import { mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Logger, pino } from 'pino';
import { BoundedOutput, finishAtExit } from './bounded-output.ts';
import type { TapeEvent } from './domain/catalogue.ts';
import { escapeUnprintable } from './domain/printable.ts';
import { isoTime } from './domain/time.ts';
import { counter, type Metrics, setCounter } from './metrics.ts';
import type { Time } from './ports/clock.ts';

const STANDARD_OUTPUT = 1;
const NOWHERE = { write: () => {} };
/** Stands where lines are missing. */
const GAP = 'lines of the log could not be written, and were dropped';

/** Members that hold a secret, wherever a line may carry them. */
const SECRETS = [
  'apiKeys',
  '*.apiKeys',
  '*.key',
  '*.authorization',
  '*["x-api-key"]',
  'req.headers.authorization',
  'req.headers["x-api-key"]',
];

export const LOG_FAMILIES = {
  dropped: counter('tapedeck_log_dropped_total', 'Lines of the log that could not be written and did not fit into memory'),
};

/**
 * Where the lines of this thread go: standard output, or `file`, made where it is absent. When the thread ends, what
 * waits is written. Throws where the file cannot be opened.
 */
export function openLogOutput(time: Time, file?: string): BoundedOutput {
  if (file !== undefined) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const output = new BoundedOutput(file === undefined ? STANDARD_OUTPUT : openSync(file, 'a', 0o600), time, {
    gap: (dropped) => `${JSON.stringify({ level: 'warn', time: isoTime(time.now()), dropped, msg: GAP })}\n`,
  });
  finishAtExit(output);
  return output;
}

/** Shows how much waits to be written, in characters, and how many lines were dropped. */
export function watchLog(metrics: Metrics, output: BoundedOutput): void {
  const { dropped } = metrics.of(LOG_FAMILIES);
  metrics.watchQueue({ name: 'log', limit: output.mostWaiting, depth: () => output.waiting });
  metrics.collect('log', () => setCounter(dropped, {}, output.dropped));
}

/** The root logger. A line is handed to `output`, and nobody waits for it; without an output there is no log. */
export function makeLogger(level: string, output?: Pick<BoundedOutput, 'write'>): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS,
      // A terminal may show it. In JSON the escapes say the same.
      hooks: { streamWrite: (line) => `${escapeUnprintable(line.slice(0, -1))}\n` },
    },
    output ?? NOWHERE,
  );
}

/** The decisions that are worth a line each: signals, and changes of orders and of trading. */
const LOGGED: ReadonlySet<string> = new Set([
  'SignalGenerated',
  'OrderApproved',
  'OrderDenied',
  'OrderRejected',
  'OrderFilled',
  'OrderCanceled',
  'OrderExpired',
  'OrderAnomalyDetected',
  'TradingHalted',
  'TradingResumed',
]);

/** Writes a line for each decision that people watch for. */
export function logDecisions(log: Logger, decisions: readonly TapeEvent[]): void {
  for (const { id, type, data, metadata } of decisions) {
    if (!LOGGED.has(type)) continue;
    const { occurredAt, correlationId, traceparent } = metadata;
    log.info({ event: id, occurredAt, correlationId, traceparent, data }, type);
  }
}
