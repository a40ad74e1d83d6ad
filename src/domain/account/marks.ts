/**
 * How an account stands as time passes: its now, its day, its peak, its worst drawdown, and when that is recorded.
 * A UTC day is counted from what the account was worth after everything up to its 00:00, before anything later values
 * it again: a loss over midnight belongs to the new day. An instrument that only prices what is held may be days or
 * years ahead of the account's now: that changes its worth, and takes neither its day nor its marks away.
 */

import { add, compare, type Decimal, formatDecimal, multiply, rescale, subtract, ZERO } from '../decimal.ts';
import { DAY_MS, MINUTE_MS } from '../time.ts';
import type { Account, DayAhead } from './account.ts';

function startOfDay(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

/** Called before something of that time, which does not move its now, values the account again. */
export function enterTime(account: Account, timeMs: number): void {
  const { ahead } = account;
  if (account.nowMs === 0 || startOfDay(timeMs) <= startOfDay(account.valuedMs)) enterOwnTime(account, timeMs);
  else if (ahead === null || startOfDay(ahead.timeMs) < startOfDay(timeMs)) {
    account.ahead = { timeMs, change: ZERO, isAside: false };
  } else if (startOfDay(ahead.timeMs) === startOfDay(timeMs)) ahead.timeMs = Math.max(ahead.timeMs, timeMs);
}

/** What the account was worth until then is the baseline of the day that has begun since. */
function enterOwnTime(account: Account, timeMs: number): void {
  if (timeMs <= account.valuedMs) return;
  const startMs = startOfDay(timeMs);
  if (timeMs > startMs && account.valuedMs <= startMs) account.dayStart = account.equity;
  account.valuedMs = timeMs;
}

/** Moves the account's now on; called before what comes at that time is taken in. */
export function advance(account: Account, timeMs: number): void {
  // Until here it had no now, and went by whatever has a price.
  if (account.nowMs === 0 && startOfDay(timeMs) < startOfDay(account.valuedMs)) {
    account.ahead = { timeMs: account.valuedMs, change: subtract(account.equity, dayStartOf(account)), isAside: true };
    account.valuedMs = timeMs;
    account.dayStart = account.equity;
  }
  if (account.ahead !== null) meetDayAhead(account, account.ahead, timeMs);
  enterOwnTime(account, timeMs);
  if (timeMs > account.nowMs) account.nowMs = timeMs;
}

/** The account's now comes into that day, passes it, or is still before it. */
function meetDayAhead(account: Account, ahead: DayAhead, timeMs: number): void {
  const startMs = startOfDay(ahead.timeMs);
  if (timeMs < startMs) ahead.isAside = true;
  if (timeMs <= startMs) return;
  account.ahead = null;
  if (startOfDay(timeMs) !== startMs) return;
  account.dayStart = subtract(account.equity, ahead.change);
  account.valuedMs = ahead.timeMs;
}

/**
 * After something of that time has changed the equity from `before`, and the day's start by as much of it as is no
 * profit. What comes late, and is of before a day, counts in the day's baseline.
 */
export function noteRevaluation(account: Account, timeMs: number, before: Pick<Account, 'equity' | 'dayStart'>): void {
  const { ahead, valuedMs } = account;
  const change = subtract(account.equity, before.equity);
  if (ahead !== null && timeMs > startOfDay(ahead.timeMs)) {
    ahead.change = add(ahead.change, subtract(change, subtract(account.dayStart, before.dayStart)));
  } else if (timeMs <= startOfDay(valuedMs)) account.dayStart = add(before.dayStart, change);
  noteEquity(account);
}

/** The day that the account is in, where that is one ahead of its now. */
function dayAheadOf({ ahead }: Account): DayAhead | null {
  return ahead === null || ahead.isAside ? null : ahead;
}

/** The time that the account's day and its marks go by, epoch ms; 0 before any market has told one. */
export function timeOf(account: Account): number {
  return dayAheadOf(account)?.timeMs ?? account.valuedMs;
}

/** The day's baseline. At 00:00 sharp it is the equity, because all that comes at that time is still to count in it. */
export function dayStartOf(account: Account): Decimal {
  const { valuedMs, equity, dayStart, ahead } = account;
  if (dayAheadOf(account) === null && valuedMs % DAY_MS !== 0) return dayStart;
  const isOfThatDay = ahead !== null && (!ahead.isAside || startOfDay(ahead.timeMs) === valuedMs);
  return isOfThatDay ? subtract(equity, ahead.change) : equity;
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

/** Would a mark of that time run back? It lies before the minute of the last mark, and before that of the account's now. */
export function isBackInTime({ marked, nowMs }: Account, timeMs: number): boolean {
  const isBefore = (atMs: number): boolean => timeMs < atMs && isAnother(MINUTE_MS, timeMs, atMs);
  return isBefore(marked.timeMs) && (nowMs === 0 || isBefore(nowMs));
}

/** Is a mark owed, or is there a new day, or another minute with another equity, since the account was last marked? */
export function isMarkDue(account: Account): boolean {
  const { isOpened, isMarkOwed, equity, marked } = account;
  if (!isOpened) return false;
  const timeMs = timeOf(account);
  if (isMarkOwed || isAnother(DAY_MS, timeMs, marked.timeMs)) return true;
  return isAnother(MINUTE_MS, timeMs, marked.timeMs) && compare(equity, marked.equity) !== 0;
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
  const ahead = dayAheadOf(account);
  if (ahead === null) account.dayStart = dayStart;
  else ahead.change = subtract(account.equity, dayStart);
  noteEquity(account);
  account.marked = { timeMs: timeOf(account), equity: account.equity };
  account.isMarkOwed = false;
}
