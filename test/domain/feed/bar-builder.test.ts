import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BarBuilder, CORRECTABLE_BARS, MAX_WAITING_TRADES } from '../../../src/domain/feed/bar-builder.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import type { Trade } from '../../../src/domain/feed/messages.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import type { InstrumentSettings } from '../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { MIDNIGHT, tradeOf } from './market-fixtures.ts';

const NO_QUOTE = { bid: undefined, ask: undefined };

function builder(instrument: InstrumentSettings = BTCUSDT) {
  const tally = new Tally();
  const bars = new BarBuilder(instrument, '1s', tally, 5_000);
  return {
    tally,
    bars,
    trades: (...trades: Trade[]) => trades.flatMap((trade) => bars.applyTrade(trade)),
    clock: (offsetMs: number) => bars.applyTime(MIDNIGHT + offsetMs, NO_QUOTE),
  };
}

/** What a draft says in short: type, opening second after midnight, ids, whole or not. */
function short(draft: EvidenceDraft): string {
  const bar = draft.data as Bar;
  const mark = draft.type === 'BarClosed' ? '' : 'corrected ';
  return `${mark}${bar.openTime.slice(17, 19)} ${bar.firstTradeId}-${bar.lastTradeId}${bar.complete ? '' : ' incomplete'}`;
}

describe('a bar', () => {
  it('adds its trades up exactly', () => {
    const { trades } = builder();
    const drafts = trades(
      tradeOf(1, 0, 6_000_001, '0.1'),
      tradeOf(2, 10, 6_000_300, '0.20000001'),
      tradeOf(3, 20, 5_999_900, '1'),
      tradeOf(4, 999, 6_000_000, '3'),
      tradeOf(5, 1_000),
    );
    expect(drafts).toEqual([
      {
        type: 'BarClosed',
        stream: 'bars-binance.BTCUSDT.1s.2024-08-09',
        key: 'binance|BTCUSDT|1s|2024-08-09T00:00:00.000Z',
        occurredAt: '2024-08-09T00:00:01.000Z',
        data: {
          venue: 'binance',
          symbol: 'BTCUSDT',
          interval: '1s',
          openTime: '2024-08-09T00:00:00.000Z',
          closeTime: '2024-08-09T00:00:01.000Z',
          open: '60000.01',
          high: '60003',
          low: '59999',
          close: '60000',
          volume: '4.30000001',
          // 6000.001 + 12000.6006000300 + 59999 + 180000
          quoteVolume: '257999.60160003',
          contracts: null,
          tradeCount: 4,
          firstTradeId: 1,
          lastTradeId: 4,
          bid: null,
          ask: null,
          complete: false,
          source: 'recording',
        },
      },
    ]);
  });

  it('is incomplete when it is a session’s first, as trades before it may be its own', () => {
    const { trades } = builder();
    expect(trades(tradeOf(7, 0), tradeOf(8, 1_000), tradeOf(9, 2_000)).map(short)).toEqual(['00 7-7 incomplete', '01 8-8']);
  });

  it('is complete even as the first when it begins with the first trade ever', () => {
    const { trades } = builder();
    expect(trades(tradeOf(0, 0), tradeOf(1, 1_000)).map(short)).toEqual(['00 0-0']);
  });

  it('is not made for a quiet second, and that is no hole', () => {
    const { trades } = builder();
    expect(trades(tradeOf(0, 0), tradeOf(1, 3_500), tradeOf(2, 9_000)).map(short)).toEqual(['00 0-0', '03 1-1']);
  });

  it('closes when the venue’s clock is past its end by more than the lateness, not before', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 500));
    expect(clock(1_250)).toEqual([]);
    expect(clock(1_251).map(short)).toEqual(['00 0-0']);
    expect(clock(5_000)).toEqual([]);
  });

  it('never closes by itself', () => {
    const { trades } = builder();
    expect(trades(tradeOf(0, 0), tradeOf(1, 999))).toEqual([]);
  });
});

