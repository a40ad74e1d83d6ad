import type { Amount } from '../core/amount.ts';
import { Random } from '../core/random.ts';

/** Who holds a perpetual pays or gets funding every eight hours, from midnight UTC. */
export const FUNDING_MS = 8 * 3600 * 1000;

/** The funding time that was last, or is now. */
export function lastFunding(at: number): number {
  return at - (at % FUNDING_MS);
}

/** The funding time that comes next. */
export function nextFunding(at: number): number {
  return lastFunding(at) + FUNDING_MS;
}

/** The rate that is paid at a funding time: made up, from -0.01 % to 0.03 %, and the same each time it is asked for. */
export function fundingRate(fundingTime: number): Amount {
  return BigInt(new Random(fundingTime / FUNDING_MS).between(-10_000, 30_000)) * 10n ** 4n;
}
