/** Logs: JSON lines, one per signal and per order decision, none per tick, and never a secret. */

import { destination, type Logger, pino } from 'pino';
import type { TapeEvent } from './domain/catalogue.ts';

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

/**
 * The root logger. Lines go to standard output, or to `file`, and are written before the call returns, so that a
 * crash loses none.
 */
export function makeLogger(level: string, file?: string): Logger {
  const target = destination(file === undefined ? { dest: 1, sync: true } : { dest: file, sync: true, mkdir: true });
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: SECRETS,
    },
    target,
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
