import { type Amount, formatAmount } from '../../core/amount.ts';
import type { Level } from '../../market/market-event.ts';

/** Prices, quantities and balances: without trailing zeros. */
export function plain(value: Amount): string {
  return formatAmount(value, 12).replace(/\.?0+$/, '');
}

/** `[price, size, "0", orders]`: as many orders as may be said of a level that counts none, which is one. */
export function levelsAsText(levels: readonly Level[]): [string, string, string, string][] {
  return levels.map(([price, size]) => [plain(price), plain(size), '0', size === 0n ? '0' : '1']);
}

/** OKX's ids have 19 digits: more than a number of JavaScript can hold. */
const FIRST_ID = 2_400_000_000_000_000_000n;

/** An order's or a bill's id, from a small number. */
export function longId(number: number): string {
  return String(FIRST_ID + BigInt(number));
}
