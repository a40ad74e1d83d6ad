/**
 * Longer bars from shorter: for each feed in force, its own bars are added up into the intervals of its `rollups`.
 * A longer bar closes at the part that ends at its close time, else at the first later part, and never at the end of
 * a stream. Corrections have no effect, as decisions rest on what was known.
 */

import type { Reactor } from '../engine/reactor.ts';
import { barOpenMs, type Interval, intervalMs } from '../interval.ts';
import { instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import type { FeedSettings } from '../settings/settings.ts';
import { rollupsStream } from '../streams.ts';
import { epochMs } from '../time.ts';
import type { Bar } from './events.ts';
import { addPart, closeRollup, follows, type PartEnd, type Rollup, startRollup } from './rollup.ts';

interface FeedState {
  /** Of the feed's own bars; another interval starts again. */
  readonly interval: Interval;
  last: PartEnd | null;
  readonly growing: Map<Interval, Rollup>;
}

interface BarsState {
  readonly feeds: Map<string, FeedState>;
  /** The longer bars that the latest evidence closed, and its id. */
  closed: Bar[];
  closedUpon: string | null;
}

export const barsReactor: Reactor<BarsState> = {
  name: 'bars',
  start: () => ({ feeds: new Map(), closed: [], closedUpon: null }),

  evolve(state, event, settings) {
    // What other reactors decide in between must not lose what this evidence has closed.
    if (event.metadata.reactor !== undefined) return;
    state.closed = [];
    state.closedUpon = null;
    if (event.type !== 'BarClosed') return;
    state.closed = applyPart(state, event.data, settings);
    state.closedUpon = event.id;
  },

  decide(state, event, { emit }) {
    if (event.id !== state.closedUpon) return;
    for (const bar of state.closed) {
      emit('BarClosed', rollupsStream(bar.venue, bar.symbol, bar.interval, bar.openTime), bar);
    }
  },
};

/** Adds a bar of the feed's own interval to the longer ones; returns those that it closes. */
function applyPart({ feeds }: BarsState, part: Bar, settings: SettingsInForce): Bar[] {
  const key = instrumentKey(part.venue, part.symbol);
  const feed = settings.feeds.get(key);
  if (feed === undefined || feed.bars !== part.interval) return [];
  let state = feeds.get(key);
  if (state === undefined || state.interval !== feed.bars) {
    state = { interval: feed.bars, last: null, growing: new Map() };
    feeds.set(key, state);
  }
  const openMs = epochMs(part.openTime);
  if (state.last !== null && openMs <= state.last.openMs) return [];
  const isContiguous = state.last !== null && follows(state.last, part, openMs);
  const intervals = longerIntervals(feed);
  for (const interval of state.growing.keys()) if (!intervals.includes(interval)) state.growing.delete(interval);
  const closed = intervals.flatMap((interval) => growRollup(state, interval, part, openMs, isContiguous));
  state.last = { openMs, closeMs: epochMs(part.closeTime), lastTradeId: part.lastTradeId };
  return closed;
}

/** Adds a part to the longer bar of one interval; returns those that it closes: the one before it, its own, or both. */
function growRollup(state: FeedState, interval: Interval, part: Bar, openMs: number, isContiguous: boolean): Bar[] {
  const closed: Bar[] = [];
  const rollupOpenMs = barOpenMs(openMs, interval);
  let rollup = state.growing.get(interval);
  if (rollup !== undefined && rollup.openMs !== rollupOpenMs) {
    closed.push(closeRollup(rollup, isContiguous));
    rollup = undefined;
  }
  if (rollup === undefined) {
    rollup = startRollup(interval, rollupOpenMs, part, openMs, state.last);
    state.growing.set(interval, rollup);
  } else {
    addPart(rollup, part, isContiguous);
  }
  if (epochMs(part.closeTime) === rollup.closeMs) {
    closed.push(closeRollup(rollup, true));
    state.growing.delete(interval);
  }
  return closed;
}

/** Those of the feed's rollups that its own bars fill evenly, shortest first. */
function longerIntervals(feed: FeedSettings): Interval[] {
  const base = intervalMs(feed.bars);
  return [...new Set(feed.rollups)]
    .filter((interval) => intervalMs(interval) > base && intervalMs(interval) % base === 0)
    .sort((a, b) => intervalMs(a) - intervalMs(b));
}
