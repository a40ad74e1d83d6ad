/** The state of each feed: whether it can be trusted, what came last, and how often it could not be trusted. */

import type { FeedStaleReason } from '../domain/market/events.ts';
import { resumesAfterEnd } from '../domain/market/session-end.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { laterTime } from '../domain/time.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { type Projection, unexpected } from './projection.ts';

export interface FeedState {
  readonly state: 'live' | 'stale';
  /** Why it is stale; null while it is live. */
  readonly reason: FeedStaleReason | null;
  readonly since: string | null;
}

export interface FeedDocument {
  readonly venue: string;
  readonly symbol: string;
  state: FeedState;
  /** Of the last event of the feed, whichever it was. */
  at: string | null;
  /** Close time of the latest bar, time of the latest sample of the book. */
  lastBar: string | null;
  lastBook: string | null;
  /** How often it became stale, but for the ends of recordings; and how often of these by a gap. */
  interruptions: number;
  gaps: number;
}

/** Of a feed from which nothing was heard that speaks against it. */
export const UNTROUBLED: FeedState = { state: 'live', reason: null, since: null };

/** The feed that an event comes from or tells of. */
export function feedKeys(event: RecordedEvent): string[] {
  switch (event.type) {
    case 'BarClosed':
    case 'BarCorrected':
    case 'DepthSampled':
    case 'FeedStale':
    case 'FeedRecovered':
      return [instrumentKey(event.data.venue, event.data.symbol)];
    default:
      return [];
  }
}

export const feeds: Projection<FeedDocument> = {
  name: 'feeds',
  version: 2,
  categories: ['bars', 'depth', 'feed'],
  indexes: [['venue', 'symbol']],

  keys: feedKeys,

  apply(document, event): FeedDocument {
    const time = event.metadata.occurredAt;
    switch (event.type) {
      case 'BarClosed':
      case 'BarCorrected': {
        const feed = document ?? silentFeed(event.data);
        feed.lastBar = laterTime(feed.lastBar, event.data.closeTime);
        // Where there is a book, a bar does not show that it is valid.
        return heard(feed, event.data.closeTime, feed.lastBook === null);
      }
      case 'DepthSampled': {
        const feed = document ?? silentFeed(event.data);
        feed.lastBook = laterTime(feed.lastBook, event.data.eventTime);
        return heard(feed, event.data.eventTime, true);
      }
      case 'FeedStale': {
        const feed = document ?? silentFeed(event.data);
        const { reason } = event.data;
        feed.state = { state: 'stale', reason, since: time };
        if (reason !== 'ended') feed.interruptions++;
        if (reason === 'gap') feed.gaps++;
        return heard(feed, time, false);
      }
      case 'FeedRecovered': {
        const feed = document ?? silentFeed(event.data);
        feed.state = { state: 'live', reason: null, since: time };
        return heard(feed, time, false);
      }
      default:
        throw unexpected('feeds', event);
    }
  },
};

/** The state of a feed after data that show it live. */
export function afterData(state: FeedState, time: string): FeedState {
  return resumesAfterEnd(state.reason, state.since, time) ? { state: 'live', reason: null, since: time } : state;
}

function silentFeed({ venue, symbol }: { readonly venue: string; readonly symbol: string }): FeedDocument {
  return {
    venue,
    symbol,
    state: UNTROUBLED,
    at: null,
    lastBar: null,
    lastBook: null,
    interruptions: 0,
    gaps: 0,
  };
}

function heard(feed: FeedDocument, time: string, isTold: boolean): FeedDocument {
  feed.at = laterTime(feed.at, time);
  if (isTold) feed.state = afterData(feed.state, time);
  return feed;
}
