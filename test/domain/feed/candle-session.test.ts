import { describe, expect, it } from 'vitest';
import { type Candle, CandleSession, type CandleTerms } from '../../../src/domain/feed/candle-session.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import type { InstrumentSettings } from '../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { MIDNIGHT } from './market-fixtures.ts';

const HOUR = 3_600_000;

function candleAt(hour: number, parts: Partial<Candle> = {}): Candle {
  const figures = { open: '10', high: '12.50', low: '9', close: '11', volume: '3', quoteVolume: null, tradeCount: null };
  return { openTime: MIDNIGHT + hour * HOUR, ...figures, ...parts };
}

function session(terms: Pick<CandleTerms, 'lastIsWhole'> = { lastIsWhole: true }) {
  const tally = new Tally();
  return { tally, candles: new CandleSession(BTCUSDT, { bars: '4h', ...terms }, tally) };
}

/** Opening hour, or what was said of the feed, with the volume of bars. */
const said = (drafts: readonly EvidenceDraft[]) =>
  drafts.map((draft) => [draft.type, draft.occurredAt.slice(11, 13), ...(draft.type === 'BarClosed' ? [draft.data.volume] : [])]);

describe('candles', () => {
  it('become bars, from the feed’s first open time to its last close time', () => {
    const { candles, tally } = session();
    const first = candles.apply(candleAt(0, { quoteVolume: '33.123456789', tradeCount: 7 }));
    expect(first.map((draft) => [draft.type, draft.occurredAt])).toEqual([
      ['FeedRecovered', '2024-08-09T00:00:00.000Z'],
      ['BarClosed', '2024-08-09T04:00:00.000Z'],
    ]);
    expect(first[1]).toMatchObject({
      stream: 'bars-binance.BTCUSDT.4h.2024',
      key: 'binance|BTCUSDT|4h|2024-08-09T00:00:00.000Z',
      data: { open: '10', high: '12.5', low: '9', close: '11', volume: '3', quoteVolume: '33.1234568', tradeCount: 7 },
    });
    expect(first[1]?.data).toMatchObject({ bid: null, ask: null, firstTradeId: null, lastTradeId: null, complete: true });
    expect(candles.apply(candleAt(4)).map((draft) => draft.type)).toEqual(['BarClosed']);
    expect(candles.end().map((draft) => [draft.type, draft.occurredAt, draft.data])).toEqual([
      [
        'FeedStale',
        '2024-08-09T08:00:00.000Z',
        { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: '2024-08-09T08:00:00.000Z' },
      ],
    ]);
    expect(tally.entries.size).toBe(0);
  });

  it('keep a volume that is finer than the instrument’s lot, for the venue traded it', () => {
    const { candles } = session();
    const bar = candles.apply(candleAt(0, { volume: '911.471731', quoteVolume: '88000000.1234567' }))[1];
    expect(bar?.data).toMatchObject({ volume: '911.471731', quoteVolume: '88000000.1234567' });
  });

  it('have no volume where their source does not say one, and zero where it says that', () => {
    const { candles } = session();
    const volumes = [null, '0'].map((volume, index) => candles.apply(candleAt(4 * index, { volume })).at(-1)?.data);
    expect(volumes).toMatchObject([{ volume: null }, { volume: '0' }]);
  });

  it('of contracts have volumes by their size, and by the kind of contract', () => {
    const volumesOf = (parts: Partial<InstrumentSettings>, candle: Partial<Candle>) => {
      const tally = new Tally();
      const candles = new CandleSession({ ...BTCUSDT, ...parts }, { bars: '4h', lastIsWhole: true }, tally);
      const bar = candles.apply(candleAt(0, candle))[1]?.data as Bar | undefined;
      return bar === undefined ? tally.entries.get('bad-candle')?.first : [bar.volume, bar.quoteVolume, bar.contracts];
    };
    expect(volumesOf({ kind: 'perpetual' }, { volume: '3.5', quoteVolume: '35' })).toEqual(['3.5', '35', '3.5']);
    expect(volumesOf({ kind: 'future', contractSize: '0.01' }, { volume: '350' })).toEqual(['3.5', null, '350']);
    // As Binance says those of BTCUSD_PERP: 200 contracts of 100 USD, and beside them the BTC that they came to.
    const inverse = { kind: 'perpetual', quote: 'USD', settle: 'BTC', contractSize: '100' } as const;
    expect(volumesOf(inverse, { volume: '200', quoteVolume: '0.3236127411783' })).toEqual(['0.323612741178', '20000', '200']);
    expect(volumesOf(inverse, { volume: '200' })).toEqual([null, '20000', '200']);
    expect(volumesOf(inverse, { volume: null, quoteVolume: '0.5' })).toEqual(['0.5', null, null]);
    expect(volumesOf({ kind: 'perpetual' }, { volume: null, quoteVolume: '35' })).toEqual([null, '35', null]);
    expect(volumesOf(inverse, { volume: '200', quoteVolume: '-1' })).toMatch(/the volume in the base asset "-1" is negative/);
  });

  it.each<[string, Partial<Candle>, RegExp]>([
    [
      'a price finer than the instrument’s',
      { high: '12.505' },
      /the high "12.505" has more than the instrument's 2 decimal places/,
    ],
    ['a price of zero', { low: '0' }, /the low "0" is not above zero/],
    ['a negative price', { low: '-9' }, /the low "-9" is not above zero/],
    ['a price that is no number', { open: 'ten' }, /the open "ten" is not a decimal number/],
    ['an exponent', { volume: '1e3' }, /the volume "1e3" is not a decimal number/],
    ['a negative volume', { volume: '-3' }, /the volume "-3" is negative/],
    ['a negative quote volume', { quoteVolume: '-3' }, /the quote volume "-3" is negative/],
    ['an open above the high', { open: '13' }, /the open 13 is not between low 9 and high 12.5/],
    ['a close below the low', { close: '8' }, /the close 8 is not between low 9 and high 12.5/],
    ['a price beyond all bounds', { high: '9'.repeat(19) }, /the high "9+" is too large/],
    ['a volume beyond all bounds', { volume: '9'.repeat(19) }, /the volume "9+" is too large/],
    ['half a trade', { tradeCount: 0.5 }, /the number of trades/],
  ])('are refused with %s, and only those', (_what, parts, message) => {
    const { candles, tally } = session();
    expect(candles.apply(candleAt(0, parts))).toEqual([]);
    expect(tally.count('bad-candle')).toBe(1);
    expect(tally.entries.get('bad-candle')?.first).toMatch(message);
    expect(candles.apply(candleAt(4))).toHaveLength(2);
  });

  it('are refused off the grid of their interval, out of order, and a second time', () => {
    const { candles, tally } = session();
    candles.apply(candleAt(8));
    expect(candles.apply(candleAt(9))).toEqual([]);
    expect(candles.apply(candleAt(4))).toEqual([]);
    expect(candles.apply(candleAt(8))).toEqual([]);
    expect(candles.apply(candleAt(12))).toHaveLength(1);
    expect([...tally.entries].map(([reason, { count }]) => [reason, count])).toEqual([
      ['off-grid-candle', 1],
      ['unordered-candle', 1],
      ['duplicate-candle', 1],
    ]);
  });

  it.each([[{}], [{ lastIsWhole: false }]])('are held back until a later one comes, where the feed says %j', (terms) => {
    const { candles, tally } = session(terms);
    expect(candles.apply(candleAt(0))).toEqual([]);
    expect(said(candles.apply(candleAt(4)))).toEqual([
      ['FeedRecovered', '00'],
      ['BarClosed', '04', '3'],
    ]);
    expect(candles.apply(candleAt(4, { volume: '4' }))).toEqual([]);
    expect(candles.apply(candleAt(0))).toEqual([]);
    expect(said(candles.apply(candleAt(12)))).toEqual([['BarClosed', '08', '3']]);
    // The last bar known ends where the one held back is not.
    expect(said(candles.end())).toEqual([['FeedStale', '08']]);
    expect([...tally.entries].map(([reason, { count }]) => [reason, count])).toEqual([
      ['duplicate-candle', 1],
      ['unordered-candle', 1],
      ['last-candle-held-back', 1],
    ]);
    expect(tally.entries.get('last-candle-held-back')?.first).toMatch(
      /the candle of 2024-08-09T12:00:00.000Z may have been growing when the file was fetched: ingest it again with a later one/,
    );
  });

  it('that were held back count as a later file has them, and as they were where it does not', () => {
    const { candles, tally } = session({ lastIsWhole: false });
    candles.apply(candleAt(0));
    candles.apply(candleAt(4, { volume: '0.1' }));
    candles.startFile();
    expect(candles.apply(candleAt(4, { volume: '1.5' }))).toEqual([]);
    // Within the file the first one stands.
    expect(candles.apply(candleAt(4, { volume: '9' }))).toEqual([]);
    candles.startFile();
    expect(said(candles.apply(candleAt(8, { volume: '2' })))).toEqual([['BarClosed', '08', '1.5']]);
    candles.startFile();
    expect(said(candles.apply(candleAt(12)))).toEqual([['BarClosed', '12', '2']]);
    expect(tally.count('duplicate-candle')).toBe(2);
    expect(tally.frames.get('candle')).toMatchObject({ used: 3, dropped: 2, refused: 0, unused: 0 });
    candles.end();
    // Each candle has one fate.
    expect(tally.received).toBe(6);
  });

  it('that are held back alone are no evidence', () => {
    const { candles, tally } = session({ lastIsWhole: false });
    expect(candles.apply(candleAt(0))).toEqual([]);
    expect(candles.end()).toEqual([]);
    expect(tally.count('last-candle-held-back')).toBe(1);
  });

  it('that never came have no end', () => {
    expect(session().candles.end()).toEqual([]);
  });
});
