/** Orders: what people ask for, and every change of an order's state. Names follow FIX 4.4 where it has one. */

import { z } from 'zod';
import {
  assetText,
  decimalText,
  eventType,
  idText,
  isoTimeText,
  nameText,
  nonNegativeDecimal,
  optionalPrice,
  positiveDecimal,
  side,
  symbolText,
  venueText,
} from '../event.ts';

import { TIMES_IN_FORCE } from './type.ts';
import { ORDER_TYPE_NAMES } from './types.ts';

/** The strategy name under which a person's orders and their position are kept. */
export const MANUAL = 'manual';

export const orderType = z.enum(ORDER_TYPE_NAMES);
export const timeInForce = z.enum(TIMES_IN_FORCE);
export const haltMode = z.enum(['reduce-only', 'stop']);
export type HaltMode = z.output<typeof haltMode>;

/** The scope of a halt or a resume: everything, one account, or one strategy. */
export const haltScope = z.union([
  z.strictObject({ all: z.literal(true) }),
  z.strictObject({ account: nameText }),
  z.strictObject({ strategy: nameText }),
]);
export type HaltScope = z.output<typeof haltScope>;

const reasonText = z.string().min(1).max(500);

// --- Requests, each in a stream of its own, `request-<id>` ---

export const OrderRequested = eventType(
  'OrderRequested',
  1,
  z.strictObject({
    account: nameText,
    venue: venueText,
    symbol: symbolText,
    side,
    type: orderType,
    timeInForce,
    quantity: positiveDecimal,
    /** The limit; null for a market order. */
    price: positiveDecimal.nullable(),
    reason: reasonText.nullable(),
  }),
);

export const OrderCancelRequested = eventType(
  'OrderCancelRequested',
  1,
  z.strictObject({ orderId: idText, account: nameText, reason: reasonText.nullable() }),
);

/** Version 1 knew no close at the last price. */
export const TradingHaltRequested = eventType(
  'TradingHaltRequested',
  2,
  z.strictObject({
    scope: haltScope,
    mode: haltMode,
    /** Cancel what is open. */
    cancelOpen: z.boolean(),
    /** Close what is held, by market orders. */
    flatten: z.boolean(),
    /** With `flatten`: close at the last price what is of a feed that has ended, and nothing else; on paper only. */
    atLastPrice: z.boolean(),
    reason: reasonText,
  }),
  { 1: (data) => ({ ...data, atLastPrice: false }) },
);

/**
 * Stands behind a request that closes at the last price, in its stream: what is left to close is closed on it, because
 * markets that have ended give no more events, and what follows from one event has its bounds.
 */
export const TradingHaltContinued = eventType(
  'TradingHaltContinued',
  1,
  z.strictObject({ requestId: idText, step: z.int().positive() }),
);

export const TradingResumeRequested = eventType(
  'TradingResumeRequested',
  1,
  z.strictObject({ scope: haltScope, reason: reasonText }),
);

// --- The life of an order, in `order-<order id>` ---

/** The terms of every order, from its first event on. */
const terms = {
  orderId: idText,
  account: nameText,
  /** A strategy's name, or `manual`. */
  strategy: nameText,
  venue: venueText,
  symbol: symbolText,
  side,
  type: orderType,
  timeInForce,
  quantity: nonNegativeDecimal,
  price: positiveDecimal.nullable(),
  /** With all working orders on its side it cannot take the position across zero. */
  reducing: z.boolean(),
  /** The signal or the request that it comes from. */
  origin: z.strictObject({ kind: z.enum(['signal', 'request', 'halt']), id: idText }),
};

/** What a limit was checked with: the value that the order would make, and the bound. */
export const limitCheck = z.strictObject({ limit: z.string(), value: z.string(), bound: z.string() });
export type LimitCheck = z.output<typeof limitCheck>;

