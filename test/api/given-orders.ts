/** Orders as a desk would record them, for tests of what the API shows of them. */

import type { EventData } from '../../src/domain/catalogue.ts';
import { SEND_WINDOW_MS } from '../../src/domain/order/order.ts';
import { orderStream } from '../../src/domain/streams.ts';
import { epochMs, isoTime } from '../../src/domain/time.ts';
import { type GivenApi, idOf, minuteTime } from './given-api.ts';

const TERMS = {
  account: 'paper-1',
  strategy: 'cross',
  venue: 'binance',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  quantity: '0.2',
  price: '50000',
  reducing: false,
} as const;

function approval(orderId: string, minute: number): EventData['OrderApproved'] {
  return {
    orderId,
    ...TERMS,
    origin: { kind: 'signal', id: idOf('signal') },
    clientOrderId: 'tabc',
    atLastPrice: false,
    referencePrice: '50001',
    bid: null,
    ask: null,
    equity: '1000',
    position: '0',
    limits: [{ limit: 'leverage', value: '0.5', bound: '1' }],
    sendBy: isoTime(epochMs(minuteTime(minute)) + SEND_WINDOW_MS),
  };
}

type Terms = Partial<Pick<EventData['OrderApproved'], 'account' | 'strategy' | 'venue' | 'symbol'>>;

/** Times are minutes of the first of January 2025. */
export async function approve(api: GivenApi, orderId: string, minute = 0, terms: Terms = {}) {
  return api.record(
    'OrderApproved',
    orderStream(orderId),
    { ...approval(orderId, minute), ...terms },
    { at: minuteTime(minute) },
  );
}

export async function deny(api: GivenApi, orderId: string, minute = 0) {
  const refusal = { reason: 'leverage', value: '1.5', bound: '1', limits: [] };
  const data = { orderId, ...TERMS, at: minuteTime(minute), origin: { kind: 'signal' as const, id: idOf('signal') }, ...refusal };
  return api.record('OrderDenied', orderStream(orderId), data, { at: minuteTime(minute) });
}

/** One execution of 0.1; two fill the order. */
export async function fill(api: GivenApi, orderId: string, cumulativeQuantity: '0.1' | '0.2', minute = 0) {
  const data: EventData['OrderFilled'] = {
    orderId,
    account: 'paper-1',
    at: minuteTime(minute),
    strategy: 'cross',
    venue: 'binance',
    symbol: 'BTCUSDT',
    side: 'buy',
    tradeId: `${orderId}-${cumulativeQuantity}`,
    price: '49999',
    quantity: '0.1',
    cumulativeQuantity,
    fee: '4.9999',
    feeAsset: 'USDT',
    liquidity: 'taker',
  };
  return api.record('OrderFilled', orderStream(orderId), data, { at: minuteTime(minute) });
}
