import type { Fill, Order } from '../../../accounts/account.ts';
import { Refusal } from '../../../accounts/matching.ts';
import type { Market } from '../../../market/market.ts';
import { orderIdText, tradeIdText } from '../formats.ts';
import { findMarket } from '../listing.ts';
import { BY_USER, executionRecord, orderRecord } from '../records.ts';
import type { Routes, SignedCall } from './call.ts';
import { BybitError, badParameter, INVALID_SYMBOL, missing, NO_SUCH_ORDER } from './errors.ts';
import { checkLimits, orderRequest } from './order-request.ts';
import { page, periodOf } from './page.ts';

const DAY = 24 * 60 * 60 * 1000;
/** From the acknowledgement of a cancel until the engine has it. */
const CANCEL_MS = 5;
/** Closed orders that `realtime` remembers, until the venue restarts. */
const MOST_CLOSED = 500;

/** Nothing can be placed there, and so nothing is there. */
const NO_DERIVATIVE_ORDERS = { category: 'linear', list: [], nextPageCursor: '' };

/** Orders and fills: https://bybit-exchange.github.io/docs/v5/order/create-order */
export const ORDER_ROUTES: Routes = {
  'POST /v5/order/create': { security: 'trade', operation: 'place', perSecond: 20, answer: create },
  'POST /v5/order/cancel': { security: 'trade', operation: 'cancel', perSecond: 20, answer: cancel },
  'POST /v5/order/cancel-all': { security: 'trade', operation: 'cancel', perSecond: 20, answer: cancelAll },
  'GET /v5/order/realtime': { security: 'read', operation: 'query', perSecond: 50, answer: realtime },
  'GET /v5/order/history': { security: 'read', operation: 'query', perSecond: 50, answer: history },
  'GET /v5/execution/list': { security: 'read', operation: 'query', perSecond: 50, answer: executions },
};

function spotMarket({ exchange, parameters }: SignedCall): Market {
  if (parameters.category() !== 'spot') throw badParameter('Orders are for category spot only: derivatives are market data here');
  const market = findMarket(exchange, 'spot', parameters.required('symbol'));
  if (market === undefined) throw INVALID_SYMBOL();
  return market;
}

/** Acknowledges; what the engine makes of the order comes on the stream `order`. */
function create(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key } = call;
  const market = spotMarket(call);
  const request = orderRequest(parameters, exchange.submissions.all.length);
  checkLimits(key.account, market, request);
  const acknowledged = (order: Order) => ({ orderId: orderIdText(order.id), orderLinkId: order.request.clientId });
  const isKnown = key.account.orders.some((order) => order.request.clientId === request.clientId);
  if (!isKnown && exchange.faults.take('reject-later')) {
    const { symbol } = market.instrument;
    exchange.submissions.add({
      at: exchange.now(),
      account: key.account.id,
      symbol,
      clientId: request.clientId,
      outcome: 'refused',
    });
    return acknowledged(exchange.reject(key.account, market, request, 'EC_InvalidSymbolStatus'));
  }
  try {
    return acknowledged(exchange.place(key.account, market, request));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    switch (error.reason) {
      case 'duplicate-client-id':
        throw new BybitError(170141, 'Duplicate clientOrderId.');
      case 'insufficient-balance':
        throw new BybitError(170131, 'Insufficient balance.');
      case 'market-closed':
        throw new BybitError(170157, 'The trading pair is not available for api trading.');
      case 'no-liquidity':
      case 'would-take':
        return acknowledged(exchange.reject(key.account, market, request, 'EC_NoImmediateQtyToFill'));
    }
  }
}

/** Acknowledges a cancel of an order that is open now. It may be filled before the engine has the cancel. */
function cancel(call: SignedCall): Record<string, unknown> {
  spotMarket(call);
  const order = byId(call, remembered(call));
  if (order === undefined) throw NO_SUCH_ORDER();
  if (order.status === 'filled') throw new BybitError(170139, 'Order has been filled.');
  if (!order.isOpen) throw new BybitError(170142, 'Order has been canceled.');
  cancelSoon(call, order);
  return { orderId: orderIdText(order.id), orderLinkId: order.request.clientId };
}

function cancelAll(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key } = call;
  if (parameters.category() !== 'spot') return { list: [], success: '1' };
  const symbol = parameters.optional('symbol');
  if (symbol !== undefined && findMarket(exchange, 'spot', symbol) === undefined) throw INVALID_SYMBOL();
  const orders = key.account.openOrders(symbol);
  for (const order of orders) cancelSoon(call, order);
  return { list: orders.map((order) => ({ orderId: orderIdText(order.id), orderLinkId: order.request.clientId })), success: '1' };
}

function cancelSoon({ exchange, users }: SignedCall, order: Order): void {
  const isLost = exchange.faults.take('lose-cancel-race');
  exchange.clock.after(CANCEL_MS, () => {
    if (isLost) exchange.fill(order, order.remaining);
    if (!exchange.cancel(order, BY_USER) && order.status === 'filled') users.cancelLost(order);
  });
}

