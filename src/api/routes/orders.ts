/** Orders and fills: reading them, placing orders and cancelling them. */

import { z } from 'zod';
import { formatDecimal, parseDecimal } from '../../domain/decimal.ts';
import { nameText, positiveDecimal, side, symbolText, venueText } from '../../domain/event.ts';
import { orderType, timeInForce } from '../../domain/order/events.ts';
import { ORDER_STATUSES } from '../../domain/order/status.ts';
import { orderTypeOf } from '../../domain/order/types.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import { fills } from '../../projections/fills.ts';
import { isClosedOrder, orders } from '../../projections/orders.ts';
import { shown } from '../../projections/shown.ts';
import type { SettingsReader } from '../../queries/settings-in-force.ts';
import { firstEventOfOrder, orderIdOf, requestCancel, requestOrder } from '../../requests/requests.ts';
import type { ApiDependencies, ApiServer } from '../dependencies.ts';
import { answerPage, askedPage } from '../http/pages.ts';
import { notFound, Problem, type Violation } from '../http/problem.ts';
import { anyOf, askedId, minPosition, name, symbol, timePage, timeRange, venue } from '../http/query.ts';
import { absent, answerDocument, atPosition, findDocument } from '../http/read.ts';
import { accepted, optionalKey, reason, recordedAnswers, recordRequest, requiredKey } from '../http/write.ts';
import { holderOf } from '../limits/load-shedding.ts';
import { OrderWaits } from '../limits/order-waits.ts';
import { fillShape, listedOrderShape, orderShape, requestedShape } from './order-shapes.ts';
import type { RouteGroup } from './route-group.ts';
import { EXAMPLE_INSTRUMENT, found, pageOfShape, routeSchema } from './route-schema.ts';

export const orderRoutes: RouteGroup = {
  name: 'orders',
  description: 'Orders and their fills; placing and cancelling orders',
  addRoutes(server, deps, settings) {
    readRoutes(server, deps);
    placeRoute(server, deps, settings);
    cancelRoute(server, deps);
  },
};

/** An order of the demo's, which is closed: cancelling it is answered with 409. */
const EXAMPLE = { id: 'bf00b95d-fed3-5da5-b265-f6941ef09958' };

const filters = { strategy: name, venue, symbol, account: name };
const ordersQuery = z.strictObject({
  status: anyOf(z.enum(ORDER_STATUSES), ORDER_STATUSES.join('|')).optional(),
  ...filters,
  ...timeRange,
  ...timePage,
});
const fillsQuery = z.strictObject({ orderId: askedId.optional(), ...filters, ...timeRange, ...timePage });

/** `GET /v1/orders`, `/v1/orders/{id}` with its history, and `/v1/fills`. */
function readRoutes(server: ApiServer, deps: ApiDependencies): void {
  const list = routeSchema(
    {
      id: 'listOrders',
      summary: 'Orders, without their histories',
      example: { strategy: 'quick-cross' },
      answers: pageOfShape(listedOrderShape),
    },
    { querystring: ordersQuery },
  );
  server.get('/v1/orders', list, async ({ query }, reply) => {
    const asked = askedPage('orders', query);
    await atPosition(deps, [orders], query, reply);
    const { status, strategy, venue, symbol, account, from, to } = query;
    const equal = { status, strategy, venue, symbol, account };
    const isDescending = query.order === 'desc';
    return answerPage(deps, reply, asked, { projection: orders, equal, sort: 'sequence', isDescending, from, to });
  });

  const one = routeSchema(
    {
      id: 'getOrder',
      summary: 'One order, with its history',
      example: EXAMPLE,
      answers: found(orderShape),
      problems: [404],
    },
    { params: z.strictObject({ id: askedId }), querystring: z.strictObject(minPosition) },
  );
  server.get('/v1/orders/:id', one, async ({ params, query }, reply) => {
    const { isWhole } = await atPosition(deps, [orders], query, reply);
    const order = await answerDocument(deps, reply, orders, params.id);
    if (order === undefined) throw absent(isWhole, `There is no order ${params.id}.`);
    return order;
  });

  const fillList = routeSchema(
    {
      id: 'listFills',
      summary: 'Executions',
      example: { strategy: 'quick-cross', orderId: '2415dfdb-403c-5357-9041-ad2f35b61a5c' },
      answers: pageOfShape(fillShape),
    },
    { querystring: fillsQuery },
  );
  server.get('/v1/fills', fillList, async ({ query }, reply) => {
    const asked = askedPage('fills', query);
    await atPosition(deps, [fills], query, reply);
    const { orderId, strategy, venue, symbol, account, from, to } = query;
    const equal = { orderId, strategy, venue, symbol, account };
    const isDescending = query.order === 'desc';
    return answerPage(deps, reply, asked, { projection: fills, equal, sort: 'sequence', isDescending, from, to });
  });
}

/** In its canonical text, so that "1.0" and "1" under one key are one request. */
const amount = positiveDecimal.transform((text) => formatDecimal(parseDecimal(text)));

const orderBody = z
  .strictObject({
    account: nameText,
    venue: venueText,
    symbol: symbolText,
    side,
    type: orderType,
    timeInForce: timeInForce.optional(),
    quantity: amount,
    price: amount.nullable().default(null),
    reason: reason.nullable().default(null),
  })
  .superRefine(({ type, price }, context) => {
    const issue = (message: string) => context.addIssue({ code: 'custom', path: ['price'], message });
    if (orderTypeOf(type).hasPrice && price === null) issue(`a ${type} order needs a price`);
    if (!orderTypeOf(type).hasPrice && price !== null) issue(`a ${type} order has no price`);
  })
  .transform((body) => ({ ...body, timeInForce: body.timeInForce ?? orderTypeOf(body.type).usualTimeInForce }));

