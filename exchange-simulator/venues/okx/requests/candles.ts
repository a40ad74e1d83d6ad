import { multiply, ONE } from '../../../core/amount.ts';
import { type Bar, barStart, nextBarStart } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import { plain } from '../formats.ts';
import { CONTRACT_VALUE, typeOf } from '../instruments.ts';

/** Bars of six hours and longer begin as the day does in Hong Kong, but for those that say `utc`. */
const HONG_KONG_MS = 8 * 3600 * 1000;

interface Interval {
  /** As the market's bars call it. */
  readonly name: string;
  readonly offsetMs: number;
}

const SHORT = ['1s', '1m', '3m', '5m', '15m', '30m', '1H', '2H', '4H'];
const LONG = ['6H', '12H', '1D', '1W'];

const INTERVALS: Readonly<Record<string, Interval>> = Object.fromEntries([
  ...SHORT.map((bar) => [bar, { name: bar.toLowerCase(), offsetMs: 0 }]),
  ...LONG.map((bar) => [bar, { name: bar.toLowerCase(), offsetMs: HONG_KONG_MS }]),
  ...LONG.map((bar) => [`${bar}utc`, { name: bar.toLowerCase(), offsetMs: 0 }]),
  ['1Mutc', { name: '1M', offsetMs: 0 }],
]);

export function isBar(name: string): boolean {
  return Object.hasOwn(INTERVALS, name);
}

/** The start of the bar that holds `at`. */
export function candleStart(bar: string, at: number): number {
  const { name, offsetMs } = INTERVALS[bar] as Interval;
  return barStart(name, at + offsetMs) - offsetMs;
}

/** The bar that starts at `start`, as a row. Undefined where nothing is known of it. */
export function candle(market: Market, bar: string, start: number, now: number): string[] | undefined {
  const { name, offsetMs } = INTERVALS[bar] as Interval;
  const found = market.bars.at(name, start, now);
  const end = nextBarStart(name, start + offsetMs) - offsetMs;
  return found === undefined ? undefined : row(market, found, end <= now);
}

/** Newest first: bars that start before `after`, and later than `before`, among the `known` latest ones. */
export function candles(
  market: Market,
  bar: string,
  range: {
    readonly after: number | undefined;
    readonly before: number | undefined;
    readonly limit: number;
    readonly known: number;
  },
  now: number,
): string[][] {
  const rows: string[][] = [];
  const last = Math.min(now, (range.after ?? Number.POSITIVE_INFINITY) - 1);
  let start = candleStart(bar, last);
  const span = candleStart(bar, now) - candleStart(bar, candleStart(bar, now) - 1);
  const first = Math.max((range.before ?? -1) + 1, candleStart(bar, now) - (range.known - 1) * span);
  for (; start >= first && rows.length < range.limit; start = candleStart(bar, start - 1)) {
    const found = candle(market, bar, start, now);
    if (found === undefined) break;
    rows.push(found);
  }
  return rows;
}

/** Start, prices, volume, volume in the coin, volume in the quote currency, and 1 for a bar that is closed. */
function row(market: Market, bar: Bar, isClosed: boolean): string[] {
  const prices = [bar.open, bar.high, bar.low, bar.close].map(plain);
  const isSwap = typeOf(market) === 'SWAP';
  const quote = multiply(bar.quoteVolume, isSwap ? CONTRACT_VALUE : ONE);
  const volumes = isSwap ? [bar.volume, multiply(bar.volume, CONTRACT_VALUE), quote] : [bar.volume, quote, quote];
  return [String(bar.start), ...prices, ...volumes.map(plain), isClosed ? '1' : '0'];
}
