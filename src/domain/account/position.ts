/**
 * One strategy's position in one instrument. What flows in and out always adds up to the last digit: at all times cost
 * minus realized profit is what purchases cost minus what sales brought.
 */

import { absolute, add, compare, type Decimal, divide, isZero, multiply, negate, sign, subtract, ZERO } from '../decimal.ts';
import type { Side } from '../event.ts';

/** Plain data. */
export interface Position {
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  /** Signed, in base units. */
  readonly quantity: Decimal;
  /** What the open quantity cost, in the quote asset; negative for a short position. */
  readonly cost: Decimal;
  /** Profit of what was closed, in the quote asset. */
  readonly realized: Decimal;
}

/** Decimal places of the cost that is taken out when a part is closed; what is rounded off stays with the rest. */
const COST_PLACES = 12;

export function positionKey(strategy: string, instrumentKey: string): string {
  return `${strategy}|${instrumentKey}`;
}

export function flatPosition(strategy: string, venue: string, symbol: string): Position {
  return { strategy, venue, symbol, quantity: ZERO, cost: ZERO, realized: ZERO };
}

/**
 * The position after a fill. `base` is the base units bought or sold and `notional` their price, both positive;
 * `baseFee` is what the venue took as its fee in the base asset: it makes a unit that is held dearer, and one that is
 * sold cheaper, than its price. A crossing of zero closes all that was held and opens the rest.
 */
export function afterFill(position: Position, side: Side, base: Decimal, notional: Decimal, baseFee: Decimal): Position {
  const change = subtract(side === 'buy' ? base : negate(base), baseFee);
  const paid = side === 'buy' ? notional : negate(notional);
  const { quantity, cost, realized } = position;
  const after = add(quantity, change);
  if (sign(change) === 0) return { ...position, realized: subtract(realized, paid) };
  if (isZero(quantity) || sign(quantity) === sign(change)) return { ...position, quantity: after, cost: add(cost, paid) };
  const closes = compare(absolute(change), absolute(quantity));
  if (closes < 0) {
    const removed = part(cost, change, quantity);
    return { ...position, quantity: after, cost: subtract(cost, removed), realized: subtract(subtract(realized, paid), removed) };
  }
  const paidToClose = closes === 0 ? paid : part(paid, quantity, change);
  return {
    ...position,
    quantity: after,
    cost: subtract(paid, paidToClose),
    realized: subtract(subtract(realized, paidToClose), cost),
  };
}

/** `amount * |numerator| / |denominator|`. */
function part(amount: Decimal, numerator: Decimal, denominator: Decimal): Decimal {
  return divide(multiply(amount, absolute(numerator)), absolute(denominator), COST_PLACES, 'half-even');
}

/** Cost over quantity as it is shown; null when flat. */
export function averageEntry(position: Position): Decimal | null {
  if (isZero(position.quantity)) return null;
  return divide(position.cost, position.quantity, COST_PLACES, 'half-even');
}
