/** How an account stands as time passes: its now, its day, its peak, its worst drawdown, and when that is recorded. */

import { compare, type Decimal, formatDecimal, multiply, rescale } from '../decimal.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';
import type { Account } from './account.ts';

/**
 * Moves the account's now on. The first evidence at or past the start of a UTC day sets that day's opening equity, so
 * this is called after its marks were taken in.
 */
export function advance(account: Account, timeMs: number): void {
  if (timeMs > account.nowMs) account.nowMs = timeMs;
  const day = Math.floor(account.nowMs / DAY_MS);
  if (day === account.day) return;
  account.day = day;
  account.dayStart = account.equity;
}

/** Takes the equity as it is now into the peak or the worst drawdown. */
export function noteEquity(account: Account): void {
  const { equity, maxDrawdown } = account;
  if (compare(equity, account.peak) > 0) account.peak = equity;
  else if (compare(multiply(equity, maxDrawdown.peak), multiply(maxDrawdown.equity, account.peak)) < 0) {
    account.maxDrawdown = { peak: account.peak, equity };
  }
}

/** From here on peak and drawdown are counted from the start. */
export function resetDrawdown(account: Account): void {
  account.peak = account.equity;
  account.maxDrawdown = { peak: account.equity, equity: account.equity };
}

/** Is there a new day, or another minute with another equity, since the account was last marked? */
export function isMarkDue(account: Account): boolean {
  const { marked } = account;
  if (!account.isOpened) return false;
  if (account.day !== marked.day) return true;
  return Math.floor(account.nowMs / MINUTE_MS) !== marked.minute && compare(account.equity, marked.equity) !== 0;
}

/** Most decimal places of a number on the tape. */
const TAPE_SCALE = 24;

/** Equity as it is recorded: exact, but for digits that no number on the tape has. */
export function equityText(equity: Decimal): string {
  return formatDecimal(equity.scale <= TAPE_SCALE ? equity : rescale(equity, TAPE_SCALE, 'half-even'));
}

/** After it was marked on the tape. */
export function noteMark(account: Account, peak: Decimal, dayStart: Decimal): void {
  account.isOpened = true;
  account.peak = peak;
  account.dayStart = dayStart;
  noteEquity(account);
  account.marked = { day: account.day, minute: Math.floor(account.nowMs / MINUTE_MS), equity: account.equity };
}
