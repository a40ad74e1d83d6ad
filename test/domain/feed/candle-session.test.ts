import { describe, expect, it } from 'vitest';
import { type Candle, CandleSession } from '../../../src/domain/feed/candle-session.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { MIDNIGHT } from './market-fixtures.ts';

const HOUR = 3_600_000;

function candleAt(hour: number, parts: Partial<Candle> = {}): Candle {
  const figures = { open: '10', high: '12.50', low: '9', close: '11', volume: '3', quoteVolume: null, tradeCount: null };
  return { openTime: MIDNIGHT + hour * HOUR, ...figures, ...parts };
}

function session() {
  const tally = new Tally();
  return { tally, candles: new CandleSession(BTCUSDT, '4h', tally) };
}

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

  it('that never came have no end', () => {
    expect(session().candles.end()).toEqual([]);
  });
});
