import assert from 'node:assert/strict';
import type { Market } from '../market/market.ts';
import { touch } from './simulated.ts';

/** How many levels a side are compared: less than what ccxt asks for, as deeper ones leave what it knows and come back. */
const LEVELS = 200;

/** What is asked of ccxt's classes here, whatever the venue. */
interface Watching {
  watchOrderBook(symbol: string): Promise<{ nonce?: number | undefined; bids: unknown; asks: unknown }>;
}

/**
 * Follows the book of ccxt for some updates, each of which must be the book of the simulator at that id, and counts how
 * often ccxt had to begin again; `again` is what it needs before it does.
 */
export async function followBook(
  client: Watching,
  symbol: string,
  market: Market,
  updates: number,
  again: () => Promise<unknown> = () => new Promise((resolve) => setTimeout(resolve, 100)),
): Promise<number> {
  let restarts = 0;
  for (let seen = 0; seen < updates; ) {
    try {
      const { nonce, bids, asks } = await client.watchOrderBook(symbol);
      const kept = { bids: pairs(bids), asks: pairs(asks) };
      assert.equal(difference(kept, touch(market.bookAt(Number(nonce)), LEVELS)), '');
      seen += 1;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      restarts += 1;
      assert.ok(restarts < 20, `ccxt does not come back: ${String(error)}`);
      await again();
    }
  }
  return restarts;
}

/** ccxt's lists are of classes of their own. */
function pairs(levels: unknown): number[][] {
  return Array.from(levels as number[][], ([price, quantity]) => [price ?? 0, quantity ?? 0]).slice(0, LEVELS);
}

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