describe('trades out of order', () => {
  it('wait for the missing one and make the same bars', () => {
    const { trades, tally } = builder();
    expect(trades(tradeOf(0, 0), tradeOf(3, 1_100), tradeOf(2, 1_000), tradeOf(1, 900), tradeOf(4, 2_000)).map(short)).toEqual([
      '00 0-1',
      '01 2-3',
    ]);
    expect(tally.count('trade-gap')).toBe(1);
    expect(tally.count('late-trade')).toBe(0);
  });

  it('hold a bar open past its end while a trade of it may be missing, and no longer than two seconds', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 0), tradeOf(2, 1_100));
    expect(clock(3_100)).toEqual([]);
    expect(clock(3_101).map(short)).toEqual(['00 0-0 incomplete', '01 2-2 incomplete']);
  });

  it('make incomplete the bars on both sides of the hole, and only those', () => {
    const { trades } = builder();
    const drafts = trades(
      tradeOf(0, 0),
      tradeOf(1, 1_000),
      tradeOf(5, 2_000),
      tradeOf(6, 3_000),
      tradeOf(7, 4_000),
      tradeOf(8, 4_500),
    );
    expect(drafts.map(short)).toEqual(['00 0-0', '01 1-1 incomplete', '02 5-5 incomplete', '03 6-6']);
  });

  it('make one hole after the other when there are several', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 0), tradeOf(2, 100), tradeOf(4, 200));
    expect(clock(2_300).map(short)).toEqual(['00 0-4 incomplete']);
  });

  it('are given up when too many wait', () => {
    const { trades } = builder();
    trades(tradeOf(0, 0));
    const many = Array.from({ length: MAX_WAITING_TRADES }, (_, i) => tradeOf(i + 2, 0));
    trades(...many);
    expect(trades(tradeOf(1, 0), tradeOf(MAX_WAITING_TRADES + 2, 1_000)).map(short)).toEqual([`00 0-${MAX_WAITING_TRADES + 1}`]);
    const other = builder();
    other.trades(tradeOf(0, 0), ...many, tradeOf(MAX_WAITING_TRADES + 2, 0));
    expect(other.trades(tradeOf(MAX_WAITING_TRADES + 3, 1_000)).map(short)).toEqual([
      `00 0-${MAX_WAITING_TRADES + 2} incomplete`,
    ]);
  });
});

describe('a trade that comes again', () => {
  it('is counted and dropped, whether it was taken or waits', () => {
    const { trades, tally } = builder();
    const drafts = trades(
      tradeOf(0, 0),
      tradeOf(0, 0),
      tradeOf(2, 20),
      tradeOf(2, 20),
      tradeOf(1, 10),
      tradeOf(1, 10),
      tradeOf(3, 1_000),
    );
    expect(drafts.map((draft) => (draft.data as Bar).tradeCount)).toEqual([3]);
    expect(tally.count('duplicate-trade')).toBe(3);
  });
});

describe('a trade that comes after its bar closed', () => {
  it('corrects the bar, once, and makes it complete when nothing else is missing', () => {
    const { trades, clock, tally } = builder();
    trades(tradeOf(0, 0, 100, '1'), tradeOf(2, 1_100));
    expect(clock(3_200).map(short)).toEqual(['00 0-0 incomplete', '01 2-2 incomplete']);
    const drafts = trades(tradeOf(1, 900, 250, '2'));
    expect(drafts.map(short)).toEqual(['corrected 00 0-1']);
    expect(drafts[0]?.data).toMatchObject({ open: '1', high: '2.5', close: '2.5', volume: '3', quoteVolume: '6', tradeCount: 2 });
    expect(drafts[0]?.key).toBe('binance|BTCUSDT|1s|2024-08-09T00:00:00.000Z|1');
    expect(trades(tradeOf(1, 900, 250, '2'))).toEqual([]);
    expect(tally.count('late-trade')).toBe(1);
    expect(tally.count('duplicate-trade')).toBe(1);
  });

  it('corrects the open when it came first', () => {
    const { trades, clock } = builder();
    trades(tradeOf(5, 1_000, 100), tradeOf(6, 2_000, 200));
    clock(9_000);
    expect(trades(tradeOf(4, 1_000, 50)).map((draft) => [short(draft), (draft.data as Bar).open])).toEqual([
      ['corrected 01 4-5 incomplete', '0.5'],
    ]);
  });

  it('corrects a bar that the clock closed although the trade follows by its id', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 0));
    clock(1_300);
    expect(trades(tradeOf(1, 990)).map(short)).toEqual(['corrected 00 0-1']);
  });

  it('makes a correction of a second that was taken for quiet', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 0), tradeOf(2, 2_000));
    clock(9_000);
    expect(trades(tradeOf(1, 1_500)).map(short)).toEqual(['corrected 01 1-1']);
  });

  it('still goes into the bar that is growing', () => {
    const { trades } = builder();
    trades(tradeOf(0, 0), tradeOf(2, 100), tradeOf(3, 2_101));
    expect(trades(tradeOf(1, 2_050), tradeOf(4, 3_000)).map(short)).toEqual(['02 1-3']);
  });

  it('is counted and dropped when its bar is too old to be corrected', () => {
    const { trades, tally } = builder();
    trades(tradeOf(10, 0), tradeOf(12, 1_000));
    for (let i = 0; i < CORRECTABLE_BARS + 3; i++) trades(tradeOf(13 + i, 4_000 + i * 1_000));
    expect(trades(tradeOf(11, 500))).toEqual([]);
    expect(tally.count('too-late-trade')).toBe(1);
  });

  it('leaves the bars alone when it came before the session’s first', () => {
    const { trades, tally } = builder();
    trades(tradeOf(10, 1_000), tradeOf(11, 2_000));
    expect(trades(tradeOf(9, 500))).toEqual([]);
    expect(tally.count('too-late-trade')).toBe(1);
  });
});

