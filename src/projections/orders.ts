/** Every order as it is now, with the whole way that it came. */

import { add, divide, formatDecimal, isZero, maximum, multiply, parseDecimal, subtract, ZERO } from '../domain/decimal.ts';
import type { ApprovedOrder, LimitCheck, OrderFill } from '../domain/order/events.ts';
import {
  isClosed,
  type OrderEnd,
  type OrderPhase,
  type OrderProgress,
  type OrderStatus,
  statusOf,
} from '../domain/order/status.ts';
import { categoryOf } from '../domain/streams.ts';
import { laterTime } from '../domain/time.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { type OrderStep, remember } from './order-history.ts';
import { knownTime, marketTime } from './order-time.ts';
import { type Projection, sequenceOf } from './projection.ts';

/** Decimal places of an average price, which is for display. */
const AVERAGE_SCALE = 12;

type Terms = Pick<
  ApprovedOrder,
  'strategy' | 'venue' | 'symbol' | 'side' | 'type' | 'timeInForce' | 'quantity' | 'price' | 'reducing' | 'origin'
>;

export interface OrderDocument {
  readonly id: string;
  account: string;
  /** The terms of the order; null where they are not known, as with orders that are not ours. */
  strategy: Terms['strategy'] | null;
  venue: Terms['venue'] | null;
  symbol: Terms['symbol'] | null;
  side: Terms['side'] | null;
  type: Terms['type'] | null;
  timeInForce: Terms['timeInForce'] | null;
  quantity: string | null;
  price: string | null;
  reducing: boolean | null;
  origin: Terms['origin'] | null;
  clientOrderId: string | null;
  venueOrderId: string | null;

  status: OrderStatus;
  /** Why it was denied, rejected, canceled or expired. */
  reason: string | null;
  /** With a denial: what the limit was checked with. */
  value: string | null;
  bound: string | null;
  limits: readonly LimitCheck[];
  /** What the order was judged on. */
  referencePrice: string | null;
  bid: string | null;
  ask: string | null;

  cumulativeQuantity: string;
  remainingQuantity: string | null;
  /** Exact sum of price times quantity of all executions. */
  filledNotional: string;
  averagePrice: string | null;
  /** Sums by asset. */
  fees: Record<string, string>;
  anomalies: number;

  reached: OrderPhase;
  cancelPending: boolean;
  closedAs: OrderEnd | null;

  /** When a person asked for it, by the clock on the wall; null for an order of a strategy. */
  requestedAt: string | null;
  /**
   * When it was decided on, and when something last became of it, in the time of its market. Null: it was denied before
   * any market had told a time, or by a build that did not record that.
   */
  readonly createdAt: string | null;
  updatedAt: string | null;
  /** Sorts by `createdAt`, null first, then by place on the tape. */
  readonly sequence: string;
  correlationId: string;
  history: OrderStep[];
  /** Events beyond those that are kept here. */
  historyOmitted: number;
}

const HIDDEN = ['reached', 'cancelPending', 'closedAs', 'sequence'] as const;
const DETAILS = ['history'] as const;

/** An order as it is shown: without what its status is made of. */
export type ShownOrder = Omit<OrderDocument, (typeof HIDDEN)[number]>;

/** An order as it stands in a list. */
export type ListedOrder = Omit<ShownOrder, (typeof DETAILS)[number]>;

export const orders: Projection<OrderDocument> = {
  name: 'orders',
  version: 4,
  categories: ['order'],
  indexes: [
    ['sequence'],
    ['status', 'sequence'],
    ['account', 'sequence'],
    ['strategy', 'sequence'],
    ['venue', 'symbol', 'sequence'],
  ],
  hidden: HIDDEN,
  details: DETAILS,

  keys(event) {
    if (categoryOf(event.stream) !== 'order' || !('orderId' in event.data) || event.data.orderId === null) return [];
    return [event.data.orderId];
  },

  apply(document, event): OrderDocument {
    const order = document ?? newOrder(event);
    change(order, event);
    order.status = statusOf(progressOf(order));
    const time = knownTime(event, order.requestedAt === null);
    if (time !== null) order.updatedAt = laterTime(order.updatedAt, time);
    remember(order, event);
    return order;
  },
};

function newOrder(event: RecordedEvent): OrderDocument {
  const createdAt = marketTime(event);
  const { orderId, account } = event.data as { readonly orderId: string; readonly account: string };
  return {
    id: orderId,
    account,
    strategy: null,
    venue: null,
    symbol: null,
    side: null,
    type: null,
    timeInForce: null,
    quantity: null,
    price: null,
    reducing: null,
    origin: null,
    clientOrderId: null,
    venueOrderId: null,
    status: 'unknown',
    reason: null,
    value: null,
    bound: null,
    limits: [],
    referencePrice: null,
    bid: null,
    ask: null,
    cumulativeQuantity: '0',
    remainingQuantity: null,
    filledNotional: '0',
    averagePrice: null,
    fees: {},
    anomalies: 0,
    reached: 'approved',
    cancelPending: false,
    closedAs: null,
    requestedAt: null,
    createdAt,
    updatedAt: createdAt,
    sequence: sequenceOf(event, createdAt ?? ''),
    correlationId: event.metadata.correlationId,
    history: [],
    historyOmitted: 0,
  };
}

