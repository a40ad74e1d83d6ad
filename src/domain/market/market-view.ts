/**
 * What is known of each instrument's market at this moment: its mark, its quote, and whether it can be trusted.
 * The mark is the mid of a valid quote, else the last close. Each event costs the same however long the history is.
 */

import type { TapeEvent } from '../catalogue.ts';
import { add, compare, type Decimal, parseDecimal } from '../decimal.ts';
import { intervalMs } from '../interval.ts';
import { instrumentKey } from '../settings/in-force.ts';
import type { FeedSettings } from '../settings/settings.ts';
import { epochMs } from '../time.ts';
import type { Bar, DepthSample, FeedStaleReason } from './events.ts';
import { resumesAfterEnd } from './session-end.ts';

/** Plain data; times in epoch ms. */
export interface MarketState {
  bid: Decimal | null;
  ask: Decimal | null;
  isCrossed: boolean;
  /** Of the sample that bid and ask are from; null before the first. */
  quoteMs: number | null;
  /** Of the last bar of the feed's own interval. */
  close: Decimal | null;
  closeMs: number | null;
  /** Why the feed is not to be trusted; `not-begun` before its first FeedRecovered, null when it is. */
  untrusted: FeedStaleReason | 'not-begun' | null;
  /** When the feed last became stale. */
  staleSinceMs: number;
  mark: Decimal | null;
  /** The greatest time of its market data. */
  timeMs: number;
}

/** By instrument key. */
export type MarketView = Map<string, MarketState>;

/** Bars older than this many intervals are stale where there is no book. */
export const STALE_INTERVALS = 2;

/**
 * Takes an event in. Returns the instrument's key when it was market data of a feed in force. Longer bars are made
 * from those taken in already, and corrections have no effect on decisions.
 */
export function evolveMarket(view: MarketView, feeds: ReadonlyMap<string, FeedSettings>, event: TapeEvent): string | null {
  switch (event.type) {
    case 'BarClosed':
    case 'DepthSampled':
    case 'FeedStale':
    case 'FeedRecovered':
      break;
    default:
      return null;
  }
  const key = instrumentKey(event.data.venue, event.data.symbol);
  const feed = feeds.get(key);
  if (feed === undefined || (event.type === 'BarClosed' && event.data.interval !== feed.bars)) return null;
  const market = marketOf(view, key);
  if (event.type === 'BarClosed') applyBar(market, event.data);
  else if (event.type === 'DepthSampled') applySample(market, event.data);
  else applyFeedState(market, event);
  const timeMs = epochMs(event.metadata.occurredAt);
  if (isProofOfLife(feed, event.type) && resumesAfterEnd(market.untrusted, market.staleSinceMs, timeMs)) market.untrusted = null;
  market.timeMs = Math.max(market.timeMs, timeMs);
  market.mark = markOf(market);
  return key;
}

/** The state of a market as its latest close and quote show it; times in epoch ms. */
export function marketFrom(known: Omit<MarketState, 'isCrossed' | 'staleSinceMs' | 'mark'>): MarketState {
  const market = { ...known, isCrossed: isCrossed(known), staleSinceMs: 0, mark: null };
  const quoted = { ...market, untrusted: null };
  return { ...market, mark: markOf({ ...market, mark: markOf(quoted) }) };
}

/** Why the market data do not allow a position to be opened at `nowMs`, or null when they do. */
export function untrustedBecause(market: MarketState | undefined, feed: FeedSettings | undefined, nowMs: number): string | null {
  if (feed === undefined) return 'no-feed';
  if (market === undefined) return 'no-price';
  if (market.untrusted !== null) return market.untrusted;
  if (market.mark === null) return 'no-price';
  if (feed.depth !== undefined) {
    if (market.isCrossed) return 'crossed';
    return market.bid === null || market.ask === null ? 'no-quote' : null;
  }
  if (market.closeMs === null) return 'no-price';
  return nowMs - market.closeMs > STALE_INTERVALS * intervalMs(feed.bars) ? 'stale' : null;
}

function marketOf(view: MarketView, key: string): MarketState {
  let market = view.get(key);
  if (market === undefined) {
    market = {
      bid: null,
      ask: null,
      isCrossed: false,
      quoteMs: null,
      close: null,
      closeMs: null,
      untrusted: 'not-begun',
      staleSinceMs: 0,
      mark: null,
      timeMs: 0,
    };
    view.set(key, market);
  }
  return market;
}

function applyFeedState(market: MarketState, event: Extract<TapeEvent, { type: 'FeedStale' | 'FeedRecovered' }>): void {
  if (event.type === 'FeedRecovered') {
    market.untrusted = null;
    return;
  }
  market.untrusted = event.data.reason;
  market.staleSinceMs = epochMs(event.metadata.occurredAt);
}

/** Of a feed with a book only a sample of it shows that the feed is live, which a valid book alone gives. */
function isProofOfLife(feed: FeedSettings, type: TapeEvent['type']): boolean {
  return type === (feed.depth === undefined ? 'BarClosed' : 'DepthSampled');
}

function applyBar(market: MarketState, bar: Bar): void {
  const closeMs = epochMs(bar.closeTime);
  if (market.closeMs !== null && closeMs <= market.closeMs) return;
  market.close = parseDecimal(bar.close);
  market.closeMs = closeMs;
}

/** An older recording that was taken in later does not take the book back. */
function applySample(market: MarketState, sample: DepthSample): void {
  const quoteMs = epochMs(sample.eventTime);
  if (market.quoteMs !== null && quoteMs < market.quoteMs) return;
  market.quoteMs = quoteMs;
  const [bid] = sample.bids[0] ?? [];
  const [ask] = sample.asks[0] ?? [];
  market.bid = bid === undefined ? null : parseDecimal(bid);
  market.ask = ask === undefined ? null : parseDecimal(ask);
  market.isCrossed = isCrossed(market);
}

function isCrossed({ bid, ask }: Pick<MarketState, 'bid' | 'ask'>): boolean {
  return bid !== null && ask !== null && compare(bid, ask) >= 0;
}

/** Where neither a quote nor a close is known any more, the last mark stays: what is held has not become worthless. */
function markOf(market: MarketState): Decimal | null {
  const { bid, ask, isCrossed, untrusted, close, mark } = market;
  if (bid === null || ask === null || isCrossed || untrusted !== null) return close ?? mark;
  const sum = add(bid, ask);
  return { units: sum.units * 5n, scale: sum.scale + 1 };
}
