import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventData, EventName, TapeEvent } from '../../../src/domain/catalogue.ts';
import { Engine } from '../../../src/domain/engine/engine.ts';
import type { Reactor } from '../../../src/domain/engine/reactor.ts';
import { barOpenMs, type Interval, intervalMs } from '../../../src/domain/interval.ts';
import { barsReactor } from '../../../src/domain/market/bars-reactor.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import type { FeedSettings } from '../../../src/domain/settings/settings.ts';
import { epochMs, isoTime } from '../../../src/domain/time.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { makeId } from '../../../src/tape/id.ts';
import { barOf } from '../../support/fixtures.ts';
import { MIDNIGHT, SECONDS_FEED } from '../feed/market-fixtures.ts';

function evidence<N extends EventName>(type: N, key: string, data: EventData[N]): TapeEvent {
  return makeEvidence(type, 'bars-test', key, data, {
    occurredAt: '2024-08-09T00:00:00.000Z',
    actor: 'ingest',
    codeVersion: 'test',
  });
}

/** A bar of `interval` opening `offsetMs` after midnight; ids null make it a candle's. */
function barAt(offsetMs: number, interval: Interval, parts: Partial<Bar> = {}): Bar {
  return barOf({
    interval,
    openTime: isoTime(MIDNIGHT + offsetMs),
    closeTime: isoTime(MIDNIGHT + offsetMs + intervalMs(interval)),
    ...{ open: '10', high: '12', low: '9', close: '11', volume: '1.5', quoteVolume: '16', tradeCount: 3 },
    ...parts,
  });
}

function engineOf(feed: FeedSettings, before: Reactor[] = []) {
  const engine = new Engine([...before, barsReactor], makeId, 'test');
  engine.decide(evidence('FeedConfigured', 'feed', feed));
  engine.decide(evidence('SettingsApplied', 'applied', { generation: 1, changes: 1, hash: '0'.repeat(64) }));
  const feedBar = (bar: Bar): Bar[] =>
    engine
      .decide(evidence('BarClosed', `${bar.interval}${bar.openTime}`, bar))
      .flatMap((decision) => (decision.type === 'BarClosed' ? [decision.data] : []));
  return { engine, feedBar };
}

const HOUR = 3_600_000;
const FOUR_HOURS: FeedSettings = { ...SECONDS_FEED, bars: '4h', rollups: ['1d'] };

/** What a bar says in short: interval, opening day and time, whole or not. */
function short(bar: Bar): string {
  return `${bar.interval} ${bar.openTime.slice(8, 16)}${bar.complete ? '' : ' incomplete'}`;
}

describe('longer bars of contracts', () => {
  it('add these up as they do volumes, and know neither where some parts count in base units and others in contracts', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const day = (from: number, last: Partial<Bar>): Bar[] =>
      [0, 4, 8, 12, 16, 20].flatMap((hour) =>
        feedBar(barAt((from + hour) * HOUR, '4h', { volume: '0.1', contracts: '7', ...(hour === 20 ? last : {}) })),
      );
    expect(day(0, {})).toMatchObject([{ volume: '0.6', contracts: '42' }]);
    expect(day(24, { contracts: '0.5' })).toMatchObject([{ contracts: '35.5' }]);
    const unknown = { volume: null, quoteVolume: null, contracts: null };
    expect(day(48, { contracts: null })).toMatchObject([unknown]);
    // Recorded by a build that knew no contracts: the number stands in the place of the volume.
    const upgraded = [72, 76, 80, 84, 88, 92].flatMap((hour) =>
      feedBar(barAt(hour * HOUR, '4h', hour < 80 ? { volume: '7', contracts: null } : { volume: '0.1', contracts: '7' })),
    );
    expect(upgraded).toMatchObject([unknown]);
  });
});