const placeQuery = z.strictObject({
  wait: z
    .enum(['decided', 'closed'])
    .optional()
    .describe('Wait for up to 10 s, and answer with the order once it is decided (or closed).'),
});

/**
 * `POST /v1/orders`: 202 with the id of the order that the request will become; with `wait`, 200 with the order once
 * it is decided on (or closed), if that comes in time.
 */
function placeRoute(server: ApiServer, deps: ApiDependencies, settings: SettingsReader): void {
  const waits = new OrderWaits(deps);
  server.addHook('preClose', async () => waits.giveUp());
  const place = routeSchema(
    {
      id: 'placeOrder',
      summary: 'Place an order',
      example: { 'idempotency-key': 'try-1' },
      exampleBody: {
        ...EXAMPLE_INSTRUMENT,
        account: 'paper-binance',
        side: 'buy',
        type: 'limit',
        quantity: '0.01',
        price: '50000',
      },
      description:
        'A denial is an answer, with its reason; names that the settings do not have, and a key used before for another order, are a problem (422).',
      answers: {
        200: { description: 'The order, once decided (or closed).', schema: orderShape },
        ...recordedAnswers(requestedShape),
      },
      problems: [422],
    },
    { body: orderBody, headers: requiredKey, querystring: placeQuery },
  );
  server.post('/v1/orders', place, async (request, reply) => {
    const unknown = await unknownNames(request.body, settings);
    if (unknown.length > 0) {
      const list = unknown.map(({ path, message }) => `${path}: ${message}`).join('; ');
      throw new Problem(422, 'unknown-name', `The order refers to something that is not in the settings: ${list}.`, unknown);
    }
    const key = request.headers['idempotency-key'];
    const recorded = await recordRequest(deps, request, (write) => requestOrder(write, request.body, key));
    const id = orderIdOf(recorded.requestId);
    const location = `/v1/orders/${id}`;
    const { wait } = request.query;
    const order = wait === undefined ? undefined : await waits.until(wait, id, holderOf(request));
    if (order !== undefined) return reply.header('Location', location).send(shown(orders, order));
    return accepted(reply, location, { id, requestId: recorded.requestId, position: recorded.position });
  });
}

/** Those that an order is about. */
interface Names {
  readonly account: string;
  readonly venue: string;
  readonly symbol: string;
}

/**
 * The tape is asked only where a name seems to be unknown: a name that was taken out just now is denied by the engine,
 * as it is when that happens before the request is recorded.
 */
async function unknownNames(names: Names, settings: SettingsReader): Promise<Violation[]> {
  const unknown = unknownIn(await settings.recent(), names);
  return unknown.length === 0 ? unknown : unknownIn(await settings.inForce(), names);
}

function unknownIn(settings: SettingsInForce, { account, venue, symbol }: Names): Violation[] {
  const unknown: Violation[] = [];
  if (!settings.accounts.has(account)) unknown.push({ path: 'account', message: `there is no account "${account}"` });
  if (!settings.instruments.has(instrumentKey(venue, symbol))) {
    unknown.push({ path: 'symbol', message: `"${symbol}" is not listed at "${venue}"` });
  }
  return unknown;
}

/**
 * `DELETE /v1/orders/{id}`: 202, the cancel is requested. Without a key, asking again for the same reason is the same request;
 * 409 for an order that is closed.
 */
function cancelRoute(server: ApiServer, deps: ApiDependencies): void {
  const querystring = z.strictObject({ reason: reason.optional() });
  const cancel = routeSchema(
    {
      id: 'cancelOrder',
      example: EXAMPLE,
      summary: 'Cancel an order',
      description:
        'An order that is closed is answered with 409, as the one of the example is: orders that were filled are closed.',
      answers: recordedAnswers(requestedShape),
      problems: [404, 409, 422],
    },
    { params: z.strictObject({ id: askedId }), headers: optionalKey, querystring },
  );
  server.delete('/v1/orders/:id', cancel, async (request, reply) => {
    const { id } = request.params;
    const reason = request.query.reason ?? null;
    const key = request.headers['idempotency-key'] ?? (reason === null ? 'cancel' : `cancel|${reason}`);
    const data = { orderId: id, account: await accountOf(deps, id), reason };
    const recorded = await recordRequest(deps, request, (write) => requestCancel(write, data, key));
    return accepted(reply, `/v1/orders/${id}`, { id, requestId: recorded.requestId, position: recorded.position });
  });
}

/** Whose order it is. Asked of the tape, because an order that the read model does not have yet can be cancelled too. */
async function accountOf(deps: ApiDependencies, orderId: string): Promise<string> {
  const first = await firstEventOfOrder(deps.events, orderId);
  if (first === undefined || !('account' in first.data)) throw notFound(`There is no order ${orderId}.`);
  const order = await findDocument(deps, orders, orderId);
  if (order !== undefined && isClosedOrder(order)) {
    throw new Problem(409, 'order-closed', `The order is ${order.status}: there is nothing left to cancel.`);
  }
  return first.data.account;
}
