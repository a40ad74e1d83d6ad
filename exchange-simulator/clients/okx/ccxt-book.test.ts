import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../faults/fault.ts';
import { followBook } from '../ccxt-book.ts';
import type { Simulated } from '../simulated.ts';
import { type Ccxt, ccxtOf, marketOf, simulatedOkx } from './simulated.ts';

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

  const follow = (updates: number, symbol = 'BTC/USDT', instrument = 'BTC-USDT'): Promise<number> =>
    followBook(client, symbol, marketOf(simulated, instrument), updates, async () => {
      // This version subscribes again without leaving first, and so gets no snapshot: only a new connection helps.
      await client.close();
      await new Promise((resolve) => setTimeout(resolve, 400));
    });

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
