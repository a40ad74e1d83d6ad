/** Events for the tests of stores: small, valid, and told apart by a number. */

import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { isoTime } from '../../src/domain/time.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';

/** 2024-08-08T00:00:00.000Z. */
export const DAY = 1_723_075_200_000;

/** Event `number` of a stream; it happened `number` seconds into the day. */
export function recovered(stream: string, number: number): TapeEvent {
  const time = isoTime(DAY + number * 1000);
  return makeEvidence(
    'FeedRecovered',
    stream,
    `${stream}|${number}`,
    { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap', eventTime: time },
    { occurredAt: time, actor: 'test', codeVersion: 'test' },
  );
}

/** Like `recovered`, of another type. */
export function stale(stream: string, number: number): TapeEvent {
  const time = isoTime(DAY + number * 1000);
  return makeEvidence(
    'FeedStale',
    stream,
    `${stream}|stale|${number}`,
    { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap', lastEventTime: time },
    { occurredAt: time, actor: 'test', codeVersion: 'test' },
  );
}

/** Events `from` to `to`, both included. */
export function run(stream: string, from: number, to: number): TapeEvent[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => recovered(stream, from + offset));
}

/** The same event, caused by another. */
export function causedBy(event: TapeEvent, correlationId: string): TapeEvent {
  return { ...event, metadata: { ...event.metadata, correlationId } };
}