describe('longer bars from candles', () => {
  it('add their parts up and close at the part that ends with them', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const parts = [
      barAt(0, '4h', { open: '10', high: '12', low: '9', close: '11', bid: '1', ask: '2' }),
      barAt(4 * HOUR, '4h', { high: '30' }),
      barAt(8 * HOUR, '4h', { low: '0.5' }),
      barAt(12 * HOUR, '4h'),
      barAt(16 * HOUR, '4h'),
    ];
    expect(parts.flatMap(feedBar)).toEqual([]);
    expect(feedBar(barAt(20 * HOUR, '4h', { close: '9.5', volume: '0.00000001', bid: '9.4', ask: '9.6' }))).toEqual([
      {
        ...barAt(0, '4h'),
        interval: '1d',
        closeTime: '2024-08-10T00:00:00.000Z',
        high: '30',
        low: '0.5',
        close: '9.5',
        volume: '7.50000001',
        quoteVolume: '96',
        tradeCount: 18,
        bid: '9.4',
        ask: '9.6',
      },
    ]);
  });

  it('are incomplete without their first, a middle or their last part', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const days = [
      [4, 8, 12, 16, 20],
      [0, 4, 8, 12, 16, 20],
      [0, 4, 12, 16, 20],
      [0, 4, 8, 12, 16],
      [0, 4, 8, 12, 16, 20],
    ];
    const closed = days.flatMap((hours, day) => hours.flatMap((hour) => feedBar(barAt((24 * day + hour) * HOUR, '4h'))));
    expect(closed.map(short)).toEqual([
      '1d 09T00:00 incomplete',
      '1d 10T00:00',
      '1d 11T00:00 incomplete',
      '1d 12T00:00 incomplete',
      '1d 13T00:00',
    ]);
  });

  it('close at the first later part when their last is missing, and never at the end', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    expect([0, 4].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')))).toEqual([]);
    expect(feedBar(barAt(72 * HOUR, '4h')).map(short)).toEqual(['1d 09T00:00 incomplete']);
  });

  it('close two at once when a later part both ends the one before and its own', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    feedBar(barAt(0, '4h'));
    expect(feedBar(barAt(44 * HOUR, '4h')).map(short)).toEqual(['1d 09T00:00 incomplete', '1d 10T00:00 incomplete']);
  });

  it('are incomplete when a part is', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const closed = [0, 4, 8, 12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h', { complete: hour !== 8 })));
    expect(closed.map(short)).toEqual(['1d 09T00:00 incomplete']);
  });

  it('do not know what a part does not know', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const unknown = { quoteVolume: null, tradeCount: null };
    const closed = [0, 4, 8, 12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h', hour === 4 ? unknown : {})));
    expect(closed[0]).toMatchObject({ quoteVolume: null, tradeCount: null, volume: '9' });
  });

  it.each([0, 8])('have no volume where the source of a part does not say one, here that of %i o’clock', (silent) => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const parts = [0, 4, 8, 12, 16, 20].map((hour) => barAt(hour * HOUR, '4h', hour === silent ? { volume: null } : {}));
    expect(parts.flatMap(feedBar)).toMatchObject([{ volume: null, quoteVolume: '96' }]);
  });

  it('ignore a part that came before, or that is older', () => {
    const { feedBar } = engineOf(FOUR_HOURS);
    const closed = [0, 4, 4, 0, 8, 12, 16, 20, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    expect(closed.map((bar) => [short(bar), bar.volume])).toEqual([['1d 09T00:00', '9']]);
  });

  it('ignore corrections, other feeds, other intervals, and the longer bars themselves', () => {
    const { engine, feedBar } = engineOf({ ...FOUR_HOURS, rollups: ['12h', '1d'] });
    const closed = [0, 4, 8].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    expect(closed.map(short)).toEqual(['12h 09T00:00']);
    expect(engine.decide(evidence('BarCorrected', 'late', barAt(12 * HOUR, '4h')))).toEqual([]);
    expect(feedBar(barAt(12 * HOUR, '4h', { symbol: 'ETHUSDT' }))).toEqual([]);
    expect(feedBar(barAt(12 * HOUR, '1h'))).toEqual([]);
    expect([12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h'))).map((bar) => [short(bar), bar.volume])).toEqual([
      ['12h 09T12:00', '4.5'],
      ['1d 09T00:00', '9'],
    ]);
  });

  it('are made of intervals that the feed’s own fill evenly only, shortest first', () => {
    const { feedBar } = engineOf({ ...FOUR_HOURS, rollups: ['1d', '6h', '4h', '1h', '8h', '8h'] });
    const closed = [0, 4, 8, 12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    expect(closed.map((bar) => bar.interval)).toEqual(['8h', '8h', '8h', '1d']);
  });

  it('go to the stream of their own period', () => {
    const { engine, feedBar } = engineOf(FOUR_HOURS);
    [0, 4, 8, 12, 16].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    const [decision] = engine.decide(evidence('BarClosed', 'last', barAt(20 * HOUR, '4h')));
    expect(decision?.stream).toBe('rollups-binance.BTCUSDT.1d.2024');
  });
});