/** Passed every check, on what was known at that moment. Version 1 knew no fill at the last price. */
export const OrderApproved = eventType(
  'OrderApproved',
  2,
  z.strictObject({
    ...terms,
    quantity: positiveDecimal,
    /** At most 32 letters and digits, the same on every machine; the venue knows the order by it. */
    clientOrderId: z.string().regex(/^[A-Za-z0-9]{1,32}$/),
    /** Its feed has ended: a person wants it filled at `referencePrice`, by the paper venue. */
    atLastPrice: z.boolean(),
    /** The mark that the order was judged at. */
    referencePrice: positiveDecimal,
    bid: optionalPrice,
    ask: optionalPrice,
    equity: decimalText,
    /** Net position of the account in the instrument before the order. */
    position: decimalText,
    limits: z.array(limitCheck),
    /** The order may not be sent to a venue after this. */
    sendBy: isoTimeText,
  }),
  { 1: (data) => ({ ...data, atLastPrice: false }) },
);
export type ApprovedOrder = z.output<typeof OrderApproved.schema>;

/**
 * Refused by us, before any venue saw it. `limits` are the checks that it had passed. Version 1 did not say when in the
 * time of the market.
 */
export const OrderDenied = eventType(
  'OrderDenied',
  2,
  z.strictObject({
    ...terms,
    /** The account's now, as with an approval; null where no market had told a time yet. */
    at: isoTimeText.nullable(),
    /** A limit's name (`position-size`), or why no order could be made (`nothing-to-sell`, `below-minimum`). */
    reason: z.string(),
    value: z.string().nullable(),
    bound: z.string().nullable(),
    limits: z.array(limitCheck),
  }),
  { 1: (data) => ({ ...data, at: null }) },
);

/** `at` is a time of the market: of what its account's now was, or of what the venue says. What a person asked for has its own. */
const change = { orderId: idText, account: nameText, at: isoTimeText };

/** A gateway has claimed it and is sending it. Nothing emits it until venues are live. */
export const OrderSubmitted = eventType('OrderSubmitted', 1, z.strictObject(change));
export const OrderAccepted = eventType('OrderAccepted', 1, z.strictObject({ ...change, venueOrderId: z.string().nullable() }));
/** Refused by the venue. */
export const OrderRejected = eventType('OrderRejected', 1, z.strictObject({ ...change, reason: z.string() }));
/** It is unknown whether the venue has it: its reservation is kept until the venue says. Nothing emits it until venues are live. */
export const OrderUncertain = eventType('OrderUncertain', 1, z.strictObject({ ...change, reason: z.string() }));
/** A stop price was touched. */
export const OrderTriggered = eventType('OrderTriggered', 1, z.strictObject(change));

/** One execution. */
export const OrderFilled = eventType(
  'OrderFilled',
  1,
  z.strictObject({
    ...change,
    strategy: nameText,
    venue: venueText,
    symbol: symbolText,
    side,
    tradeId: z.string().min(1),
    price: positiveDecimal,
    quantity: positiveDecimal,
    cumulativeQuantity: positiveDecimal,
    fee: decimalText,
    feeAsset: assetText,
    liquidity: z.enum(['maker', 'taker']),
  }),
);
export type OrderFill = z.output<typeof OrderFilled.schema>;

export const OrderCancelPending = eventType(
  'OrderCancelPending',
  1,
  z.strictObject({ ...change, requestId: idText, reason: z.string().nullable() }),
);
export const OrderCanceled = eventType('OrderCanceled', 1, z.strictObject({ ...change, reason: z.string().nullable() }));
export const OrderCancelRejected = eventType('OrderCancelRejected', 1, z.strictObject({ ...change, reason: z.string() }));
/** Ended by its own terms: an unfilled rest of an IOC order, or no book to fill it from. */
export const OrderExpired = eventType('OrderExpired', 1, z.strictObject({ ...change, reason: z.string() }));
/** The venue changed its terms. */
export const OrderUpdated = eventType(
  'OrderUpdated',
  1,
  z.strictObject({ ...change, quantity: positiveDecimal, price: positiveDecimal.nullable() }),
);
/** What should not happen, kept with the report that said so. */
export const OrderAnomalyDetected = eventType(
  'OrderAnomalyDetected',
  1,
  z.strictObject({ ...change, anomaly: z.string(), reportId: idText, detail: z.string() }),
);
/** An order at the venue that is not ours. */
export const ExternalOrderSeen = eventType(
  'ExternalOrderSeen',
  1,
  z.strictObject({ ...change, venue: venueText, symbol: symbolText, clientOrderId: z.string(), reportId: idText }),
);
