/** The latest of each instrument: last price, bid and ask, and whether its feed can be trusted. */

import type { Bar, DepthSample } from '../domain/market/events.ts';
import { laterTime } from '../domain/time.ts';
import { afterData, type FeedState, feedKeys, UNTROUBLED } from './feeds.ts';
import { type Projection, unexpected } from './projection.ts';

export interface PriceDocument {
  readonly venue: string;
  readonly symbol: string;
  /** Close of the latest bar, and that bar's close time. */
  last: string | null;
  lastAt: string | null;
  /** Of the latest quote; null on a side of the book that is empty. */
  bid: string | null;
  ask: string | null;
  quoteAt: string | null;
  /** The later of the two times. */
  at: string | null;
  feed: FeedState;
}

export const prices: Projection<PriceDocument> = {
  name: 'prices',
  version: 2,
  categories: ['bars', 'rollups', 'depth', 'feed'],
  indexes: [['venue', 'symbol']],

  keys: feedKeys,

  apply(document, event): PriceDocument {
    switch (event.type) {
      case 'BarClosed':
      case 'BarCorrected':
        return applyBar(document ?? unknownPrice(event.data), event.data);
      case 'DepthSampled': {
        const { bids, asks, eventTime } = event.data;
        const price = document ?? unknownPrice(event.data);
        price.feed = afterData(price.feed, eventTime);
        return applyQuote(price, topOf(bids), topOf(asks), eventTime);
      }
      case 'FeedStale':
      case 'FeedRecovered': {
        const price = document ?? unknownPrice(event.data);
        const isStale = event.type === 'FeedStale';
        price.feed = {
          state: isStale ? 'stale' : 'live',
          reason: isStale ? event.data.reason : null,
          since: event.metadata.occurredAt,
        };
        return price;
      }
      default:
        throw unexpected('prices', event);
    }
  },
};

function unknownPrice(instrument: { readonly venue: string; readonly symbol: string }): PriceDocument {
  return {
    venue: instrument.venue,
    symbol: instrument.symbol,
    last: null,
    lastAt: null,
    bid: null,
    ask: null,
    quoteAt: null,
    at: null,
    feed: UNTROUBLED,
  };
}

/** A longer bar may come after a shorter one that closed later; the later close is the price. */
function applyBar(price: PriceDocument, bar: Bar): PriceDocument {
  if (price.lastAt === null || bar.closeTime >= price.lastAt) {
    price.last = bar.close;
    price.lastAt = bar.closeTime;
    price.at = laterTime(price.at, bar.closeTime);
  }
  // Where there is a book, a bar does not show that it is valid.
  if (price.quoteAt === null) price.feed = afterData(price.feed, bar.closeTime);
  return bar.bid === null && bar.ask === null ? price : applyQuote(price, bar.bid, bar.ask, bar.closeTime);
}

function applyQuote(price: PriceDocument, bid: string | null, ask: string | null, time: string): PriceDocument {
  if (price.quoteAt !== null && time < price.quoteAt) return price;
  price.bid = bid;
  price.ask = ask;
  price.quoteAt = time;
  price.at = laterTime(price.at, time);
  return price;
}

function topOf(levels: DepthSample['bids']): string | null {
  return levels[0]?.[0] ?? null;
}
