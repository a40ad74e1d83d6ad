/** Market data on the tape: bars, samples of the book, and whether a feed can be trusted. */

import { z } from 'zod';
import { eventType, isoTimeText, nonNegativeDecimal, positiveDecimal, symbolText, venueText } from '../event.ts';
import { INTERVALS } from '../interval.ts';

const tradeId = z.int().nonnegative();

const bar = z.strictObject({
  venue: venueText,
  symbol: symbolText,
  interval: z.enum(INTERVALS),
  openTime: isoTimeText,
  /** The end of the interval, exclusive: open time plus the interval's length. */
  closeTime: isoTimeText,
  open: positiveDecimal,
  high: positiveDecimal,
  low: positiveDecimal,
  close: positiveDecimal,
  /** In the base asset; of inverse contracts rounded half-even at 12 decimal places. Null where the source does not say. */
  volume: nonNegativeDecimal.nullable(),
  /** In the quote asset: what the volume was traded for; null where the source does not say. */
  quoteVolume: nonNegativeDecimal.nullable(),
  /** The number of contracts; null where the instrument is not traded in contracts, or the source does not say. */
  contracts: nonNegativeDecimal.nullable(),
  tradeCount: z.int().nonnegative().nullable(),
  firstTradeId: tradeId.nullable(),
  lastTradeId: tradeId.nullable(),
  /** Best bid and ask after the last depth event before the close time; null where no book is known. */
  bid: positiveDecimal.nullable(),
  ask: positiveDecimal.nullable(),
  /** False when a trade of the interval is known to be missing, or cannot be shown not to be. */
  complete: z.boolean(),
  source: z.enum(['live', 'recording', 'backfill']),
});

export type Bar = z.output<typeof bar>;

/** Version 1 always had a volume, but did not say how many contracts: its upcast says that it is not known. */
const upcasts = { 1: (data: Readonly<Record<string, unknown>>) => ({ ...data, contracts: null }) };

export const BarClosed = eventType('BarClosed', 2, bar, upcasts);

/** A late trade changed a bar that was already closed: kept for charts, without effect on decisions. */
export const BarCorrected = eventType('BarCorrected', 2, bar, upcasts);

const level = z.tuple([positiveDecimal, positiveDecimal]);

/** The best levels of the book after one depth event: price and quantity, best first. */
export const DepthSampled = eventType(
  'DepthSampled',
  1,
  z.strictObject({
    venue: venueText,
    symbol: symbolText,
    eventTime: isoTimeText,
    /** The venue's id of the last update applied. */
    updateId: z.int().nonnegative(),
    bids: z.array(level).max(100),
    asks: z.array(level).max(100),
  }),
);
export type DepthSample = z.output<typeof DepthSampled.schema>;

export const FEED_STALE_REASONS = ['gap', 'crossed', 'silent', 'ended'] as const;
export type FeedStaleReason = (typeof FEED_STALE_REASONS)[number];

/**
 * The feed of an instrument can no longer be trusted: updates are missing (`gap`), bid and ask crossed (`crossed`),
 * nothing came for the feed's `staleAfter` (`silent`), or the recording is over (`ended`).
 * Version 1 did not say when the last good message was; its upcast says that it is not known.
 */
export const FeedStale = eventType(
  'FeedStale',
  2,
  z.strictObject({
    venue: venueText,
    symbol: symbolText,
    reason: z.enum(FEED_STALE_REASONS),
    lastEventTime: isoTimeText.nullable(),
  }),
  { 1: (data) => ({ ...data, lastEventTime: null }) },
);

export const FeedRecovered = eventType(
  'FeedRecovered',
  1,
  z.strictObject({ venue: venueText, symbol: symbolText, reason: z.enum(FEED_STALE_REASONS), eventTime: isoTimeText }),
);
