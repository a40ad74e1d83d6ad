/**
 * How an account stands as time passes: its now, its day, its peak, its worst drawdown, and when that is recorded.
 * A UTC day is counted from what the account was worth after everything up to its 00:00, before anything later values
 * it again: a loss over midnight belongs to the new day.
 */

import { compare, type Decimal, formatDecimal, multiply, rescale } from '../decimal.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';
import type { Account } from './account.ts';

/**
 * Called before something of that time values the account again. What it was worth until then is the baseline of the
 * day that has begun since.
 */
export function enterTime(account: Account, timeMs: number): void {
  if (timeMs <= account.valuedMs) return;
  const dayStartMs = Math.floor(timeMs / DAY_MS) * DAY_MS;
  if (timeMs > dayStartMs && account.valuedMs <= dayStartMs) account.dayStart = account.equity;
  account.valuedMs = timeMs;
}

/** Moves the account's now on; called before what comes at that time is taken in. */
export function advance(account: Account, timeMs: number): void {
  enterTime(account, timeMs);
  if (timeMs > account.nowMs) account.nowMs = timeMs;
}

/** Does something of that time come late, and belongs to before the day that the account is in? */
export function isBeforeDay({ valuedMs }: Account, timeMs: number): boolean {
  return timeMs <= Math.floor(valuedMs / DAY_MS) * DAY_MS;
}

/** The day's baseline. At 00:00 sharp it is the equity, because all that comes at that time is still to count in it. */
export function dayStartOf({ valuedMs, equity, dayStart }: Account): Decimal {
  return valuedMs % DAY_MS === 0 ? equity : dayStart;
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

/** Is a mark owed, or is there a new day, or another minute with another equity, since the account was last marked? */
export function isMarkDue({ isOpened, isMarkOwed, valuedMs, equity, marked }: Account): boolean {
  if (!isOpened) return false;
  if (isMarkOwed || isAnother(DAY_MS, valuedMs, marked.timeMs)) return true;
  return isAnother(MINUTE_MS, valuedMs, marked.timeMs) && compare(equity, marked.equity) !== 0;
}

function isAnother(lengthMs: number, aMs: number, bMs: number): boolean {
  return Math.floor(aMs / lengthMs) !== Math.floor(bMs / lengthMs);
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
  account.marked = { timeMs: account.valuedMs, equity: account.equity };
  account.isMarkOwed = false;
}