describe('a print that no market made', () => {
  it('takes up an id and adds nothing', () => {
    const { trades, tally } = builder();
    const drafts = trades(
      tradeOf(0, 0, 100, '1'),
      tradeOf(1, 500, 999, '9', false),
      tradeOf(2, 1_000, 0, '0', false),
      tradeOf(3, 1_100, 100, '1'),
      tradeOf(4, 2_000),
    );
    expect(drafts.map(short)).toEqual(['00 0-1', '01 2-3']);
    expect(drafts.map((draft) => (draft.data as Bar).volume)).toEqual(['1', '1']);
    expect(tally.count('no-market-trade')).toBe(2);
  });

  it('closes a hole when it comes late', () => {
    const { trades, clock } = builder();
    trades(tradeOf(0, 0), tradeOf(2, 100));
    clock(2_200);
    expect(trades(tradeOf(1, 50, 0, '0', false))).toEqual([]);
    expect(trades(tradeOf(3, 2_300)).map(short)).toEqual([]);
  });
});

describe('a bar’s bid and ask', () => {
  const quoteOf = (bid: number, ask: number) => ({ bid, ask });

  it('are those after the last depth event before its close time', () => {
    const { trades, bars } = builder();
    bars.applyTime(MIDNIGHT + 100, quoteOf(100, 200));
    trades(tradeOf(0, 500));
    bars.applyTime(MIDNIGHT + 999, quoteOf(101, 201));
    bars.applyTime(MIDNIGHT + 1_000, quoteOf(102, 202));
    bars.applyTime(MIDNIGHT + 1_200, quoteOf(103, 203));
    expect(bars.applyTime(MIDNIGHT + 1_300, quoteOf(104, 204))[0]?.data).toMatchObject({ bid: '1.01', ask: '2.01' });
  });

  it('are not those after an event at that very time', () => {
    const { trades, bars } = builder();
    bars.applyTime(MIDNIGHT + 999, quoteOf(101, 201));
    trades(tradeOf(0, 500));
    bars.applyTime(MIDNIGHT + 1_000, quoteOf(102, 202));
    expect(trades(tradeOf(1, 1_001))[0]?.data).toMatchObject({ bid: '1.01', ask: '2.01' });
  });

  it('are of an earlier second when its own had no depth event, and null when the book was not known', () => {
    const { trades, bars } = builder();
    const first = trades(tradeOf(0, 0), tradeOf(1, 1_000));
    expect(first[0]?.data).toMatchObject({ bid: null, ask: null });
    bars.applyTime(MIDNIGHT + 1_500, quoteOf(100, 200));
    bars.applyTime(MIDNIGHT + 1_400, quoteOf(1, 2));
    expect(trades(tradeOf(2, 2_000), tradeOf(3, 3_000)).map((draft) => (draft.data as Bar).bid)).toEqual(['1', '1']);
    bars.applyTime(MIDNIGHT + 3_100, { bid: undefined, ask: 7 });
    expect(trades(tradeOf(4, 4_000))[0]?.data).toMatchObject({ bid: null, ask: '0.07' });
  });
});

describe('bars of random trades', () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: 1_500 }),
    price: fc.integer({ min: 1, max: 900 }),
    lots: fc.integer({ min: 1, max: 9 }),
  });

  it('add up to the trades, whatever comes twice or a little out of order', () => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
        (steps, jitter) => {
          let time = 0;
          const all = steps.map(({ ms, price, lots }, id) => {
            time += ms;
            return tradeOf(id, time, price, `0.0000${lots}`);
          });
          // The session's first trade stays first: what comes before it is unknown by design.
          const [first, ...rest] = all;
          const arrivals = rest
            .flatMap((trade) => [trade, trade].map((one) => ({ one, place: one.tradeId + jitter.next().value })))
            .sort((a, b) => a.place - b.place)
            .map(({ one }) => one);
          const { bars } = builder();
          const drafts = [first as Trade, ...arrivals, tradeOf(all.length, time + 5_000)].flatMap((trade) =>
            bars.applyTrade(trade),
          );
          // A naive model: trades grouped by their second, summed in whole lots and price units.
          const seconds = [...new Set(all.map((trade) => Math.floor(trade.time / 1000)))];
          const latest = new Map(drafts.map((draft) => [(draft.data as Bar).openTime, draft.data as Bar]));
          expect(drafts.filter((draft) => draft.type === 'BarClosed').length).toBe(seconds.length);
          for (const second of seconds) {
            const own = all.filter((trade) => Math.floor(trade.time / 1000) === second);
            const prices = own.map((trade) => trade.price);
            const bar = [...latest.values()].find((one) => one.firstTradeId === own[0]?.tradeId);
            const lots = own.map((trade) => Number(trade.quantity.units));
            expect(bar).toMatchObject({ complete: true, tradeCount: own.length, lastTradeId: own.at(-1)?.tradeId });
            expect(Number(bar?.high) * 100).toBeCloseTo(Math.max(...prices), 6);
            expect(Number(bar?.low) * 100).toBeCloseTo(Math.min(...prices), 6);
            expect(Number(bar?.open) * 100).toBeCloseTo(prices[0] as number, 6);
            expect(Number(bar?.close) * 100).toBeCloseTo(prices.at(-1) as number, 6);
            expect(Math.round(Number(bar?.volume) * 100_000)).toBe(lots.reduce((sum, one) => sum + one, 0));
            expect(Math.round(Number(bar?.quoteVolume) * 10_000_000)).toBe(
              own.reduce((sum, trade, i) => sum + trade.price * (lots[i] as number), 0),
            );
          }
        },
      ),
    );
  });
});

