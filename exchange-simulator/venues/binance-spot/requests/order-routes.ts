import type { Order } from '../../../accounts/account.ts';
import { Refusal, type RefusalReason } from '../../../accounts/matching.ts';
import type { Market } from '../../../market/market.ts';
import { BinanceError, NO_SUCH_ORDER, newOrderRejected, UNKNOWN_ORDER } from '../../binance/requests/errors.ts';
import { marketOf } from '../../binance/requests/market-answers.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import { canceledRecord, fillRecord, orderRecord, placedRecord } from '../formats.ts';
import type { Routes, SignedCall } from './call.ts';
import { checkFilters, newClientId, orderRequest } from './order-request.ts';

const DAY = 24 * 60 * 60 * 1000;

const REFUSALS: Readonly<Record<RefusalReason, string>> = {
  'duplicate-client-id': 'Duplicate order sent.',
  'insufficient-balance': 'Account has insufficient balance for requested action.',
  'market-closed': 'Market is closed.',
  'no-liquidity': 'Order book liquidity is less than symbol minimum quantity.',
  'would-take': 'Order would immediately match and take.',
};

/** Orders and fills: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/trading-endpoints */
export const ORDER_ROUTES: Routes = {
  'POST /api/v3/order': { weight: 1, isFreeOnSuccess: true, security: 'trade', operation: 'place', answer: place },
  'POST /api/v3/order/test': { weight: 1, security: 'trade', operation: 'query', answer: test },
  'GET /api/v3/order': { weight: 4, security: 'read', operation: 'query', answer: query },
  'DELETE /api/v3/order': { weight: 1, isFreeOnSuccess: true, security: 'trade', operation: 'cancel', answer: cancel },
  'GET /api/v3/openOrders': {
    weight: (parameters) => (parameters.has('symbol') ? 6 : 80),
    security: 'read',
    operation: 'query',
    answer: openOrders,
  },
  'DELETE /api/v3/openOrders': { weight: 1, isFreeOnSuccess: true, security: 'trade', operation: 'cancel', answer: cancelAll },
  'GET /api/v3/allOrders': { weight: 20, security: 'read', operation: 'query', answer: allOrders },
  'GET /api/v3/myTrades': {
    weight: (parameters) => (parameters.has('orderId') ? 5 : 20),
    security: 'read',
    operation: 'query',
    answer: myTrades,
  },
};

function market({ exchange, parameters }: SignedCall): Market {
  return marketOf(exchange, parameters.required('symbol'));
}

function place(call: SignedCall): Record<string, unknown> {
  const { exchange, limits, parameters, key } = call;
  const listed = market(call);
  const request = orderRequest(parameters, exchange.submissions.all.length);
  checkFilters(key.account, listed, request, exchange.clock.now());
  limits.checkOrders(key.account, exchange.now());
  const form = parameters.optional('newOrderRespType') ?? (request.type === 'limit-maker' ? 'ACK' : 'FULL');
  // Counted first: a fill at once takes it back.
  limits.countOrder(key.account, 1, exchange.now());
  try {
    return placedRecord(exchange.place(key.account, listed, request), form);
  } catch (error) {
    limits.countOrder(key.account, -1, exchange.now());
    if (error instanceof Refusal) throw newOrderRejected(REFUSALS[error.reason]);
    throw error;
  }
}

function test(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key } = call;
  const request = orderRequest(parameters, exchange.submissions.all.length);
  checkFilters(key.account, market(call), request, exchange.clock.now());
  return {};
}

function query(call: SignedCall): Record<string, unknown> {
  const order = find(call, call.exchange.visibleOrders(call.key.account), NO_SUCH_ORDER);
  return orderRecord(order, !call.exchange.faults.hasNoQuoteAmounts);
}

