/** Every order as it is now, with the whole way that it came. */

import {
  add,
  compare,
  divide,
  formatDecimal,
  isZero,
  maximum,
  multiply,
  parseDecimal,
  subtract,
  ZERO,
} from '../domain/decimal.ts';
import type { ApprovedOrder, LimitCheck, OrderFill } from '../domain/order/events.ts';
import { categoryOf } from '../domain/streams.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { type Projection, sequenceOf } from './projection.ts';

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

/** Those of orders that may still be filled. */
export const OPEN_STATUSES: readonly OrderStatus[] = [
  'approved',
  'submitted',
  'uncertain',
  'accepted',
  'partially-filled',
  'cancel-pending',
];

/** Most events of one order that are kept with it; all are on the tape. */
const MAX_HISTORY = 1_000;
/** Decimal places of an average price, which is for display. */
const AVERAGE_SCALE = 12;

/** One event of the order, as it is on the tape. */
export interface OrderStep {
  readonly id: string;
  readonly type: string;
  readonly position: string;
  readonly revision: number;
  readonly occurredAt: string;
  readonly recordedAt: string;
  readonly causationId: string;
  readonly data: unknown;
}

type Terms = Pick<
  ApprovedOrder,
  'strategy' | 'venue' | 'symbol' | 'side' | 'type' | 'timeInForce' | 'quantity' | 'price' | 'reducing' | 'origin'
>;

export interface OrderDocument {
  readonly id: string;
  account: string;
  /** What was ordered; null as far as it is not known, as with orders that are not ours. */
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

  /** How far it has come at the venue, whatever was filled or asked since. */
  reached: 'approved' | 'submitted' | 'uncertain' | 'accepted';
  cancelPending: boolean;
  closedAs: 'denied' | 'rejected' | 'canceled' | 'expired' | 'external' | null;

  readonly createdAt: string;
  updatedAt: string;
  /** Sorts by the time of its first event, then by place on the tape. */
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
  version: 2,
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
    order.status = statusOf(order);
    order.updatedAt = event.metadata.occurredAt;
    remember(order, event);
    return order;
  },
};

function newOrder(event: RecordedEvent): OrderDocument {
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
    createdAt: event.metadata.occurredAt,
    updatedAt: event.metadata.occurredAt,
    sequence: sequenceOf(event),
    correlationId: event.metadata.correlationId,
    history: [],
    historyOmitted: 0,
  };
}

function change(order: OrderDocument, event: RecordedEvent): void {
  switch (event.type) {
    case 'OrderApproved':
      takeTerms(order, event.data);
      order.clientOrderId = event.data.clientOrderId;
      order.limits = event.data.limits;
      order.referencePrice = event.data.referencePrice;
      order.bid = event.data.bid;
      order.ask = event.data.ask;
      return;
    case 'OrderDenied':
      takeTerms(order, event.data);
      order.limits = event.data.limits;
      order.value = event.data.value;
      order.bound = event.data.bound;
      close(order, 'denied', event.data.reason);
      return;
    case 'OrderSubmitted':
      order.reached = 'submitted';
      return;
    case 'OrderAccepted':
      order.reached = 'accepted';
      order.venueOrderId = event.data.venueOrderId;
      return;
    case 'OrderUncertain':
      order.reached = 'uncertain';
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

function takeTerms(order: OrderDocument, terms: Terms): void {
  order.strategy = terms.strategy;
  order.venue = terms.venue;
  order.symbol = terms.symbol;
  order.side = terms.side;
  order.type = terms.type;
  order.timeInForce = terms.timeInForce;
  order.quantity = terms.quantity;
  order.price = terms.price;
  order.reducing = terms.reducing;
  order.origin = terms.origin;
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

function close(order: OrderDocument, as: NonNullable<OrderDocument['closedAs']>, reason: string | null): void {
  order.closedAs = as;
  order.reason = reason;
  order.cancelPending = false;
}

/** Nothing remains once more was filled than ordered. */
function remainingOf(order: OrderDocument): string | null {
  if (order.quantity === null) return null;
  return formatDecimal(maximum(ZERO, subtract(parseDecimal(order.quantity), parseDecimal(order.cumulativeQuantity))));
}

function statusOf(order: OrderDocument): OrderStatus {
  const filled = parseDecimal(order.cumulativeQuantity);
  if (order.quantity === null) return order.closedAs === 'external' ? 'external' : 'unknown';
  if (!isZero(filled) && compare(filled, parseDecimal(order.quantity)) >= 0) return 'filled';
  if (order.closedAs !== null) return order.closedAs;
  if (order.cancelPending) return 'cancel-pending';
  if (!isZero(filled)) return 'partially-filled';
  return order.reached;
}

function remember(order: OrderDocument, event: RecordedEvent): void {
  if (order.history.length >= MAX_HISTORY) {
    order.historyOmitted++;
    return;
  }
  order.history.push({
    id: event.id,
    type: event.type,
    position: event.position,
    revision: event.revision,
    occurredAt: event.metadata.occurredAt,
    recordedAt: event.recordedAt,
    causationId: event.metadata.causationId,
    data: event.data,
  });
}