describe('a bar of contracts', () => {
  /** The only bar that the trades close, each a price in cents, a quantity and its place among the ids. */
  function volumesOf(instrument: InstrumentSettings, ...of: (readonly [price: number, quantity: string, id: number])[]) {
    const { trades } = builder(instrument);
    const closed = trades(...of.map(([price, quantity, id]) => tradeOf(id, 0, price, quantity)), tradeOf(of.length + 1, 1_000));
    const [bar, ...others] = closed.flatMap((draft) => (draft.type === 'BarClosed' ? [draft.data] : []));
    expect(others).toEqual([]);
    return { volume: bar?.volume, quoteVolume: bar?.quoteVolume, contracts: bar?.contracts };
  }
  const linear: InstrumentSettings = { ...BTCUSDT, kind: 'perpetual', contractSize: '10' };
  const inverse: InstrumentSettings = { ...BTCUSDT, kind: 'perpetual', quote: 'USD', settle: 'BTC', contractSize: '100' };

  it('counts a linear one as so many base units, exactly', () => {
    expect(volumesOf(linear, [200, '7', 1])).toEqual({ volume: '70', quoteVolume: '140', contracts: '7' });
    const fine = { ...linear, contractSize: '0.001' };
    // 3 x 0.001 = 0.003 and 3 x 61800.01 x 0.001 = 185.40003
    expect(volumesOf(fine, [6_180_001, '3', 1])).toEqual({ volume: '0.003', quoteVolume: '185.40003', contracts: '3' });
    const whole: InstrumentSettings = { ...BTCUSDT, kind: 'perpetual' };
    expect(volumesOf(whole, [200, '0.5', 1])).toEqual({ volume: '0.5', quoteVolume: '1', contracts: '0.5' });
  });

  it('counts an inverse one as so many quote units whatever the price, in base units at 12 places', () => {
    // The exchange's own candle says 200 contracts and 0.3236 BTC: 15600/61800 + 4400/61810 = 0.32361307671635...
    const expected = { volume: '0.323613076716', quoteVolume: '20000', contracts: '200' };
    expect(volumesOf(inverse, [6_180_000, '156', 1], [6_181_000, '44', 2])).toEqual(expected);
  });

  it('rounds what inverse ones come to once a bar, half-even, whatever the order of the trades', () => {
    // 100/3 a contract: three are 100 exactly, six thirds of 12 places would be 99.999999999999 or 100.000000000002.
    expect(volumesOf(inverse, [300, '1', 1], [300, '1', 2], [300, '1', 3]).volume).toBe('100');
    // 2^-13 = 0.0001220703125 at 13 places: half goes to the even digit, 0.000122070312; three times that, 0.000366210938.
    const small = { ...inverse, contractSize: '1' };
    expect(volumesOf(small, [819_200, '1', 1]).volume).toBe('0.000122070312');
    expect(volumesOf(small, [819_200, '3', 1]).volume).toBe('0.000366210938');
    const [one, other] = [volumesOf(inverse, [700, '1', 1], [1_300, '1', 2]), volumesOf(inverse, [1_300, '1', 2], [700, '1', 1])];
    // 100/7 + 100/13 = 21.978021978021978...
    expect([one.volume, other.volume]).toEqual(['21.978021978022', '21.978021978022']);
  });

  it('of spot are none', () => {
    expect(volumesOf(BTCUSDT, [200, '7', 1])).toEqual({ volume: '7', quoteVolume: '14', contracts: null });
    expect(volumesOf({ ...BTCUSDT, settle: 'BTC' }, [200, '7', 1]).contracts).toBeNull();
  });
});
