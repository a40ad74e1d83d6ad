/** Market evidence before it has an envelope, each under the world's own key, from which its id is made. */

import type { EventData } from '../catalogue.ts';
import type { Bar, DepthSample, FeedStaleReason } from '../market/events.ts';
import { barsStream, depthStream, feedStream } from '../streams.ts';
import { isoTime } from '../time.ts';

export type MarketEventName = 'BarClosed' | 'BarCorrected' | 'DepthSampled' | 'FeedStale' | 'FeedRecovered';

/** The input of `makeEvidence`; `occurredAt` is the venue's time. */
export type EvidenceDraft = {
  [N in MarketEventName]: {
    readonly type: N;
    readonly stream: string;
    readonly key: string;
    readonly data: EventData[N];
    readonly occurredAt: string;
  };
}[MarketEventName];

/** The market of a feed. */
export interface Market {
  readonly venue: string;
  readonly symbol: string;
}

export function barClosed(bar: Bar): EvidenceDraft {
  return {
    type: 'BarClosed',
    stream: barsStream(bar.venue, bar.symbol, bar.interval, bar.openTime),
    key: `${bar.venue}|${bar.symbol}|${bar.interval}|${bar.openTime}`,
    data: bar,
    occurredAt: bar.closeTime,
  };
}

/** `lateTradeId` is the trade that made the correction: each changes a bar once. */
export function barCorrected(bar: Bar, lateTradeId: number | string): EvidenceDraft {
  return {
    type: 'BarCorrected',
    stream: barsStream(bar.venue, bar.symbol, bar.interval, bar.openTime),
    key: `${bar.venue}|${bar.symbol}|${bar.interval}|${bar.openTime}|${lateTradeId}`,
    data: bar,
    occurredAt: bar.closeTime,
  };
}

/** `resetTime` in epoch ms is when the venue's ids last began anew: they may be the same as before. Null when they never did. */
export function depthSampled(sample: DepthSample, resetTime: number | null): EvidenceDraft {
  const key = `${sample.venue}|${sample.symbol}|${sample.updateId}`;
  return {
    type: 'DepthSampled',
    stream: depthStream(sample.venue, sample.symbol, sample.eventTime),
    key: resetTime === null ? key : `${key}|${isoTime(resetTime)}`,
    data: sample,
    occurredAt: sample.eventTime,
  };
}

/** Times in epoch ms; `lastEventTime` is the last good message's, null when there was none. */
export function feedStale(
  { venue, symbol }: Market,
  reason: FeedStaleReason,
  occurredAt: number,
  lastEventTime: number | null,
): EvidenceDraft {
  const time = isoTime(occurredAt);
  return {
    type: 'FeedStale',
    stream: feedStream(venue, symbol),
    key: `${venue}|${symbol}|${reason}|${time}`,
    data: { venue, symbol, reason, lastEventTime: lastEventTime === null ? null : isoTime(lastEventTime) },
    occurredAt: time,
  };
}

/** `eventTime` in epoch ms. */
export function feedRecovered({ venue, symbol }: Market, reason: FeedStaleReason, eventTime: number): EvidenceDraft {
  const time = isoTime(eventTime);
  return {
    type: 'FeedRecovered',
    stream: feedStream(venue, symbol),
    key: `${venue}|${symbol}|${reason}|${time}`,
    data: { venue, symbol, reason, eventTime: time },
    occurredAt: time,
  };
}
