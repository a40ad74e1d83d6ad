import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatAmount } from '../../core/amount.ts';
import type { Ccxt } from '../ccxt-binance.ts';
import type { Simulated } from '../simulated.ts';
import { ccxtOf, SYMBOL, simulatedBinanceUsdm } from './simulated.ts';

const MINUTE = 60_000;
const number = (value: bigint): number => Number(formatAmount(value, 12));

describe('what ccxt reads of a perpetual', () => {
  let simulated: Simulated;
  let client: Ccxt;

  before(async () => {
    simulated = await simulatedBinanceUsdm();
    client = await ccxtOf(simulated);
  });

  after(async () => {
    await client.close();
    await simulated.stop();
  });

  it('is a linear swap with its grid', async () => {
    await client.loadMarkets();
    const { swap, linear, active, contractSize, precision, limits } = client.market(SYMBOL);
    assert.deepEqual([swap, linear, active, contractSize], [true, true, true, 1]);
    assert.deepEqual([precision.price, precision.amount, limits.cost?.min], [0.1, 0.001, 100]);
  });

  it('are its trades: each one, in order, with the ids, prices and quantities of the simulator', async () => {
    const seen = new Map<number, [number, number]>();
    while (seen.size < 20) {
      for (const { id, price, amount } of await client.watchTrades(SYMBOL)) seen.set(Number(id), [price, amount ?? 0]);
    }
    const ids = [...seen.keys()];
    assert.equal((ids.at(-1) ?? 0) - (ids[0] ?? 0), ids.length - 1);
    for (const trade of simulated.market.trades.from(ids[0] ?? 0, ids.length)) {
      assert.deepEqual(seen.get(trade.id), [number(trade.price), number(trade.quantity)]);
    }
  });

  it('are its bars: the open one as it grows, and two hundred days before it', async () => {
    const [live] = await client.watchOHLCV(SYMBOL, '1m');
    const [start, open] = [Number(live?.[0]), Number(live?.[1])];
    assert.equal(start % MINUTE, 0);
    assert.equal(open, number(simulated.market.bars.at('1m', start, start + MINUTE - 1)?.open ?? 0n));
    const days = await client.fetchOHLCV(SYMBOL, '1d', undefined, 200);
    assert.equal(days.length, 200);
    for (const [index, [at]] of days.entries()) assert.equal(Number(at) - Number(days[0]?.[0]), index * 24 * 60 * MINUTE);
  });

  it('are mark, index and funding, as requests and as the stream give them', async () => {
    const [asked, { markPrice, info }] = [await client.fetchFundingRate(SYMBOL), await client.watchMarkPrice(SYMBOL)];
    const bid = number(simulated.market.book.best('buy')?.[0] ?? 0n);
    for (const mark of [asked.markPrice, markPrice]) assert.ok(Math.abs((mark ?? 0) - bid) < 200);
    const premium = (asked.markPrice ?? 0) / (asked.indexPrice ?? 1) - 1;
    assert.ok(Math.abs(premium - (asked.fundingRate ?? 1)) < 1e-8);
    assert.equal(new Date(asked.fundingTimestamp ?? 1).getTime() % (8 * 60 * MINUTE), 0);
    assert.deepEqual([Number(info.r), Number(info.T)], [asked.fundingRate, asked.fundingTimestamp]);
    const history = await client.fetchFundingRateHistory(SYMBOL, undefined, 10);
    assert.equal(history.length, 10);
    for (const [index, { timestamp }] of history.entries()) {
      assert.equal((timestamp ?? 0) - (history[0]?.timestamp ?? 0), index * 8 * 60 * MINUTE);
    }
  });

  it('are the best prices, as requests and as the stream give them', async () => {
    const { bid, ask } = await client.watchBidsAsks([SYMBOL]).then((all) => all[SYMBOL] ?? { bid: 0, ask: 0 });
    assert.ok((bid ?? 0) > 0 && (bid ?? 0) < (ask ?? 0));
    const asked = await client.fetchBidsAsks([SYMBOL]).then((all) => all[SYMBOL] ?? { bid: 0, ask: 0 });
    assert.ok((asked.bid ?? 0) > 0 && (asked.bid ?? 0) < (asked.ask ?? 0));
  });
});
