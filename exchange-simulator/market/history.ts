import { type Amount, multiply } from '../core/amount.ts';
import { Random } from '../core/random.ts';
import { type Bar, MINUTE } from './bars.ts';
import type { Instrument } from './instrument.ts';

/** Swings of the price before the first trade: how long one takes, in minutes, and how far it goes, in billionths. */
const SWINGS: readonly (readonly [minutes: number, width: number])[] = [
  [97, 1_000_000],
  [1_013, 6_000_000],
  [10_007, 30_000_000],
  [61_001, 120_000_000],
  [300_007, 250_000_000],
];

/**
 * Made-up bars of a minute for any time before `start`, that end at `price`: warm-up needs a past that a recording of
 * minutes does not have. The same seed makes the same past.
 */
export function madeUpHistory(instrument: Instrument, start: number, price: Amount, seed: number): (at: number) => Bar {
  const random = new Random(seed);
  const phases = SWINGS.map(() => random.between(0, 1_000_000));
  // Whole numbers alone: the same on every machine, and quick for the hundreds of thousands of minutes of a year.
  const wave = (at: number): bigint => {
    const minute = at / MINUTE;
    let sum = 1_000_000_000n;
    for (const [index, [minutes, width]] of SWINGS.entries()) {
      const part = ((minute + (phases[index] ?? 0)) % minutes) * 2;
      sum += BigInt(Math.trunc((width * (part < minutes ? part : 2 * minutes - part)) / minutes));
    }
    return sum;
  };
  const origin = wave(start - (start % MINUTE));
  const priceAt = (at: number): Amount => {
    if (at >= start) return price;
    const exact = (price * wave(at)) / origin;
    return exact - (exact % instrument.tickSize);
  };
  // Minutes are asked for in order: the close of one is the open of the next.
  let known: readonly [at: number, price: Amount] = [Number.NaN, 0n];
  return (at) => {
    const end = Math.min(at + MINUTE, start);
    const open = known[0] === at ? known[1] : priceAt(at);
    const close = priceAt(end);
    known = [end, close];
    const lots = BigInt(100 + ((at / MINUTE) % 97));
    const volume = lots * instrument.leastQuantity;
    const quoteVolume = multiply(volume, close);
    return {
      start: at,
      open,
      high: open > close ? open : close,
      low: open < close ? open : close,
      close,
      volume,
      quoteVolume,
      trades: 10,
      takerBuyVolume: close >= open ? volume : 0n,
      takerBuyQuoteVolume: close >= open ? quoteVolume : 0n,
      firstTradeId: -1,
      lastTradeId: -1,
    };
  };
}
