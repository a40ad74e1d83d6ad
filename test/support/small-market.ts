/** A small market for tests of the loops: one instrument, minute bars, and a crossover that is quick to change its mind. */

import { Engine } from '../../src/domain/engine/engine.ts';
import { barClosed, type EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import { barsReactor } from '../../src/domain/market/bars-reactor.ts';
import type { Bar } from '../../src/domain/market/events.ts';
import type { InstrumentSettings, Settings } from '../../src/domain/settings/settings.ts';
import { strategyReactor } from '../../src/domain/strategy/strategy-reactor.ts';
import { isoTime, MINUTE_MS } from '../../src/domain/time.ts';
import type { Time } from '../../src/ports/clock.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { eventsOf } from '../../src/ports/pages.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { BTCUSDT, barOf } from './fixtures.ts';
import { timeWith } from './test-time.ts';

const MARKET = { venue: 'testvenue', symbol: 'AAABBB' };

/** What the small market trades. */
const SMALL_INSTRUMENT: InstrumentSettings = {
  ...BTCUSDT,
  ...MARKET,
  base: 'AAA',
  quote: 'BBB',
  quantityScale: 3,
  lotSize: '0.001',
  minNotional: '0',
};

const FIRST_OPEN_MS = 1_700_000_040_000;

/** A clock that moves by a millisecond each time it is asked. */
export function tickingClock(): Time {
  let now = 1_800_000_000_000;
  return timeWith({ now: () => now++ });
}

/** Closes that turn every few bars, so that a crossover of 1 and 2 bars signals at each turn. */
export function zigzag(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 100 + (Math.floor(index / 3) % 2 === 0 ? index % 3 : 3 - (index % 3)));
}

export function minuteBars(closes: readonly number[]): EvidenceDraft[] {
  return closes.map((close, index) => barClosed(minuteBar(index, String(close))));
}

function minuteBar(index: number, close: string): Bar {
  const open = FIRST_OPEN_MS + index * MINUTE_MS;
  const times = { openTime: isoTime(open), closeTime: isoTime(open + MINUTE_MS) };
  return barOf({ ...MARKET, ...times, close });
}

/** Settings of generation `generation` with one strategy, a crossover of `fast` and `slow` bars of `interval`. */
export function smallSettings(generation: number, fast: number, slow: number, interval: '1m' | '3m' = '1m'): Settings {
  return {
    generation,
    instruments: [SMALL_INSTRUMENT],
    feeds: [{ ...MARKET, source: 'recording', recordings: [], bars: '1m', rollups: ['3m'], staleAfter: '500ms' }],
    accounts: [
      {
        id: 'paper',
        venue: 'paper',
        currency: 'BBB',
        balances: { BBB: '1000' },
        fees: { maker: '0', taker: '0', paidIn: 'quote' },
        slippage: '0',
        latency: '0ms',
        limits: { marketHours: true },
      },
    ],
    strategies: [
      {
        name: 'turns',
        kind: 'sma-crossover',
        ...MARKET,
        interval,
        params: { fast, slow },
        account: 'paper',
        mode: 'long-flat',
        size: { quantity: '1' },
      },
    ],
  };
}

/** Longer bars and signals: enough of the engine for what the loops have to hold. */
export function smallEngine(codeVersion: string): Engine {
  return new Engine([barsReactor, strategyReactor], makeId, codeVersion);
}

export function wholeTape(store: EventStore): Promise<RecordedEvent[]> {
  return Array.fromAsync(eventsOf(store, {}));
}

/** What must be the same on any machine at any time: by stream, each event's id, revision, type, data and cause. */
export function factsOf(events: readonly RecordedEvent[]): Record<string, unknown[]> {
  const streams: Record<string, unknown[]> = {};
  for (const { stream, id, revision, type, data, metadata } of events) {
    streams[stream] ??= [];
    streams[stream].push({ id, revision, type, data, occurredAt: metadata.occurredAt, causationId: metadata.causationId });
  }
  return streams;
}
