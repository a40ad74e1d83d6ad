/** An order's status, which follows from how far it has come: the one rule for the engine and the read models. */

import { compare, type Decimal, sign } from '../decimal.ts';

export const ORDER_STATUSES = [
  'denied',
  'approved',
  'submitted',
  'uncertain',
  'accepted',
  'partially-filled',
  'cancel-pending',
  'filled',
  'canceled',
  'rejected',
  'expired',
  /** At the venue, and not ours. */
  'external',
  /** Something was said about an order that we never had. */
  'unknown',
] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** The statuses of orders that may still be filled. */
export const OPEN_STATUSES = [
  'approved',
  'submitted',
  'uncertain',
  'accepted',
  'partially-filled',
  'cancel-pending',
] as const satisfies readonly OrderStatus[];

/** How far an order has come at the venue, whatever was filled or asked since. */
export type OrderPhase = 'approved' | 'submitted' | 'uncertain' | 'accepted';

/** How an order ended other than by being filled. `external`: not ours, so nothing is expected of it. */
export type OrderEnd = 'denied' | 'canceled' | 'rejected' | 'expired' | 'external';

export interface OrderProgress {
  /** Null for an order whose terms are not known. */
  readonly quantity: Decimal | null;
  readonly cumulative: Decimal;
  readonly phase: OrderPhase;
  readonly ended: OrderEnd | null;
  /** A cancel was asked for and neither done nor refused yet. */
  readonly isCancelPending: boolean;
}

/** A fill counts from whatever state it comes, so an order that was filled in full is `filled`, however it ended. */
export function statusOf(order: OrderProgress): OrderStatus {
  const { quantity, cumulative, phase, ended, isCancelPending } = order;
  if (quantity === null) return ended === 'external' ? 'external' : 'unknown';
  if (isFilled(order)) return 'filled';
  if (ended !== null) return ended;
  if (isCancelPending) return 'cancel-pending';
  return sign(cumulative) > 0 ? 'partially-filled' : phase;
}

/** Is nothing more expected of it? A late fill may come all the same. */
export function isClosed(order: OrderProgress): boolean {
  return order.ended !== null || isFilled(order);
}

function isFilled({ quantity, cumulative }: OrderProgress): boolean {
  return quantity !== null && sign(cumulative) > 0 && compare(cumulative, quantity) >= 0;
}
