/**
 * The state of one order, folded from its events. Status and remaining quantity follow from the cumulative quantity,
 * so a fill is taken from any state: venues do fill orders that they have cancelled, or that we have not heard of yet.
 */

import type { TapeEvent } from '../catalogue.ts';
import { add, type Decimal, parseDecimal, subtract, ZERO } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { ExecutionReport } from '../venue/events.ts';
import type { ApprovedOrder } from './events.ts';
import { isClosed, type OrderEnd, type OrderPhase, type OrderProgress } from './status.ts';
import type { OrderTypeName } from './types.ts';

/** Plain data. */
export interface OrderState extends OrderProgress {
  readonly orderId: string;
  readonly clientOrderId: string;
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  /** The signal, the request or the halt that it comes from; null for an order that is not ours. */
  readonly origin: ApprovedOrder['origin'] | null;
  /** Null for an order that is not ours. */
  readonly type: OrderTypeName | null;
  /** Null for an order that is not ours. */
  quantity: Decimal | null;
  /** Null for a market order. */
  price: Decimal | null;
  cumulative: Decimal;
  phase: OrderPhase;
  ended: OrderEnd | null;
  isCancelPending: boolean;
  /** The requests, halts and signals for which its cancel was ever asked. */
  readonly cancelCauses: string[];
  /** Trade ids that were booked. */
  readonly trades: Set<string>;
  /** Execution ids to the ids of the first events that reported them. */
  readonly executions: Map<string, string>;
}

/** The order as it is when approved. */
export function approvedOrder(approved: ApprovedOrder): OrderState {
  return {
    orderId: approved.orderId,
    clientOrderId: approved.clientOrderId,
    account: approved.account,
    strategy: approved.strategy,
    venue: approved.venue,
    symbol: approved.symbol,
    side: approved.side,
    origin: approved.origin,
    type: approved.type,
    quantity: parseDecimal(approved.quantity),
    price: approved.price === null ? null : parseDecimal(approved.price),
    cumulative: ZERO,
    phase: 'approved',
    ended: null,
    isCancelPending: false,
    cancelCauses: [],
    trades: new Set(),
    executions: new Map(),
  };
}

/** An order at the venue that we have not approved, or have forgotten. Its fills are kept under `strategy`. */
export function externalOrder(
  report: Pick<ExecutionReport, 'account' | 'venue' | 'symbol' | 'side' | 'clientOrderId'>,
  orderId: string,
  strategy: string,
): OrderState {
  const { account, venue, symbol, side, clientOrderId } = report;
  return {
    orderId,
    clientOrderId,
    account,
    strategy,
    venue,
    symbol,
    side,
    origin: null,
    type: null,
    quantity: null,
    price: null,
    cumulative: ZERO,
    phase: 'accepted',
    ended: 'external',
    isCancelPending: false,
    cancelCauses: [],
    trades: new Set(),
    executions: new Map(),
  };
}

/** The quantity that may still be filled; zero when closed. */
export function remainingOf(order: OrderState): Decimal {
  return order.quantity === null || isClosed(order) ? ZERO : subtract(order.quantity, order.cumulative);
}

/** Takes in an event of this order's stream; others, and those that change nothing, are passed over. */
export function evolveOrder(order: OrderState, event: TapeEvent): void {
  switch (event.type) {
    case 'OrderSubmitted':
      order.phase = 'submitted';
      break;
    case 'OrderUncertain':
      order.phase = 'uncertain';
      break;
    case 'OrderAccepted':
      order.phase = 'accepted';
      break;
    case 'OrderFilled':
      order.cumulative = add(order.cumulative, parseDecimal(event.data.quantity));
      order.trades.add(event.data.tradeId);
      break;
    case 'OrderCancelPending':
      order.isCancelPending = true;
      if (!order.cancelCauses.includes(event.data.requestId)) order.cancelCauses.push(event.data.requestId);
      break;
    case 'OrderCancelRejected':
      order.isCancelPending = false;
      break;
    case 'OrderCanceled':
      order.ended = 'canceled';
      break;
    case 'OrderExpired':
      order.ended = 'expired';
      break;
    case 'OrderRejected':
      order.ended = 'rejected';
      break;
    case 'OrderUpdated':
      order.quantity = parseDecimal(event.data.quantity);
      order.price = event.data.price === null ? null : parseDecimal(event.data.price);
      break;
    default:
      break;
  }
}

/** How long after the account's now an order may still be sent. */
export const SEND_WINDOW_MS = 5_000;
