/** What a limit is, and what it may look at. */

import { compare, type Decimal, divideUnits, formatDecimal, powerOfTen, rescale, subtract } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { Calendar } from '../market/calendar.ts';
import type { LimitCheck } from '../order/events.ts';
import type { AccountLimits } from './account-limits.ts';

/** What the limits see of an order. */
export interface OrderTerms {
  readonly side: Side;
  /** Null for a market order. */
  readonly price: Decimal | null;
  /** With all working orders on its side it cannot take what is held across zero. */
  readonly reducing: boolean;
  /** It closes what is held because a halt asked for that. */
  readonly flattening: boolean;
}

/** The bar that an order's signal rests on; times in ms. */
export interface SignalAge {
  readonly barCloseMs: number;
  readonly intervalMs: number;
  readonly backfill: boolean;
}

export type HaltInForce = 'none' | 'reduce-only' | 'stop';

/** The account and the market at the moment of the decision. Money is in the account's currency. */
export interface RiskView {
  readonly limits: AccountLimits;
  /** The account's now, epoch ms. */
  readonly nowMs: number;
  readonly halt: HaltInForce;
  readonly calendar: Calendar;
  /** Why market data do not allow an opening order, null when they do. */
  readonly untrusted: string | null;
  /** Null for an order that comes from no signal. */
  readonly signal: SignalAge | null;
  /** When the latest orders were approved, epoch ms, in order. */
  readonly approvals: readonly number[];
  /** The mark that the order is judged at. */
  readonly reference: Decimal;
  readonly equity: Decimal;
  readonly dayStart: Decimal;
  /** The peak and the equity of the worst drawdown since a person last resumed. */
  readonly maxDrawdown: { readonly peak: Decimal; readonly equity: Decimal };
  /** Worth of the position in the order's instrument at worst case: this order and those working filled. */
  positionWorth(): Decimal;
  /** The same of everything in the asset that the order is about. */
  assetWorth(): Decimal;
  /** The same of everything that the account holds, other than its own currency. */
  grossWorth(): Decimal;
}

export interface Checked extends LimitCheck {
  readonly ok: boolean;
}

export interface Limit {
  /** On the tape, so it never changes. */
  readonly name: string;
  /** Reducing orders skip it. */
  readonly opensOnly: boolean;
  /** Null where the account has not set it. */
  check(order: OrderTerms, view: RiskView): Checked | null;
}

/** Decimal places of figures that are shown; comparisons are exact. */
const SHOWN_PLACES = 8;

/** `value` as it is shown. */
export function shown(value: Decimal): string {
  return formatDecimal(value.scale <= SHOWN_PLACES ? value : rescale(value, SHOWN_PLACES, 'half-even'));
}

/** `part / whole` as it is shown; `unbounded` where there is nothing to divide by. */
export function shownRatio(part: Decimal, whole: Decimal): string {
  if (whole.units <= 0n) return 'unbounded';
  if (part.units === 0n) return '0';
  // Scales are taken off each other first, which keeps the integers small: this is what takes longest of a check.
  const exponent = whole.scale + SHOWN_PLACES - part.scale;
  const units =
    exponent >= 0
      ? divideUnits(part.units * powerOfTen(exponent), whole.units, 'half-even')
      : divideUnits(part.units, whole.units * powerOfTen(-exponent), 'half-even');
  return formatDecimal({ units, scale: SHOWN_PLACES });
}

/** Is `part` at most `fraction` of `whole`? Multiplied crosswise, so without rounding. */
export function within(part: Decimal, fraction: Decimal, whole: Decimal): boolean {
  return compare(part, { units: fraction.units * whole.units, scale: fraction.scale + whole.scale }) <= 0;
}

/** `a` beyond `b`, counted upwards for a purchase and downwards for a sale. */
export function beyond(side: Side, a: Decimal, b: Decimal): Decimal {
  return side === 'buy' ? subtract(a, b) : subtract(b, a);
}