function change(order: OrderDocument, event: RecordedEvent): void {
  switch (event.type) {
    case 'OrderApproved':
      applyTerms(order, event);
      order.clientOrderId = event.data.clientOrderId;
      order.limits = event.data.limits;
      order.referencePrice = event.data.referencePrice;
      order.bid = event.data.bid;
      order.ask = event.data.ask;
      return;
    case 'OrderDenied':
      applyTerms(order, event);
      order.limits = event.data.limits;
      order.value = event.data.value;
      order.bound = event.data.bound;
      close(order, 'denied', event.data.reason);
      return;
    case 'OrderSubmitted':
      order.reached = 'submitted';
      return;
    case 'OrderUncertain':
      order.reached = 'uncertain';
      return;
    case 'OrderAccepted':
      order.venueOrderId = event.data.venueOrderId;
      order.reached = 'accepted';
      return;
    case 'OrderTriggered':
      order.reached = 'accepted';
      return;
    case 'OrderFilled':
      applyFill(order, event.data);
      return;
    case 'OrderCancelPending':
      order.cancelPending = true;
      return;
    case 'OrderCancelRejected':
      order.cancelPending = false;
      return;
    case 'OrderCanceled':
      close(order, 'canceled', event.data.reason);
      return;
    case 'OrderRejected':
      close(order, 'rejected', event.data.reason);
      return;
    case 'OrderExpired':
      close(order, 'expired', event.data.reason);
      return;
    case 'OrderUpdated':
      order.quantity = event.data.quantity;
      order.price = event.data.price;
      order.remainingQuantity = remainingOf(order);
      return;
    case 'OrderAnomalyDetected':
      order.anomalies++;
      return;
    case 'ExternalOrderSeen':
      order.venue = event.data.venue;
      order.symbol = event.data.symbol;
      order.clientOrderId = event.data.clientOrderId;
      close(order, 'external', null);
      return;
    default:
      return;
  }
}

function applyTerms(order: OrderDocument, { data, metadata }: { data: Terms; metadata: RecordedEvent['metadata'] }): void {
  const { strategy, venue, symbol, side, type, timeInForce, quantity, price, reducing, origin } = data;
  Object.assign(order, { strategy, venue, symbol, side, type, timeInForce, quantity, price, reducing, origin } satisfies Terms);
  order.requestedAt = origin.kind === 'signal' ? null : metadata.occurredAt;
  order.remainingQuantity = remainingOf(order);
}

/** A fill counts from whatever state it comes, also after a close. */
function applyFill(order: OrderDocument, fill: OrderFill): void {
  const quantity = parseDecimal(fill.quantity);
  const notional = add(parseDecimal(order.filledNotional), multiply(parseDecimal(fill.price), quantity));
  const cumulative = maximum(parseDecimal(fill.cumulativeQuantity), parseDecimal(order.cumulativeQuantity));
  order.cumulativeQuantity = formatDecimal(cumulative);
  order.filledNotional = formatDecimal(notional);
  order.averagePrice = isZero(cumulative) ? null : formatDecimal(divide(notional, cumulative, AVERAGE_SCALE, 'half-even'));
  order.remainingQuantity = remainingOf(order);
  order.fees[fill.feeAsset] = formatDecimal(add(parseDecimal(order.fees[fill.feeAsset] ?? '0'), parseDecimal(fill.fee)));
  if (order.reached === 'uncertain') order.reached = 'accepted';
}

function close(order: OrderDocument, as: OrderEnd, reason: string | null): void {
  order.closedAs = as;
  order.reason = reason;
  order.cancelPending = false;
}

/** Nothing remains once more was filled than ordered. */
function remainingOf(order: OrderDocument): string | null {
  if (order.quantity === null) return null;
  return formatDecimal(maximum(ZERO, subtract(parseDecimal(order.quantity), parseDecimal(order.cumulativeQuantity))));
}

/** Is nothing more expected of it? A late fill may come all the same. */
export function isClosedOrder(order: OrderDocument): boolean {
  return isClosed(progressOf(order));
}

function progressOf({ quantity, cumulativeQuantity, reached, closedAs, cancelPending }: OrderDocument): OrderProgress {
  return {
    quantity: quantity === null ? null : parseDecimal(quantity),
    cumulative: parseDecimal(cumulativeQuantity),
    phase: reached,
    ended: closedAs,
    isCancelPending: cancelPending,
  };
}