describe('longer bars from trades', () => {
  const MINUTES: FeedSettings = { ...SECONDS_FEED, rollups: ['1m'] };
  const withIds = (offsetMs: number, first: number, last: number, complete = true) =>
    barAt(offsetMs, '1s', { firstTradeId: first, lastTradeId: last, complete });

  it('are complete over quiet seconds when the trade ids are contiguous', () => {
    const { feedBar } = engineOf(MINUTES);
    const bars = [withIds(-3_000, 1, 4, false), withIds(7_000, 5, 6), withIds(30_000, 7, 7), withIds(61_000, 8, 9)];
    expect(bars.flatMap(feedBar).map((bar) => [short(bar), bar.firstTradeId, bar.lastTradeId])).toEqual([
      ['1m 08T23:59 incomplete', 1, 4],
      ['1m 09T00:00', 5, 7],
    ]);
  });

  it('are incomplete when ids are missing at their beginning, between or at their end', () => {
    const minutes = (second: number, third: number, fourth: number) => {
      const { feedBar } = engineOf(MINUTES);
      const bars = [withIds(-1_000, 1, 1), withIds(0, second, 10), withIds(30_000, third, 20), withIds(60_000, fourth, 30)];
      return bars.flatMap(feedBar).map(short).at(-1);
    };
    expect(minutes(2, 11, 21)).toBe('1m 09T00:00');
    expect(minutes(3, 11, 21)).toBe('1m 09T00:00 incomplete');
    expect(minutes(2, 12, 21)).toBe('1m 09T00:00 incomplete');
    expect(minutes(2, 11, 22)).toBe('1m 09T00:00 incomplete');
  });

  it('are incomplete as the first of a session, for their beginning is not known', () => {
    const { feedBar } = engineOf(MINUTES);
    expect([withIds(0, 5, 6), withIds(59_000, 7, 8)].flatMap(feedBar).map(short)).toEqual(['1m 09T00:00 incomplete']);
  });
});

