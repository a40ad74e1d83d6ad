import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { amount } from '../../exchange-simulator/core/amount.ts';
import type { Market } from '../../exchange-simulator/market/market.ts';
import { readRecording } from '../../exchange-simulator/venues/binance/recording.ts';

interface BookTicker {
  readonly u: number;
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

/** The lines of a recording, as text. */
export function linesOf(recording: string): string[] {
  return gunzipSync(readFileSync(recording)).toString('utf8').split('\n');
}

/**
 * Lets a market live through the first `most` changes of a recording. Where Binance itself sent the best prices at the
 * id of a change, they must be the market's; returns how often it did.
 */
export function compareWithTickers(market: Market, recording: string, most: number): number {
  const tickers = new Map<number, BookTicker>();
  for (const line of linesOf(recording)) {
    if (!line.includes('@bookTicker')) continue;
    const { data } = JSON.parse(line.slice(line.indexOf(' ') + 1)) as { data: BookTicker };
    tickers.set(data.u, data);
  }
  let [compared, changes] = [0, 0];
  for (const event of readRecording([recording])) {
    if (changes > most) break;
    market.apply(event);
    if (event.kind !== 'depth') continue;
    changes += 1;
    const ticker = tickers.get(event.lastId);
    if (ticker === undefined) continue;
    compared += 1;
    expect(market.book.best('buy')).toEqual([amount(ticker.b), amount(ticker.B)]);
    expect(market.book.best('sell')).toEqual([amount(ticker.a), amount(ticker.A)]);
  }
  return compared;
}
