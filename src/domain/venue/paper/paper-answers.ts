/** The paper venue's answers to orders and cancels: accepted, rejected, canceled. */

import { ZERO } from '../../decimal.ts';
import type { ApprovedOrder } from '../../order/events.ts';
import { orderTypeOf } from '../../order/types.ts';
import { reportsStream } from '../../streams.ts';
import { isoTime } from '../../time.ts';
import type { ExecutionReport } from '../events.ts';
import { canReserve } from './paper-funds.ts';
import { approvalMs, nextExecutionId, type PaperOrder, type ReportedOrder, reportOf } from './paper-order.ts';
import { type Answering, findMarket, fundsOf, ordersAt, type PaperState } from './paper-state.ts';

/** Most orders that an account may have open; a venue has such a limit too. */
const MAX_OPEN_ORDERS = 200;

export function report({ emit }: Answering, report: ExecutionReport): void {
  emit('ExecutionReported', reportsStream(report.account), report);
}

/** Is it without the price that an order of its type has? No venue takes one. */
export function lacksPrice(approved: ApprovedOrder): boolean {
  return orderTypeOf(approved.type).hasPrice && approved.price === null;
}

/** Accepts the order, or rejects it with the reason. */
export function answerOrder(answering: Answering, approved: ApprovedOrder): void {
  const { state } = answering;
  const order = findMarket(state, approved.venue, approved.symbol)?.orders.get(approved.orderId);
  if (order === undefined) {
    const refused = { ...approved, filled: ZERO };
    const reason = lacksPrice(approved) ? 'invalid-price' : 'instrument-not-traded';
    const at = isoTime(approvalMs(approved));
    report(answering, reportOf(refused, 'rejected', `${approved.clientOrderId}-1`, at, { reason }));
    return;
  }
  const refusal = refusalOf(state, order);
  const now = isoTime(order.decidedMs);
  report(answering, reportOf(order, refusal === null ? 'new' : 'rejected', nextExecutionId(order), now, { reason: refusal }));
}

function refusalOf(state: PaperState, order: PaperOrder): string | null {
  let open = 0;
  for (const other of ordersAt(state)) if (other.account === order.account && other.isAccepted) open++;
  if (open >= MAX_OPEN_ORDERS) return 'too-many-open-orders';
  return canReserve(fundsOf(state), order) ? null : 'insufficient-funds';
}

/** Cancels the order, or says why not. `at` is the time of the answer, `causeId` the event that asks for it. */
export function answerCancel(answering: Answering, orderId: string, account: string, at: string, causeId: string): void {
  const { state } = answering;
  for (const { orders } of state.markets.values()) {
    const order = orders.get(orderId);
    if (order === undefined) continue;
    report(answering, reportOf(order, 'canceled', nextExecutionId(order), at));
    return;
  }
  const closed = state.closed.get(orderId);
  const reason = closed === undefined ? 'unknown-order' : 'already-closed';
  const order = closed ?? neverSeen(orderId, account);
  report(answering, reportOf(order, 'cancel-rejected', `cancel-${causeId}`, at, { reason }));
}

/** Stands for an order that the venue has never had: nothing is known of it but its id. */
function neverSeen(orderId: string, account: string): ReportedOrder {
  return { orderId, clientOrderId: orderId, account, venue: 'paper', symbol: 'unknown', side: 'buy', filled: ZERO };
}
