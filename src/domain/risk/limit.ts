/** A risk limit: its definition, its setting, and the view of the account that it checks. */

import type { z } from 'zod';
import { compare, type Decimal, divideUnits, formatDecimal, ONE, parseDecimal, powerOfTen, rescale } from '../decimal.ts';
import { positiveDecimal, type Side } from '../event.ts';
import type { Calendar } from '../market/calendar.ts';

/** The terms of an order that limits see. */
export interface OrderTerms {
  readonly side: Side;
  /** Null for a market order. */
  readonly price: Decimal | null;
  /** With all working orders on its side it cannot take what is held across zero. */
  readonly isReducing: boolean;
  /** It closes what is held because a halt asked for that. */
  readonly isFlattening: boolean;
}

/** The bar that an order's signal rests on; times in ms. */
export interface SignalAge {
  readonly barCloseMs: number;
  readonly intervalMs: number;
  readonly isBackfill: boolean;
}

export type HaltInForce = 'none' | 'reduce-only' | 'stop';

/** An account at the moment of the decision. Money is in the account's currency. */
export interface AccountView {
  /** The account's now, epoch ms. */
  readonly nowMs: number;
  /** When the latest orders were approved, epoch ms, in order. */
  readonly approvals: readonly number[];
  readonly equity: Decimal;
  readonly dayStart: Decimal;
  /** The peak and the equity of the worst drawdown since a person last resumed. */
  readonly maxDrawdown: { readonly peak: Decimal; readonly equity: Decimal };
  /**
   * Worth of one position at worst case, all working orders filled: with an order, of the position in its instrument,
   * this order filled too; without one, of the largest.
   */
  positionWorth(): Decimal;
  /** The same of everything in one asset. */
  assetWorth(): Decimal;
  /** The same of everything that the account holds, other than its own currency. */
  grossWorth(): Decimal;
}

/** The account and the market as an order is decided on. */
export interface RiskView extends AccountView {
  readonly halt: HaltInForce;
  readonly calendar: Calendar;
  /** Why market data do not allow an opening order, null when they do. */
  readonly untrusted: string | null;
  /** Null for an order that comes from no signal. */
  readonly signal: SignalAge | null;
  /** The mark that the order is judged at. */
  readonly reference: Decimal;
}

/** A limit's use against its bound, both as they are shown. */
export interface LimitUse {
  readonly value: string;
  readonly bound: string;
  readonly isWithin: boolean;
}

/** How an account's settings say a limit. */
export interface LimitSetting<Bound, Key extends string = string, Schema extends z.ZodType = z.ZodType> {
  /** Its member in the account's `limits`; on the tape, so it never changes. */
  readonly key: Key;
  /** With its description, which is published. A member that may be absent. */
  readonly schema: Schema;
  /** The bound as it is checked, plain data; null: it is not checked. `setting` is undefined where it is not set. */
  read(setting: z.output<Schema> | undefined): Bound | null;
  /** Why it may not be proposed: it is out of its range. Null where nothing speaks against it. */
  objection?(setting: z.output<Schema>): string | null;
  /** Why it never holds anything up as it is set; null where it may. */
  idleness?(setting: z.output<Schema>): string | null;
}

/** `Bound` is what its setting is read to; null for a limit that nobody sets, which holds for every account. */
export interface Limit<Bound = unknown> {
  /** On the tape, so it never changes. */
  readonly name: string;
  /** Reducing orders skip it. */
  readonly isForOpening: boolean;
  readonly setting: LimitSetting<Bound> | null;
  /** Null where the order does not concern it. */
  check(order: OrderTerms, view: RiskView, bound: Bound): LimitUse | null;
  /** Its use as an account stands, without an order; absent where only an order has a use of it. */
  standing?(account: AccountView, bound: Bound): LimitUse;
}

/** A bound that is one number, with its text, which every order that it lets through carries. */
export interface DecimalBound {
  readonly value: Decimal;
  readonly text: string;
}

/** A setting that is a decimal number above zero, and not checked where it is absent. */
export function decimalSetting<const Key extends string>(key: Key, description: string) {
  return {
    key,
    schema: positiveDecimal.optional().describe(description),
    read: (text: string | undefined): DecimalBound | null => {
      if (text === undefined) return null;
      const value = parseDecimal(text);
      return { value, text: formatDecimal(value) };
    },
  };
}

/** The same for a part of a whole, which may be proposed up to the whole; `idleness` says what that comes to. */
export function fractionSetting<const Key extends string>(key: Key, description: string, idleness: string) {
  const againstOne = (text: string): number => compare(parseDecimal(text), ONE);
  return {
    ...decimalSetting(key, description),
    objection: (text: string | undefined) => (againstOne(text ?? '0') > 0 ? 'must be a fraction from 0 to 1' : null),
    idleness: (text: string | undefined) => (againstOne(text ?? '0') === 0 ? idleness : null),
  };
}

/** An amount against the most that it may be. */
export function amountUse(amount: Decimal, bound: DecimalBound): LimitUse {
  return { value: shown(amount), bound: bound.text, isWithin: compare(amount, bound.value) <= 0 };
}

/** `part` as a fraction of `whole`, against the most that it may be. Compared crosswise, so without rounding. */
export function fractionUse(part: Decimal, whole: Decimal, bound: DecimalBound): LimitUse {
  const most = { units: bound.value.units * whole.units, scale: bound.value.scale + whole.scale };
  return { value: shownRatio(part, whole), bound: bound.text, isWithin: compare(part, most) <= 0 };
}

/** Decimal places of figures that are shown; comparisons are exact. */
const SHOWN_PLACES = 8;

function shown(value: Decimal): string {
  return formatDecimal(value.scale <= SHOWN_PLACES ? value : rescale(value, SHOWN_PLACES, 'half-even'));
}

/** `part / whole` as it is shown; `unbounded` where there is nothing to divide by. */
function shownRatio(part: Decimal, whole: Decimal): string {
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
