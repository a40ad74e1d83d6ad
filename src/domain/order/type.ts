/** An order type: its price, its end, its reservation, and its way of meeting the market. */

import type { Decimal } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { Bar } from '../market/events.ts';

export const TIMES_IN_FORCE = ['GTC', 'IOC'] as const;
export type TimeInForce = (typeof TIMES_IN_FORCE)[number];

export type Liquidity = 'maker' | 'taker';

/** Why an order is denied, with the value that was found and the one that is wanted. */
export interface Refusal {
  readonly reason: string;
  readonly value: string | null;
  readonly bound: string | null;
}

/** An order at the venue, as far as its type looks at it. */
export interface WorkingOrder {
  readonly side: Side;
  /** Null for a type without one. */
  readonly price: Decimal | null;
  /** It ends, filled or not, at the first market data that it meets. */
  readonly isImmediate: boolean;
  /** Market data from after its arrival have been seen before. */
  readonly hasMetMarket: boolean;
  /** Adverse part of the price where only candles are known, as a fraction. */
  readonly slippage: Decimal;
  readonly tick: Decimal;
}

/**
 * The market's effect on an order: a fill at a price, of as much as the venue's bounds allow, or its end. `time` is the
 * market's, ISO 8601.
 */
export type Outcome =
  | { readonly kind: 'fill'; readonly price: Decimal; readonly liquidity: Liquidity; readonly time: string }
  | { readonly kind: 'expire'; readonly reason: string; readonly time: string };

/** All functions are pure. */
export interface OrderType<Name extends string = string> {
  /** On the tape, so it never changes. */
  readonly name: Name;
  /** Says every order of this type a price? Otherwise none does. */
  readonly hasPrice: boolean;
  /** In force where a person does not say another. */
  readonly usualTimeInForce: TimeInForce;
  /** Does it end, filled or not, at the first market data that it meets? */
  isImmediate(timeInForce: TimeInForce): boolean;
  /** What is wrong with the price, null when nothing is. `tick` is the step of the instrument's prices. */
  misfit(price: Decimal | null, tick: Decimal): Refusal | null;
  /** The price that a purchase is reserved at; `expected` is what taking would cost now, with slippage. */
  reservePrice(price: Decimal | null, expected: Decimal): Decimal;
  /** May it take from a level of the book at that price? */
  takes(order: WorkingOrder, levelPrice: Decimal): boolean;
  /** Why an immediate order expires when the book has no more for it. `hasFills`: it took something before. */
  restReason(hasFills: boolean): string;
  /** What a bar does to it while it rests beside a known book; null: nothing. */
  restThroughBar(order: WorkingOrder, bar: Bar): Outcome | null;
  /** What a bar does to it where only candles are known; null: nothing. */
  meetCandle(order: WorkingOrder, bar: Bar): Outcome | null;
}
