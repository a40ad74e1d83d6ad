import { type Amount, multiply, ONE } from '../core/amount.ts';
import { Random } from '../core/random.ts';
import { type Bar, MINUTE } from './bars.ts';
import type { Instrument } from './instrument.ts';

/** Swings of the price before the first trade: how long one takes, in minutes, and how far it goes. */
const SWINGS: readonly (readonly [minutes: number, width: number])[] = [
  [97, 0.001],
  [1_013, 0.006],
  [10_007, 0.03],
  [61_001, 0.12],
  [300_007, 0.25],
];

/**
 * Made-up bars of a minute for any time before `start`, that end at `price`: warm-up needs a past that a recording of
 * minutes does not have. The same seed makes the same past.
 */
export function madeUpHistory(instrument: Instrument, start: number, price: Amount, seed: number): (at: number) => Bar {
  const random = new Random(seed);
  const phases = SWINGS.map(() => random.next() * 2 * Math.PI);
  const wave = (at: number): number =>
    SWINGS.reduce(
      (sum, [minutes, width], index) => sum + width * Math.sin((2 * Math.PI * at) / (minutes * MINUTE) + (phases[index] ?? 0)),
      0,
    );
  const origin = wave(start);
  const priceAt = (at: number): Amount => {
    const factor = BigInt(Math.round(Math.exp(wave(at) - origin) * 1e9)) * (ONE / 10n ** 9n);
    const exact = multiply(price, factor);
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
    const volume = lots * instrument.lotSize;
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