/** Open orders, and those closed ones that are remembered where one is asked for by id, or all with `openOnly=1`. */
function realtime(call: SignedCall): Record<string, unknown> {
  const { parameters } = call;
  const category = parameters.category();
  if (category !== 'spot') {
    const names = ['symbol', 'settleCoin', 'baseCoin', 'orderId', 'orderLinkId'];
    if (names.every((name) => parameters.optional(name) === undefined)) throw missing('symbol', 'settleCoin', 'baseCoin');
    return NO_DERIVATIVE_ORDERS;
  }
  const one = hasId(call);
  const isClosed = parameters.optional('openOnly') === '1';
  const found = asked(call, remembered(call)).filter((order) => one || order.isOpen !== isClosed);
  return orderPage(call, found);
}

/** Closed orders. Those that ended without a fill are kept for a day. */
function history(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key } = call;
  if (parameters.category() !== 'spot') return NO_DERIVATIVE_ORDERS;
  const isInPeriod = hasId(call) ? () => true : periodOf(parameters, exchange.now());
  const status = parameters.optional('orderStatus');
  const found = asked(call, exchange.visibleOrders(key.account)).filter(
    (order) =>
      !order.isOpen &&
      isInPeriod(order.createdAt) &&
      (order.executed > 0n || order.updatedAt > exchange.now() - DAY) &&
      (status === undefined || orderRecord(order).orderStatus === status),
  );
  return orderPage(call, found);
}

function orderPage({ parameters }: SignedCall, orders: readonly Order[]): Record<string, unknown> {
  const newest = [...orders].reverse();
  const { items, cursor } = page(parameters, newest, { usual: 20, most: 50, key: (order) => orderIdText(order.id) });
  return { category: 'spot', list: items.map(orderRecord), nextPageCursor: cursor };
}

function executions(call: SignedCall): Record<string, unknown> {
  const { exchange, parameters, key, users } = call;
  const category = parameters.category();
  const type = parameters.optional('execType');
  const isInPeriod = hasId(call) ? () => true : periodOf(parameters, exchange.now());
  if (category !== 'spot') {
    const list = users
      .fundings(key.account)
      .filter(({ execTime, execType }) => (type === undefined || type === execType) && isInPeriod(Number(execTime)));
    return { category, list: [...list].reverse(), nextPageCursor: '' };
  }
  if (type !== undefined && type !== 'Trade') return { category, list: [], nextPageCursor: '' };
  const orders = new Set(asked(call, exchange.visibleOrders(key.account)));
  const found = key.account.fills.filter((fill) => orders.has(fill.order) && isInPeriod(fill.at));
  // Newest first, but for those of one millisecond: the order of these says nothing.
  const fills = found.sort((a, b) => b.at - a.at);
  const byTrade = (fill: Fill): string => tradeIdText('spot', fill.tradeId);
  const { items, cursor } = page(parameters, fills, { usual: 50, most: 100, key: byTrade });
  return { category, list: items.map(executionRecord), nextPageCursor: cursor };
}

/** Of the orders that reads know: the open ones, and the latest that closed since the venue started. */
function remembered({ exchange, key }: SignedCall): Order[] {
  const visible = exchange.visibleOrders(key.account);
  const closed = visible.filter((order) => !order.isOpen && order.updatedAt > exchange.faults.restartedAt);
  const kept = new Set(closed.slice(-MOST_CLOSED));
  return visible.filter((order) => order.isOpen || kept.has(order));
}

/** Those that a request asks for; an id outweighs all else. Orders of other kinds than `Order` there are none. */
function asked(call: SignedCall, orders: readonly Order[]): Order[] {
  const { parameters } = call;
  if ((parameters.optional('orderFilter') ?? 'Order') !== 'Order') return [];
  if (hasId(call)) {
    const order = byId(call, orders);
    return order === undefined ? [] : [order];
  }
  const [symbol, base] = [parameters.optional('symbol'), parameters.optional('baseCoin')];
  return orders.filter(
    ({ market: { instrument } }) =>
      (symbol === undefined || instrument.symbol === symbol) && (base === undefined || instrument.base === base),
  );
}

function hasId({ parameters }: SignedCall): boolean {
  return parameters.optional('orderId') !== undefined || parameters.optional('orderLinkId') !== undefined;
}

/** The order id outweighs the client id. */
function byId({ parameters }: SignedCall, orders: readonly Order[]): Order | undefined {
  const [id, clientId] = [parameters.optional('orderId'), parameters.optional('orderLinkId')];
  if (id === undefined && clientId === undefined) throw missing('orderId', 'orderLinkId');
  return orders.findLast((order) => (id === undefined ? order.request.clientId === clientId : orderIdText(order.id) === id));
}
