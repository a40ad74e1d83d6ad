/** What each strategy holds at the paper venue, folded from its fills: what nobody holds may pay a fee. */

import { add, type Decimal, isZero, multiply, negate, ZERO } from '../../decimal.ts';
import type { Fee, PaperOrder } from './paper-order.ts';

export interface HeldPosition {
  readonly asset: string;
  /** In base units; below zero where fees or sales took more than was bought. */
  readonly quantity: Decimal;
}

/** Account to `PaperOrder.position` to what is held. */
export type HeldPositions = Map<string, Map<string, HeldPosition>>;

/** Takes a fill of `quantity` in; a fee in the base asset is taken from the position, as the desk books it. */
export function holdFill(positions: HeldPositions, order: PaperOrder, quantity: Decimal, fee: Fee): void {
  const size = multiply(quantity, order.contractSize);
  let change = order.side === 'buy' ? size : negate(size);
  if (fee.asset === order.base) change = add(change, negate(fee.amount));
  const held = positions.get(order.account) ?? new Map<string, HeldPosition>();
  positions.set(order.account, held);
  const after = add(held.get(order.position)?.quantity ?? ZERO, change);
  if (isZero(after)) held.delete(order.position);
  else held.set(order.position, { asset: order.base, quantity: after });
}
