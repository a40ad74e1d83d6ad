import type { Fill, Order, OrderStatus } from '../../accounts/account.ts';
import { type Amount, formatAmount } from '../../core/amount.ts';
import { Writing } from '../binance/writing.ts';

const DECIMALS = 8;

/** Prices, quantities and balances: always eight decimals. */
export function decimal(value: Amount): string {
  return formatAmount(value, DECIMALS);
}

export const WRITING = new Writing({ price: DECIMALS, quantity: DECIMALS, quote: DECIMALS });

export const STATUS: Readonly<Record<OrderStatus, string>> = {
  new: 'NEW',
  'partially-filled': 'PARTIALLY_FILLED',
  filled: 'FILLED',
  canceled: 'CANCELED',
  expired: 'EXPIRED',
  prevented: 'EXPIRED_IN_MATCH',
  rejected: 'REJECTED',
};

export const TYPE = { limit: 'LIMIT', market: 'MARKET', 'limit-maker': 'LIMIT_MAKER' } as const;
export const SIDE = { buy: 'BUY', sell: 'SELL' } as const;

/** What all of Binance's answers say of an order. `hasQuoteAmount` false: "-1", not available. */
function common(order: Order, hasQuoteAmount: boolean): Record<string, unknown> {
  const { request } = order;
  const reason = expiryReason(order);
  return {
    price: decimal(request.price),
    origQty: decimal(order.quantity),
    executedQty: decimal(order.executed),
    origQuoteOrderQty: decimal(request.quoteQuantity),
    cummulativeQuoteQty: hasQuoteAmount ? decimal(order.quoteExecuted) : '-1.00000000',
    status: STATUS[order.status],
    timeInForce: request.timeInForce,
    type: TYPE[request.type],
    side: SIDE[request.side],
    ...(reason === undefined ? {} : { expiryReason: reason }),
    selfTradePreventionMode: 'NONE',
  };
}

/** Why the venue ended an order itself. */
export function expiryReason(order: Order): string | undefined {
  if (order.status !== 'expired') return undefined;
  if (order.request.type === 'market') return 'INSUFFICIENT_LIQUIDITY';
  return order.request.timeInForce === 'FOK' ? 'UNFILLED_FOK_ORDER_EXPIRED' : 'UNFILLED_IOC_QUANTITY_EXPIRED';
}

/** As GET order, openOrders and allOrders give it. */
export function orderRecord(order: Order, hasQuoteAmount: boolean): Record<string, unknown> {
  return {
    symbol: order.market.instrument.symbol,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.request.clientId,
    ...common(order, hasQuoteAmount),
    stopPrice: '0.00000000',
    icebergQty: '0.00000000',
    time: order.createdAt,
    updateTime: order.updatedAt,
    isWorking: true,
    workingTime: order.createdAt,
  };
}

/** The answer to a placed order: ACK, RESULT or FULL. */
export function placedRecord(order: Order, form: string): Record<string, unknown> {
  const acknowledged = {
    symbol: order.market.instrument.symbol,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.request.clientId,
    transactTime: order.updatedAt,
  };
  if (form === 'ACK') return acknowledged;
  const result = { ...acknowledged, ...common(order, true), workingTime: order.createdAt };
  if (form === 'RESULT') return result;
  const fills = order.fills.map((fill) => ({
    price: decimal(fill.price),
    qty: decimal(fill.quantity),
    commission: decimal(fill.fee),
    commissionAsset: fill.feeAsset,
    tradeId: fill.tradeId,
  }));
  return { ...result, fills };
}

/** The answer to a cancel: the order's own id is `origClientOrderId`, the cancel's is `clientOrderId`. */
export function canceledRecord(order: Order): Record<string, unknown> {
  return {
    symbol: order.market.instrument.symbol,
    origClientOrderId: order.request.clientId,
    orderId: order.id,
    orderListId: -1,
    clientOrderId: order.cancelClientId,
    transactTime: order.updatedAt,
    ...common(order, true),
  };
}

/** As myTrades gives it. */
export function fillRecord(fill: Fill): Record<string, unknown> {
  return {
    symbol: fill.order.market.instrument.symbol,
    id: fill.tradeId,
    orderId: fill.order.id,
    orderListId: -1,
    price: decimal(fill.price),
    qty: decimal(fill.quantity),
    quoteQty: decimal(fill.quote),
    commission: decimal(fill.fee),
    commissionAsset: fill.feeAsset,
    time: fill.at,
    isBuyer: fill.order.request.side === 'buy',
    isMaker: fill.isMaker,
    isBestMatch: true,
  };
}
