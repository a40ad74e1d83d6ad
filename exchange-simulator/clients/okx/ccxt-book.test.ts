import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../faults/fault.ts';
import { type Simulated, touch } from '../simulated.ts';
import { type Ccxt, ccxtOf, marketOf, simulatedOkx } from './simulated.ts';

/** Less than what the channel has: deeper levels leave it and come back. */
const LEVELS = 200;

describe('the books that ccxt keeps', () => {
  let simulated: Simulated;
  let client: Ccxt;

  before(async () => {
    simulated = await simulatedOkx();
    client = await ccxtOf(simulated);
  });

  after(async () => {
    await client.close();
    await simulated.stop();
  });

  /** Follows the book for some updates, and counts how often ccxt had to begin again. */
  async function follow(updates: number, symbol = 'BTC/USDT', instrument = 'BTC-USDT'): Promise<number> {
    let restarts = 0;
    for (let seen = 0; seen < updates; ) {
      try {
        const { nonce, bids, asks } = await client.watchOrderBook(symbol);
        // ccxt's lists are of classes of their own.
        const pairs = (levels: unknown): number[][] =>
          Array.from(levels as number[][], ([price, quantity]) => [price ?? 0, quantity ?? 0]).slice(0, LEVELS);
        const kept = { bids: pairs(bids), asks: pairs(asks) };
        assert.deepEqual(kept, touch(marketOf(simulated, instrument).bookAt(Number(nonce)), LEVELS));
        seen += 1;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        restarts += 1;
        assert.ok(restarts < 20, `ccxt does not come back: ${String(error)}`);
        // This version subscribes again without leaving first, and so gets no snapshot: only a new connection helps.
        await client.close();
        await new Promise((resolve) => setTimeout(resolve, 400));
      }
    }
    return restarts;
  }

  it('are those of the simulator, update by update, for spot and for the swap', async () => {
    assert.equal(await follow(20), 0);
    assert.equal(await follow(10, 'BTC/USDT:USDT', 'BTC-USDT-SWAP'), 0);
  });

  it("are the simulator's again after each of 20 gaps", async () => {
    for (let gap = 0; gap < 20; gap += 1) {
      simulated.running.exchange.faults.inject({ kind: 'gap', frames: 1 + (gap % 3), on: 'public', stream: 'BTC-USDT:books' });
      assert.ok((await follow(4)) >= 1);
    }
  });

  const faults: readonly (readonly [string, Fault, number])[] = [
    ['a cut', { kind: 'cut', on: 'all' }, 1],
    ['swapped frames', { kind: 'reorder', frames: 1, on: 'public' }, 1],
    ['frames that come twice', { kind: 'duplicate', frames: 3, on: 'public' }, 1],
    ['late frames', { kind: 'delay', byMs: 300, forMs: 1000, on: 'public' }, 0],
    ['ids that begin again on a live connection', { kind: 'reset-books', isEmpty: false }, 0],
    ['an upgrade of the service', { kind: 'upgrade', leadMs: 300 }, 1],
    ['a restart whose ids begin again', { kind: 'restart', downMs: 300, isIdReset: true }, 1],
  ];
  for (const [name, fault, restarts] of faults) {
    it(`are the simulator's again after ${name}`, async () => {
      simulated.running.exchange.faults.inject(fault);
      assert.ok((await follow(15)) >= restarts);
    });
  }
});
