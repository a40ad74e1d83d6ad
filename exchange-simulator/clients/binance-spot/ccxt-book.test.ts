import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Fault } from '../../faults/fault.ts';
import { type Simulated, touch } from '../simulated.ts';
import { type Ccxt, ccxtOf, simulatedBinanceSpot } from './simulated.ts';

const SYMBOL = 'BTC/USDT';
/** A snapshot of ccxt has 1000 levels a side; what lies deeper it cannot know. */
const LEVELS = 200;

describe('the book that ccxt keeps', () => {
  let simulated: Simulated;
  let client: Ccxt;

  before(async () => {
    simulated = await simulatedBinanceSpot();
    client = await ccxtOf(simulated);
  });

  after(async () => {
    await client.close();
    await simulated.stop();
  });

  /** Follows the book for some updates, and counts how often ccxt had to begin again. */
  async function follow(updates: number): Promise<number> {
    let restarts = 0;
    for (let seen = 0; seen < updates; ) {
      try {
        const { nonce, bids, asks } = await client.watchOrderBook(SYMBOL);
        const pairs = (levels: unknown): number[][] =>
          (levels as number[][]).slice(0, LEVELS).map(([price, quantity]) => [price ?? 0, quantity ?? 0]);
        assert.equal(
          difference({ bids: pairs(bids), asks: pairs(asks) }, touch(simulated.market.bookAt(Number(nonce)), LEVELS)),
          '',
        );
        seen += 1;
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error;
        restarts += 1;
        assert.ok(restarts < 20, `ccxt does not come back: ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    return restarts;
  }

  it('is the one of the simulator, update by update', async () => {
    assert.equal(await follow(20), 0);
  });

  it("is the simulator's again after each of 20 gaps", async () => {
    for (let gap = 0; gap < 20; gap += 1) {
      simulated.running.exchange.faults.inject({ kind: 'gap', frames: 1 + (gap % 3), on: 'public' });
      assert.ok((await follow(4)) >= 1);
    }
  });

  const faults: readonly (readonly [string, Fault, number])[] = [
    ['a gap', { kind: 'gap', frames: 2, on: 'public' }, 1],
    ['a cut', { kind: 'cut', on: 'all' }, 1],
    ['swapped frames', { kind: 'reorder', frames: 1, on: 'public' }, 1],
    ['frames that come twice', { kind: 'duplicate', frames: 3, on: 'public' }, 0],
    ['late frames', { kind: 'delay', byMs: 300, forMs: 1000, on: 'public' }, 0],
    ['a restart whose ids begin again', { kind: 'restart', downMs: 300, isIdReset: true }, 1],
  ];
  for (const [name, fault, restarts] of faults) {
    it(`is the simulator's again after ${name}`, async () => {
      simulated.running.exchange.faults.inject(fault);
      assert.ok((await follow(15)) >= restarts);
    });
  }
});

/** The levels that only one of two books has, as text. */
function difference(a: ReturnType<typeof touch>, b: ReturnType<typeof touch>): string {
  const lines = ({ bids, asks }: ReturnType<typeof touch>): string[] => [
    ...bids.map((level) => `bid ${level.join(' x ')}`),
    ...asks.map((level) => `ask ${level.join(' x ')}`),
  ];
  const [first, second] = [lines(a), lines(b)];
  const extra = first.filter((line) => !second.includes(line)).map((line) => `client only: ${line}`);
  return [...extra, ...second.filter((line) => !first.includes(line)).map((line) => `simulator only: ${line}`)].join('; ');
}
