import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatAmount } from '../../core/amount.ts';
import type { Fault } from '../../faults/fault.ts';
import { type Simulated, touch } from '../simulated.ts';
import { type Ccxt, ccxtOf, simulatedBybit } from './simulated.ts';

const DEPTH = 50;

/** ccxt does not look at `u`: after a gap its book is wrong until a snapshot comes, and nothing but this test notices. */
describe('the book that ccxt keeps', () => {
  let simulated: Simulated;
  let client: Ccxt;
  /** The ids of the market's books by the time at which they were published. */
  const published = new Map<number, number[]>();

  before(async () => {
    simulated = await simulatedBybit();
    client = await ccxtOf(simulated);
    simulated.market.observe({
      depth: ({ lastId }) => {
        const at = simulated.running.exchange.now();
        // A frame may bear the next millisecond.
        for (const time of [at, at + 1, at + 2]) published.set(time, [...(published.get(time) ?? []), lastId]);
      },
    });
  });

  after(async () => {
    await client.close();
    await simulated.stop();
  });

  const levelsOf = ({ bids, asks }: { bids: unknown; asks: unknown }): ReturnType<typeof touch> => {
    const pairs = (levels: unknown): number[][] => (levels as number[][]).map(([price, quantity]) => [price ?? 0, quantity ?? 0]);
    return { bids: pairs(bids), asks: pairs(asks) };
  };

  /** Follows the book for some updates, and counts those that are the simulator's. */
  async function follow(updates: number): Promise<{ right: number; restarts: number }> {
    let [right, restarts] = [0, 0];
    for (let seen = 0; seen < updates; ) {
      try {
        const book = await client.watchOrderBook('BTC/USDT', DEPTH);
        const mine = JSON.stringify(levelsOf(book));
        const ids = published.get(Number(book.timestamp)) ?? [simulated.market.book.lastId];
        if (ids.some((id) => JSON.stringify(touch(simulated.market.bookAt(id), DEPTH)) === mine)) right += 1;
        seen += 1;
      } catch (error) {
        restarts += 1;
        assert.ok(restarts < 20, `ccxt does not come back: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    return { right, restarts };
  }

  it('is the one of the simulator, update by update', async () => {
    assert.deepEqual(await follow(20), { right: 20, restarts: 0 });
  });

  it('is wrong after a gap, and right again after it subscribed anew: 20 times', async () => {
    let wrong = 0;
    for (let gap = 0; gap < 20; gap += 1) {
      simulated.running.exchange.faults.inject({ kind: 'gap', frames: 1 + (gap % 3), on: 'public' });
      wrong += 2 - (await follow(2)).right;
      await client.unWatchOrderBook('BTC/USDT', { limit: DEPTH });
      assert.deepEqual(await follow(3), { right: 3, restarts: 0 }, `gap ${gap}`);
    }
    assert.ok(wrong > 10, `${wrong} of 40 books after a gap were wrong: ccxt would notice more than it does`);
  });

  it('is one of linear as well, with mark and funding', async () => {
    const linear = simulated.running.exchange.markets.get('linear:BTCUSDT') as Simulated['market'];
    const [id, bid] = [linear.book.lastId, Number(formatAmount(linear.book.best('buy')?.[0] ?? 0n, 1))];
    const { mark, rate, next } = await client
      .fetchFundingRate('BTC/USDT:USDT')
      .then(({ markPrice, fundingRate, fundingTimestamp }) => ({ mark: markPrice, rate: fundingRate, next: fundingTimestamp }));
    assert.ok(Math.abs((mark ?? 0) - bid) < 100);
    assert.equal(rate, 0.0001);
    assert.equal(new Date(next ?? 0).getUTCHours() % 8, 0);
    const book = await client.watchOrderBook('BTC/USDT:USDT', DEPTH);
    const mine = JSON.stringify(levelsOf(book));
    const ids = Array.from({ length: linear.book.lastId - id + 1 }, (_, index) => id + index);
    const known = ids.map((one) => linear.bookAt(one)).filter((one) => one !== undefined);
    assert.ok(known.some((one) => JSON.stringify(touch(one, DEPTH)) === mine));
  });

  const faults: readonly (readonly [string, Fault, number])[] = [
    ['a cut', { kind: 'cut', on: 'all' }, 1],
    ['late frames', { kind: 'delay', byMs: 300, forMs: 1000, on: 'public' }, 0],
    ['a restart whose ids begin again', { kind: 'restart', downMs: 300, isIdReset: true }, 1],
    ['a snapshot with u=1 on the live connection', { kind: 'reset-books', isEmpty: false }, 0],
    ['an empty book with u=1', { kind: 'reset-books', isEmpty: true }, 0],
  ];
  for (const [name, fault, restarts] of faults) {
    it(`is the simulator's again after ${name}`, async () => {
      simulated.running.exchange.faults.inject(fault);
      assert.ok((await follow(15)).restarts >= restarts);
      assert.deepEqual(await follow(5), { right: 5, restarts: 0 });
    });
  }
});
