import type { Order } from '../../../accounts/account.ts';
import { Refusal, type RefusalReason } from '../../../accounts/matching.ts';
import type { Market } from '../../../market/market.ts';
import { longId } from '../formats.ts';
import { marketOf, marketOfCode } from '../instruments.ts';
import type { Answer, Routes, SignedCall } from './call.ts';
import { emptyParameter, NOT_CANCELED, OkxError, wrongParameter } from './errors.ts';
import { PACES } from './limits.ts';
import { notEnough, readOrder } from './order-request.ts';
import type { Parameters } from './parameters.ts';

/** Most orders of one batch. */
const MOST_IN_BATCH = 20;

const REFUSALS: Readonly<Record<Exclude<RefusalReason, 'insufficient-balance'>, readonly [number, string]>> = {
  'duplicate-client-id': [51016, 'Client order ID already exists.'],
  'market-closed': [51022, 'Contract suspended.'],
  'no-liquidity': [51109, 'No available offers.'],
  // Not with OKX's rules: such an order is accepted, and ends at once.
  'would-take': [51109, 'No available offers.'],
};

/** Placing and cancelling: https://www.okx.com/docs-v5/en/#order-book-trading-trade */
export const ORDER_ROUTES: Routes = {
  'POST /api/v5/trade/order': { pace: undefined, security: 'trade', operation: 'place', isPlacing: true, answer: place },
  'POST /api/v5/trade/batch-orders': { pace: undefined, security: 'trade', operation: 'place', isPlacing: true, answer: place },
  'POST /api/v5/trade/cancel-order': { pace: undefined, security: 'trade', operation: 'cancel', answer: cancel },
  'POST /api/v5/trade/cancel-batch-orders': { pace: undefined, security: 'trade', operation: 'cancel', answer: cancel },
  'POST /api/v5/trade/cancel-all-after': {
    pace: { count: 1, seconds: 1, by: 'account' },
    security: 'trade',
    operation: 'cancel',
    answer: (call) => [call.sentOrders.cancelAfter(call.exchange, call.key.account, ...countdown(call.parameters))],
  },
};

/** What becomes of one order of a request. */
interface Outcome {
  readonly ordId: string;
  readonly clOrdId: string;
  readonly tag: string;
  readonly ts: string;
  readonly sCode: string;
  readonly sMsg: string;
}

function place(call: SignedCall): Answer {
  const { exchange, key, limits } = call;
  return each(call, 'place', (parameters, market) => {
    limits.countOrders(key.account.id, exchange.now(), 1);
    const { request, sent } = readOrder(exchange, key.account, market, parameters);
    call.sentOrders.add(request, sent);
    try {
      return { order: exchange.place(key.account, market, request), message: 'Order placed' };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const { base, quote } = market.instrument;
      if (error.reason === 'insufficient-balance') throw notEnough(request.side === 'buy' ? quote : base);
      throw new OkxError(...REFUSALS[error.reason]);
    }
  });
}

/** An answer that all went well says that the cancels were received; here they have been carried out by then, or lost. */
function cancel(call: SignedCall): Answer {
  const { exchange, key } = call;
  return each(call, 'cancel', (parameters, market) => {
    const order = find(key.account.openOrders(market.instrument.symbol), parameters);
    if (order === undefined) throw NOT_CANCELED();
    // An acknowledgement says that the cancel was received: the order may be filled before it arrives.
    if (exchange.faults.take('lose-cancel-race')) {
      exchange.fill(order, order.remaining);
      return { order, message: '' };
    }
    call.sentOrders.of(order).cancelSource = '1';
    exchange.cancel(order, '');
    return { order, message: '' };
  });
}

/** By order id, or by client id, of which the latest order counts. Throws 51407 where neither was sent. */
export function find(orders: readonly Order[], parameters: Parameters): Order | undefined {
  const [id, clientId] = [parameters.optional('ordId'), parameters.optional('clOrdId')];
  if (id === undefined && clientId === undefined) {
    throw new OkxError(51407, 'Either order ID or client order ID is required.');
  }
  return orders.findLast((order) => (id === undefined ? order.request.clientId === clientId : longId(order.id) === id));
}

/** Carries out each order of a request by itself, and says how many went well. */
function each(
  call: SignedCall,
  what: 'place' | 'cancel',
  act: (parameters: Parameters, market: Market) => { readonly order: Order; readonly message: string },
): Answer {
  const { exchange, list } = call;
  if (list.length > MOST_IN_BATCH) throw new OkxError(51111, `Maximum ${MOST_IN_BATCH} orders can be placed in bulk.`);
  spend(call, what);
  const ts = String(exchange.now());
  const outcomes = list.map((parameters): Outcome => {
    const sent = { clOrdId: parameters.optional('clOrdId') ?? '', tag: parameters.optional('tag') ?? '', ts };
    try {
      const { order, message } = act(parameters, marketOfOrder(call, what, parameters));
      return { ...sent, ordId: longId(order.id), sCode: '0', sMsg: message };
    } catch (error) {
      if (!(error instanceof OkxError)) throw error;
      return { ...sent, ordId: parameters.optional('ordId') ?? '', sCode: error.code, sMsg: error.message };
    }
  });
  const failed = outcomes.filter(({ sCode }) => sCode !== '0').length;
  if (failed === 0) return { code: '0', msg: '', data: outcomes };
  if (failed < outcomes.length) return { code: '2', msg: 'Bulk operation partially succeeded.', data: outcomes };
  return { code: '1', msg: outcomes.length === 1 ? 'Operation failed.' : 'All operations failed', data: outcomes };
}

/** REST names an instrument by its id. WebSocket orders by its code alone: the id is ignored there. */
function marketOfOrder({ exchange, isSocket, key }: SignedCall, what: 'place' | 'cancel', parameters: Parameters): Market {
  if (!isSocket) return marketOf(exchange, parameters.required('instId'));
  const code = parameters.optional('instIdCode');
  if (code !== undefined) return marketOfCode(exchange, code);
  if (what === 'place') throw emptyParameter('instIdCode');
  // A cancel is found by the ids of its order.
  const order = find(key.account.openOrders(), parameters);
  if (order === undefined) throw NOT_CANCELED();
  return order.market;
}

/** Sixty single orders, or three hundred in batches, in two seconds: for each instrument, of REST and WebSocket together. */
function spend(call: SignedCall, what: 'place' | 'cancel'): void {
  const { limits, exchange, key, list } = call;
  const [name, pace] = list.length > 1 ? (['batch', PACES.batch] as const) : (['single', PACES.order] as const);
  const counts = new Map<string, number>();
  for (const parameters of list) {
    const instrument = instrumentOf(call, what, parameters);
    counts.set(instrument, (counts.get(instrument) ?? 0) + 1);
  }
  for (const [instrument, count] of counts)
    limits.spend(`${name} ${what}`, `${key.account.id} ${instrument}`, pace, exchange.now(), count);
}

/** Empty for what names none: it is refused, and counts with its like. */
function instrumentOf(call: SignedCall, what: 'place' | 'cancel', parameters: Parameters): string {
  try {
    return marketOfOrder(call, what, parameters).instrument.symbol;
  } catch (error) {
    if (error instanceof OkxError) return '';
    throw error;
  }
}

/** Seconds, and the tag whose orders it is for. */
function countdown(parameters: Parameters): [seconds: number, tag: string] {
  const seconds = Number(parameters.required('timeOut'));
  if (seconds !== 0 && !(seconds >= 10 && seconds <= 120)) throw wrongParameter('timeOut');
  return [seconds, parameters.optional('tag') ?? ''];
}
