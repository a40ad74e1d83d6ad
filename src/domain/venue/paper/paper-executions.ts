/** The effects of market data: fills and expiries, as the orders' own pending states say. */

import { add, compare, type Decimal, formatDecimal, isZero, minimum } from '../../decimal.ts';
import type { ApprovedOrder } from '../../order/events.ts';
import type { Liquidity } from '../../order/type.ts';
import { orderTypeOf } from '../../order/types.ts';
import { levelsFor } from './book-fills.ts';
import { NOT_ENOUGH_VOLUME } from './fill-bounds.ts';
import { report } from './paper-answers.ts';
import { affordable, feeOf } from './paper-funds.ts';
import { nextExecutionId, type PaperOrder, type Pending, remaining, reportOf } from './paper-order.ts';
import { type Answering, findMarket, fundsOf, type PaperMarket } from './paper-state.ts';

/** Most reports of executions and expiries on one event, so that a cascade stays in its bounds; the others follow at the next. */
const MAX_EXECUTIONS = 40;

/**
 * Reports what market data have brought about for the orders in an instrument, by time and then in the order of their
 * arrival. `sampleTime` is that of the sample of the book in hand, null where there is none.
 */
export function reportExecutions(answering: Answering, venue: string, symbol: string, sampleTime: string | null): void {
  const market = findMarket(answering.state, venue, symbol);
  if (market === undefined || market.orders.size === 0) return;
  const due: { readonly order: PaperOrder; readonly pending: Pending; readonly time: string }[] = [];
  for (const order of market.orders.values()) {
    const { pending } = order;
    if (pending === null || (pending.kind === 'sweep' && sampleTime === null)) continue;
    due.push({ order, pending, time: pending.kind === 'sweep' ? (sampleTime ?? '') : pending.time });
  }
  due.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  let left = MAX_EXECUTIONS;
  for (const { order, pending, time } of due) {
    if (left <= 0) return;
    // An order that expires counts too: hundreds may at once, when a feed falls silent.
    if (pending.kind === 'sweep') left -= sweepBook(answering, market, order, time, left) || 1;
    else if (pending.kind === 'fill') left -= fillPending(answering, order, pending);
    else {
      left--;
      expire(answering, order, pending.reason, time);
    }
  }
}

/** Fills an order that was accepted and waits for no market, because its feed has ended. */
export function reportAtLastPrice(answering: Answering, { venue, symbol, orderId }: ApprovedOrder): void {
  const order = findMarket(answering.state, venue, symbol)?.orders.get(orderId);
  if (order?.isAccepted === true && order.pending?.kind === 'fill') fillPending(answering, order, order.pending);
}

/** Takes level by level, best first; returns the number of reports. */
function sweepBook(answering: Answering, market: PaperMarket, order: PaperOrder, time: string, most: number): number {
  const levels = levelsFor(market.book, order);
  let executions = 0;
  for (const level of levels) {
    if (executions === most) return executions;
    const wanted = minimum(remaining(order), level.available);
    executions++;
    if (!fill(answering, order, wanted, level.price, 'taker', time) || isZero(remaining(order))) return executions;
  }
  if (!order.isImmediate) return executions;
  expire(answering, order, orderTypeOf(order.type).restReason(!isZero(order.filled)), time);
  return executions + 1;
}

/** Fills what it was allotted; the rest of an immediate order expires, that of another one rests. Returns the number of reports. */
function fillPending(answering: Answering, order: PaperOrder, pending: Extract<Pending, { kind: 'fill' }>): number {
  const { quantity, price, liquidity, time } = pending;
  if (!fill(answering, order, quantity, price, liquidity, time)) return 2;
  if (!order.isImmediate || isZero(remaining(order))) return 1;
  expire(answering, order, NOT_ENOUGH_VOLUME, time);
  return 2;
}

/** Reports a fill of as much of `wanted` as the account can pay for. Where that is less, the rest expires: returns false. */
function fill(
  answering: Answering,
  order: PaperOrder,
  wanted: Decimal,
  price: Decimal,
  liquidity: Liquidity,
  time: string,
): boolean {
  const funds = fundsOf(answering.state);
  const quantity = affordable(funds, order, wanted, price, liquidity);
  if (!isZero(quantity)) {
    const fee = feeOf(funds, order, quantity, price, liquidity);
    const id = nextExecutionId(order);
    report(answering, {
      ...reportOf(order, 'trade', id, time, { tradeId: id, liquidity }),
      price: formatDecimal(price),
      quantity: formatDecimal(quantity),
      cumulativeQuantity: formatDecimal(add(order.filled, quantity)),
      fee: formatDecimal(fee.amount),
      feeAsset: fee.asset,
    });
  }
  if (compare(quantity, wanted) === 0) return true;
  expire(answering, order, 'insufficient-funds', time);
  return false;
}

function expire(answering: Answering, order: PaperOrder, reason: string, time: string): void {
  report(answering, reportOf(order, 'expired', nextExecutionId(order), time, { reason }));
}