describe('the bars reactor', () => {
  it('starts again when the feed’s own interval changes, and drops rollups that are no longer asked for', () => {
    const { engine, feedBar } = engineOf({ ...FOUR_HOURS, rollups: ['12h', '1d'] });
    feedBar(barAt(0, '4h'));
    const reconfigure = (generation: number, feed: FeedSettings) => {
      engine.decide(evidence('FeedConfigured', `feed ${generation}`, feed));
      engine.decide(evidence('SettingsApplied', `applied ${generation}`, { generation, changes: 1, hash: '0'.repeat(64) }));
    };
    reconfigure(2, FOUR_HOURS);
    const closed = [4, 8, 12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    expect(closed.map(short)).toEqual(['1d 09T00:00']);
    reconfigure(3, { ...FOUR_HOURS, bars: '12h' });
    expect(feedBar(barAt(24 * HOUR, '4h'))).toEqual([]);
    expect([24, 36].flatMap((hour) => feedBar(barAt(hour * HOUR, '12h'))).map(short)).toEqual(['1d 10T00:00']);
  });

  it('takes a longer bar that is asked for in its middle for incomplete', () => {
    const { engine, feedBar } = engineOf({ ...SECONDS_FEED, rollups: [] });
    const second = (offsetMs: number, id: number) => feedBar(barAt(offsetMs, '1s', { firstTradeId: id, lastTradeId: id }));
    second(-1_000, 1);
    second(0, 2);
    engine.decide(evidence('FeedConfigured', 'later', { ...SECONDS_FEED, rollups: ['1m'] }));
    engine.decide(evidence('SettingsApplied', 'later', { generation: 2, changes: 1, hash: '0'.repeat(64) }));
    expect([second(1_000, 3), second(59_000, 4), second(119_000, 5)].flat().map(short)).toEqual([
      '1m 09T00:00 incomplete',
      '1m 09T00:01',
    ]);
  });

  it('keeps what evidence has closed while a reactor before it decides', () => {
    const meddler: Reactor = {
      name: 'meddler',
      start: () => null,
      evolve: () => {},
      decide: (_state, event, { emit }) => {
        if (event.metadata.reactor === undefined && event.type === 'BarClosed') {
          emit('FeedRecovered', 'feed-x', { venue: 'x', symbol: 'X', reason: 'gap', eventTime: '2024-08-09T00:00:00.000Z' });
        }
      },
    };
    const { feedBar } = engineOf(FOUR_HOURS, [meddler]);
    expect([0, 4, 8, 12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h'))).map(short)).toEqual(['1d 09T00:00']);
  });

  it('goes on from a snapshot as if nothing had happened, and a snapshot does not change with it', () => {
    const { engine, feedBar } = engineOf(FOUR_HOURS);
    [0, 4, 8].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    const snapshot = engine.snapshot();
    const first = [12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h', { high: '99' })));
    engine.restore(snapshot);
    const second = [12, 16, 20].flatMap((hour) => feedBar(barAt(hour * HOUR, '4h')));
    expect(first.map((bar) => bar.high)).toEqual(['99']);
    expect(second.map((bar) => bar.high)).toEqual(['12']);
  });

  it('agrees with a naive model on any parts with any holes', () => {
    const part = fc.record({
      skip: fc.constantFrom(0, 0, 0, 0, 1, 2, 7),
      low: fc.integer({ min: 1, max: 50 }),
      rise: fc.integer({ min: 0, max: 50 }),
      volume: fc.integer({ min: 0, max: 99 }),
    });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 80 }), fc.nat({ max: 5 }), (steps, offset) => {
        const { feedBar } = engineOf({ ...FOUR_HOURS, rollups: ['8h', '1d'] });
        let hour = 4 * offset - 4;
        const parts = steps.map(({ skip, low, rise, volume }) => {
          hour += 4 * (skip + 1);
          const figures = { low: `${low}`, open: `${low}`, close: `${low + rise}`, high: `${low + rise}`, volume: `${volume}` };
          return barAt(hour * HOUR, '4h', figures);
        });
        const made = parts.flatMap(feedBar);
        for (const interval of ['8h', '1d'] as const) {
          const groups = Map.groupBy(parts, (one) => barOpenMs(epochMs(one.openTime), interval));
          const newest = Math.max(...groups.keys());
          const ended = (group: Bar[], open: number) => epochMs(group.at(-1)?.closeTime ?? '') === open + intervalMs(interval);
          const expected = [...groups]
            .filter(([open, group]) => open !== newest || ended(group, open))
            .map(([open, group]) => ({
              openTime: isoTime(open),
              open: group[0]?.open,
              close: group.at(-1)?.close,
              high: `${Math.max(...group.map((one) => Number(one.high)))}`,
              low: `${Math.min(...group.map((one) => Number(one.low)))}`,
              volume: `${group.reduce((sum, one) => sum + Number(one.volume), 0)}`,
              complete: group.length === intervalMs(interval) / (4 * HOUR),
            }));
          const actual = made
            .filter((bar) => bar.interval === interval)
            .map(({ openTime, open, close, high, low, volume, complete }) => ({
              openTime,
              open,
              close,
              high,
              low,
              volume,
              complete,
            }));
          expect(actual).toEqual(expected);
        }
      }),
    );
  });
});
