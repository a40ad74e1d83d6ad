/** Orders and their fills as the API shows them. */

import { z } from 'zod';
import { decimalText, idText, isoTimeText, nameText, side, symbolText, venueText } from '../../domain/event.ts';
import { limitCheck, OrderApproved, OrderFilled, orderType, timeInForce } from '../../domain/order/events.ts';
import { ORDER_STATUSES } from '../../domain/order/status.ts';
import { position } from '../http/query.ts';

const step = z
  .strictObject({
    id: idText,
    type: z.string(),
    position,
    revision: z.int().nonnegative(),
    occurredAt: isoTimeText,
    recordedAt: isoTimeText,
    causationId: idText,
    data: z.record(z.string(), z.unknown()).describe('As in the event of that id.'),
  })
  .meta({ id: 'OrderStep' });

const listed = z.strictObject({
  id: idText,
  account: nameText,
  strategy: nameText.nullable().describe("A strategy's name, or `manual`; null, as all terms, for an order that is not ours."),
  venue: venueText.nullable(),
  symbol: symbolText.nullable(),
  side: side.nullable(),
  type: orderType.nullable(),
  timeInForce: timeInForce.nullable(),
  quantity: decimalText.nullable(),
  price: decimalText.nullable().describe('The limit; null for a market order.'),
  reducing: z.boolean().nullable().describe('It cannot take the position across zero.'),
  origin: OrderApproved.schema.shape.origin.nullable(),
  clientOrderId: z.string().nullable(),
  venueOrderId: z.string().nullable(),
  status: z.enum(ORDER_STATUSES),
  reason: z.string().nullable().describe('Why it was denied, rejected, canceled or expired.'),
  value: z.string().nullable().describe('Of a denial: the value that broke the limit, and its bound.'),
  bound: z.string().nullable(),
  limits: z.array(limitCheck).describe('The checks that it passed.'),
  referencePrice: decimalText.nullable().describe('The price that the risk limits were checked with.'),
  bid: decimalText.nullable(),
  ask: decimalText.nullable(),
  cumulativeQuantity: decimalText,
  remainingQuantity: decimalText.nullable(),
  filledNotional: decimalText,
  averagePrice: decimalText.nullable(),
  fees: z.record(z.string(), decimalText).describe('By asset.'),
  anomalies: z.int().nonnegative(),
  requestedAt: isoTimeText.nullable().describe('When a person asked for it, by the clock; null for an order of a strategy.'),
  createdAt: isoTimeText
    .nullable()
    .describe(
      'When it was decided on, in the time of its market; null: denied before any market had told a time, or by an older build. Sorts first.',
    ),
  updatedAt: isoTimeText.nullable().describe('In the time of its market; never before `createdAt`.'),
  correlationId: idText,
  historyOmitted: z.int().nonnegative().describe('Events beyond those in `history`; all are on the tape.'),
});

export const listedOrderShape = listed.meta({ id: 'ListedOrder' });

export const orderShape = listed.extend({ history: z.array(step) }).meta({ id: 'Order' });

export const fillShape = OrderFilled.schema.extend({ id: idText, recordedAt: isoTimeText, position }).meta({ id: 'Fill' });

/** The answer to a request about an order. */
export const requestedShape = z.strictObject({
  id: idText.describe('Of the order.'),
  requestId: idText.describe('The event that records the request.'),
  position: position.describe('Its position on the tape, for `min-position`.'),
});
