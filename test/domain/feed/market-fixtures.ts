/** Feeds and frames that tests of market data are made of. */

import { parseDecimal } from '../../../src/domain/decimal.ts';
import type { BookSnapshot, DepthUpdate, Levels, Trade } from '../../../src/domain/feed/messages.ts';
import { formatQuantity, parseQuantity } from '../../../src/domain/feed/units.ts';
import type { FeedSettings } from '../../../src/domain/settings/settings.ts';

export const SECONDS_FEED: FeedSettings = {
  venue: 'binance',
  symbol: 'BTCUSDT',
  source: 'recording',
  recordings: [],
  bars: '1s',
  rollups: ['1m', '5m'],
  depth: { levels: 20, every: '1s' },
  staleAfter: '500ms',
};

/** 2024-08-09T00:00:00.000Z, a whole minute, hour and day. */
export const MIDNIGHT = 1_723_161_600_000;

/** `{ 100: '1', 99: '2' }` as levels; prices in units. */
export function levelsOf(levels: Readonly<Record<number, string>>): Levels {
  return { prices: Object.keys(levels).map(Number), quantities: Object.values(levels).map(parseQuantity) };
}

/** Levels with their quantities as texts. */
export function textsOf({ prices, quantities }: Levels): {
  readonly prices: readonly number[];
  readonly quantities: readonly string[];
} {
  return { prices, quantities: quantities.map(formatQuantity) };
}

export function snapshotOf(
  updateId: number,
  bids: Readonly<Record<number, string>>,
  asks: Readonly<Record<number, string>>,
  receivedAt = MIDNIGHT,
): BookSnapshot {
  // Keys of objects come in rising order, bids are told best first.
  const { prices, quantities } = levelsOf(bids);
  const best = { prices: prices.toReversed(), quantities: quantities.toReversed() };
  return { kind: 'snapshot', receivedAt, updateId, bids: best, asks: levelsOf(asks) };
}

export interface UpdateParts {
  readonly bids?: Readonly<Record<number, string>>;
  readonly asks?: Readonly<Record<number, string>>;
  readonly eventTime?: number;
  readonly receivedAt?: number;
  readonly previousId?: number;
}

export function updateOf(firstId: number, lastId: number, parts: UpdateParts = {}): DepthUpdate {
  const eventTime = parts.eventTime ?? MIDNIGHT;
  return {
    kind: 'depth',
    receivedAt: parts.receivedAt ?? eventTime,
    eventTime,
    firstId,
    lastId,
    previousId: parts.previousId ?? null,
    bids: levelsOf(parts.bids ?? {}),
    asks: levelsOf(parts.asks ?? {}),
  };
}

/** `offsetMs` after midnight; the price in units. */
export function tradeOf(tradeId: number, offsetMs: number, price = 6_000_000, quantity = '0.5', isMarketTrade = true): Trade {
  const time = MIDNIGHT + offsetMs;
  return { kind: 'trade', receivedAt: time, time, tradeId, price, quantity: parseDecimal(quantity), isMarketTrade };
}
