import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../faults/fault.ts';
import type { Ccxt } from './ccxt-binance.ts';
import { followBook } from './ccxt-book.ts';
import type { Simulated } from './simulated.ts';

/** What happens to a book of Binance, and how often ccxt begins again at least. */
const DRILLS: readonly (readonly [string, Fault, number])[] = [
  ['a gap', { kind: 'gap', frames: 2, on: 'public' }, 1],
  ['a cut', { kind: 'cut', on: 'all' }, 1],
  ['swapped frames', { kind: 'reorder', frames: 1, on: 'public' }, 1],
  ['frames that come twice', { kind: 'duplicate', frames: 3, on: 'public' }, 0],
  ['late frames', { kind: 'delay', byMs: 300, forMs: 1000, on: 'public' }, 0],
  ['a restart whose ids begin again', { kind: 'restart', downMs: 300, isIdReset: true }, 1],
];

/** One of Binance's markets, and ccxt beside it. */
export interface Subject {
  simulate(): Promise<Simulated>;
  connect(simulated: Simulated): Promise<Ccxt>;
  readonly symbol: string;
}

/** The book that ccxt keeps of one of Binance's markets is the simulator's, through all that happens to it. */
export function describeBook({ simulate, connect, symbol }: Subject): void {
  describe('the book that ccxt keeps', () => {
    let simulated: Simulated;
    let client: Ccxt;

    before(async () => {
      simulated = await simulate();
      client = await connect(simulated);
    });

    after(async () => {
      await client.close();
      await simulated.stop();
    });

    const follow = (updates: number): Promise<number> => followBook(client, symbol, simulated.market, updates);

    it('is the one of the simulator, update by update', async () => {
      assert.equal(await follow(20), 0);
    });

    it("is the simulator's again after each of 20 gaps", async () => {
      for (let gap = 0; gap < 20; gap += 1) {
        simulated.running.exchange.faults.inject({ kind: 'gap', frames: 1 + (gap % 3), on: 'public' });
        assert.ok((await follow(4)) >= 1);
      }
    });

    for (const [name, fault, restarts] of DRILLS) {
      it(`is the simulator's again after ${name}`, async () => {
        simulated.running.exchange.faults.inject(fault);
        assert.ok((await follow(15)) >= restarts);
      });
    }
  });
}