function cancel(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key } = call;
  const order = find(call, key.account.openOrders(), UNKNOWN_ORDER);
  const restriction = parameters.optional('cancelRestrictions');
  if (restriction !== undefined && restriction !== 'ONLY_NEW' && restriction !== 'ONLY_PARTIALLY_FILLED') {
    throw new BinanceError(-1145, '`cancelRestrictions` has to be either `ONLY_NEW` or `ONLY_PARTIALLY_FILLED`.');
  }
  const isKept =
    (restriction === 'ONLY_NEW' && order.status !== 'new') || (restriction === 'ONLY_PARTIALLY_FILLED' && order.status === 'new');
  if (isKept) throw new BinanceError(-2011, 'Order was not canceled due to cancel restrictions.');
  exchange.cancel(order, newClientId(parameters, -order.id));
  return canceledRecord(order);
}

function openOrders({ exchange, parameters, key }: SignedCall): Record<string, unknown>[] {
  const symbol = parameters.optional('symbol');
  if (symbol !== undefined) marketOf(exchange, symbol);
  return exchange
    .visibleOrders(key.account)
    .filter((order) => order.isOpen && (symbol === undefined || order.market.instrument.symbol === symbol))
    .map((order) => orderRecord(order, !exchange.faults.hasNoQuoteAmounts));
}

function cancelAll(call: SignedCall): Record<string, unknown>[] {
  const { exchange, parameters, key } = call;
  const open = key.account.openOrders(market(call).instrument.symbol);
  if (open.length === 0) throw UNKNOWN_ORDER();
  return open.map((order) => {
    exchange.cancel(order, newClientId(parameters, -order.id));
    return canceledRecord(order);
  });
}

function allOrders(call: SignedCall): Record<string, unknown>[] {
  const { exchange, parameters, key } = call;
  const { symbol } = market(call).instrument;
  const orders = exchange.visibleOrders(key.account).filter((order) => order.market.instrument.symbol === symbol);
  const found = page(parameters, orders, {
    from: parameters.integer('orderId'),
    id: (order) => order.id,
    at: (order) => order.createdAt,
  });
  return found.map((order) => orderRecord(order, !exchange.faults.hasNoQuoteAmounts));
}

function myTrades(call: SignedCall): Record<string, unknown>[] {
  const { exchange, parameters, key } = call;
  const { symbol } = market(call).instrument;
  const orderId = parameters.integer('orderId');
  const fills = key.account.fills.filter(
    ({ order }) =>
      order.market.instrument.symbol === symbol &&
      order.visibleAt <= exchange.now() &&
      (orderId === undefined || order.id === orderId),
  );
  return page(parameters, fills, { from: parameters.integer('fromId'), id: (fill) => fill.tradeId, at: (fill) => fill.at }).map(
    fillRecord,
  );
}

/** By id from one on, or by time over at most 24 hours, or the latest. */
function page<T>(
  parameters: Parameters,
  all: readonly T[],
  by: { readonly from: number | undefined; readonly id: (item: T) => number; readonly at: (item: T) => number },
): T[] {
  const limit = parameters.limit(500, 1000);
  const { from } = by;
  if (from !== undefined) return all.filter((item) => by.id(item) >= from).slice(0, limit);
  const [start, end] = [parameters.integer('startTime'), parameters.integer('endTime')];
  if (start === undefined && end === undefined) return all.slice(-limit);
  if (start !== undefined && end !== undefined && end - start > DAY) {
    throw new BinanceError(-1127, 'More than 24 hours between startTime and endTime.');
  }
  const first = start ?? (end as number) - DAY;
  const last = end ?? first + DAY;
  return all.filter((item) => by.at(item) >= first && by.at(item) <= last).slice(0, limit);
}

/** By order id or client id; both must agree where both are sent. Of one client id the latest order counts. */
function find(call: SignedCall, orders: readonly Order[], notFound: () => BinanceError): Order {
  const { symbol } = market(call).instrument;
  const [id, clientId] = [call.parameters.integer('orderId'), call.parameters.optional('origClientOrderId')];
  if (id === undefined && clientId === undefined) {
    throw new BinanceError(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
  }
  const order = orders.findLast(
    (one) => one.market.instrument.symbol === symbol && (id === undefined ? one.request.clientId === clientId : one.id === id),
  );
  if (order === undefined) throw notFound();
  if (clientId !== undefined && order.request.clientId !== clientId) {
    throw new BinanceError(-2039, 'Client order ID is not correct for this order ID');
  }
  return order;
}
