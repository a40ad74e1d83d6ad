import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { amount } from '../../exchange-simulator/core/amount.ts';
import { bookState } from '../../exchange-simulator/exchange/state.ts';
import { Bars } from '../../exchange-simulator/market/bars.ts';
import type { Book } from '../../exchange-simulator/market/book.ts';
import { Market } from '../../exchange-simulator/market/market.ts';
import { BTCUSDT } from '../../exchange-simulator/venues/binance-spot/standard.ts';
import { Given, START } from './given.ts';
import { compareWithTickers } from './recorded-tickers.ts';

const RECORDING = join(import.meta.dirname, '../../data/spot_btcusdt_20240808.jsonl.gz');

describe('a market that lives through a recording', () => {
  it('has the best prices that Binance itself sent at the same update ids', () => {
    const market = new Market(BTCUSDT, new Bars());
    const compared = compareWithTickers(market, RECORDING, 1000);
    expect(compared).toBeGreaterThan(100);
    const ids = market.trades.latest(5000).map(({ id }) => id);
    expect(ids.at(-1)).toBe((ids[0] ?? 0) + ids.length - 1);
  });
});

describe('a market past the end of its recording', () => {
  it('goes on the same way for the same seed, never crosses, and its ids follow on each other', async () => {
    const run = async (seed: number): Promise<string> => {
      const given = new Given(true, seed);
      let [expected, trades] = [given.market.book.lastId, 0];
      given.market.observe({
        depth: ({ previousId, lastId }) => {
          expect(previousId).toBe(expected);
          expected = lastId;
          const [bid, ask] = [given.market.book.best('buy')?.[0] ?? 0n, given.market.book.best('sell')?.[0] ?? 0n];
          expect(bid > 0n && bid < ask).toBe(true);
        },
        trade: ({ id }) => {
          trades += 1;
          expect(id).toBe(trades);
        },
      });
      await given.clock.advance(60_000);
      expect(trades).toBeGreaterThan(100);
      return JSON.stringify(bookState(given.market.book));
    };
    const [first, again, other] = [await run(3), await run(3), await run(4)];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is known at each of its ids', async () => {
    const given = new Given(true);
    const seen: [number, string][] = [];
    given.market.observe({ depth: ({ lastId }) => seen.push([lastId, JSON.stringify(bookState(given.market.book))]) });
    await given.clock.advance(2000);
    for (const [id, state] of seen) expect(JSON.stringify(bookState(given.market.bookAt(id) as Book))).toBe(state);
    expect(given.market.bookAt(999)).toBeUndefined();
  });
});

describe('bars', () => {
  it('are those of the trades, and an empty one repeats the last close', async () => {
    const given = new Given();
    given.trade('101', '0.5', false);
    given.trade('99', '0.25', true);
    await given.clock.advance(120_000);
    given.trade('100', '1', true);
    const bars = given.market.bars.earliest('1m', START, given.clock.now(), 10);
    expect(
      bars.map(({ start, open, high, low, close, volume, trades }) => [start - START, open, high, low, close, volume, trades]),
    ).toEqual([
      [0, amount('101'), amount('101'), amount('99'), amount('99'), amount('0.75'), 2],
      [60_000, amount('99'), amount('99'), amount('99'), amount('99'), 0n, 0],
      [120_000, amount('100'), amount('100'), amount('100'), amount('100'), amount('1'), 1],
    ]);
    // 101 x 0.5 were bought, 99 x 0.25 sold.
    expect([bars[0]?.quoteVolume, bars[0]?.takerBuyQuoteVolume]).toEqual([amount('75.25'), amount('50.5')]);
  });

  it('have a past before the recording, whose hours are made of its minutes', () => {
    const { bars } = new Given().market;
    const hour = bars.at('1h', START - 7_200_000, START);
    const minutes = bars.earliest('1m', START - 7_200_000, START - 3_600_001, 100);
    expect(minutes).toHaveLength(60);
    expect(hour?.volume).toBe(minutes.reduce((sum, { volume }) => sum + volume, 0n));
    expect([hour?.open, hour?.close]).toEqual([minutes[0]?.open, minutes.at(-1)?.close]);
    expect(bars.at('1m', START - 60_000, START)?.close).toBe(amount('100'));
  });
});
