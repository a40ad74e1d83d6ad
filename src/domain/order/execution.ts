/** The changes that a venue's report makes to an order. No report is an error here: at worst it is an anomaly. */

import { add, compare, type Decimal, formatDecimal, parseDecimal, sign, subtract, ZERO } from '../decimal.ts';
import type { ExecutionReport } from '../venue/events.ts';
import { type OrderState, remainingOf } from './order.ts';
import { isClosed, statusOf } from './status.ts';

/** One change, in the order in which it is to be recorded. */
export type OrderChange =
  | { readonly kind: 'accepted'; readonly venueOrderId: string | null }
  | { readonly kind: 'filled'; readonly fill: Fill }
  | { readonly kind: 'rejected' | 'expired' | 'cancel-rejected'; readonly reason: string }
  | { readonly kind: 'canceled'; readonly reason: string | null }
  | { readonly kind: 'updated'; readonly quantity: Decimal; readonly price: Decimal | null }
  | { readonly kind: 'triggered' }
  | { readonly kind: 'anomaly'; readonly anomaly: Anomaly; readonly detail: string };

export type Anomaly =
  | 'late-fill'
  | 'overfill'
  | 'incomplete-fill'
  | 'cumulative-mismatch'
  | 'terms-differ'
  | 'ended-twice'
  | 'rejected-after-fill'
  | 'accepted-after-rejection'
  | 'cancel-never-asked'
  | 'incomplete-update';

export interface Fill {
  readonly tradeId: string;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly cumulative: Decimal;
  readonly fee: Decimal;
  /** Null: the quote asset. */
  readonly feeAsset: string | null;
  readonly liquidity: 'maker' | 'taker';
}

/**
 * The changes that follow from a report; none for a duplicate, which is known by its execution id, and for a trade by
 * its trade id too. `reportId` is the id of the event that brought it.
 */
export function changesOf(order: OrderState, report: ExecutionReport, reportId: string): OrderChange[] {
  const firstSeen = order.executions.get(report.executionId);
  if (firstSeen !== undefined && firstSeen !== reportId) return [];
  switch (report.executionType) {
    case 'new':
      return acceptanceChanges(order, report);
    case 'trade':
      return tradeChanges(order, report);
    case 'canceled':
      return endChanges(order, 'canceled', { kind: 'canceled', reason: report.reason });
    case 'expired':
      return endChanges(order, 'expired', { kind: 'expired', reason: report.reason ?? 'unfilled-rest' });
    case 'rejected':
      return rejectionChanges(order, report);
    case 'cancel-rejected':
      return cancelRejectionChanges(order, report);
    case 'replaced':
      return updateChanges(order, report);
    case 'triggered':
      return isClosed(order) ? [] : [{ kind: 'triggered' }];
  }
}

function anomaly(name: Anomaly, detail: string): OrderChange {
  return { kind: 'anomaly', anomaly: name, detail };
}

function acceptanceChanges(order: OrderState, report: ExecutionReport): OrderChange[] {
  if (order.phase === 'accepted') return [];
  // It may be live at the venue while nobody here expects anything of it.
  if (order.ended === 'rejected') return [anomaly('accepted-after-rejection', 'reported new when it was rejected')];
  return [{ kind: 'accepted', venueOrderId: report.venueOrderId }];
}

/** The fill, as far as the report says; the quantity can also be told from the cumulative one. */
function fillOf(order: OrderState, report: ExecutionReport, tradeId: string): Fill | null {
  const reported = parseDecimal(report.cumulativeQuantity);
  const quantity = report.quantity === null ? subtract(reported, order.cumulative) : parseDecimal(report.quantity);
  if (report.price === null || sign(quantity) <= 0) return null;
  return {
    tradeId,
    price: parseDecimal(report.price),
    quantity,
    cumulative: add(order.cumulative, quantity),
    fee: report.fee === null ? ZERO : parseDecimal(report.fee),
    feeAsset: report.feeAsset,
    liquidity: report.liquidity ?? 'taker',
  };
}

function tradeChanges(order: OrderState, report: ExecutionReport): OrderChange[] {
  // A venue that gives a trade no id of its own still has an id for the execution.
  const tradeId = report.tradeId ?? `execution:${report.executionId}`;
  if (order.trades.has(tradeId)) return [];
  const fill = fillOf(order, report, tradeId);
  if (fill === null) {
    return [anomaly('incomplete-fill', `execution ${report.executionId} has no price or no quantity and cannot be booked`)];
  }
  return [{ kind: 'filled', fill }, ...fillAnomalies(order, report, fill)];
}

function fillAnomalies(order: OrderState, report: ExecutionReport, fill: Fill): OrderChange[] {
  const found: OrderChange[] = [];
  // Of an order that is not ours nothing is known to compare with.
  if (order.quantity === null) return found;
  if (report.side !== order.side || report.symbol !== order.symbol || report.venue !== order.venue) {
    found.push(
      anomaly(
        'terms-differ',
        `reported as ${report.side} ${report.venue} ${report.symbol}, approved as ${order.side} ${order.venue} ${order.symbol}`,
      ),
    );
  }
  const isOverfilled = compare(fill.cumulative, order.quantity) > 0;
  if (order.ended !== null) found.push(anomaly('late-fill', `trade ${fill.tradeId} came after the order was ${statusOf(order)}`));
  if (isOverfilled) {
    found.push(
      anomaly('overfill', `filled ${formatDecimal(fill.cumulative)} of an order of ${formatDecimal(order.quantity)} in all`),
    );
  }
  if (compare(fill.cumulative, parseDecimal(report.cumulativeQuantity)) !== 0) {
    found.push(
      anomaly(
        'cumulative-mismatch',
        `the venue counts ${report.cumulativeQuantity} filled in all, the booked fills make ${formatDecimal(fill.cumulative)}`,
      ),
    );
  }
  return found;
}

function endChanges(order: OrderState, end: 'canceled' | 'expired', change: OrderChange): OrderChange[] {
  if (order.ended === 'external' || order.ended === end) return [];
  if (!isClosed(order)) return [change];
  return [anomaly('ended-twice', `reported ${end} when it was ${statusOf(order)}`)];
}

function rejectionChanges(order: OrderState, report: ExecutionReport): OrderChange[] {
  if (order.ended === 'external' || order.ended === 'rejected') return [];
  if (isClosed(order)) return [anomaly('ended-twice', `reported rejected when it was ${statusOf(order)}`)];
  const rejected: OrderChange = { kind: 'rejected', reason: report.reason ?? 'unknown' };
  if (sign(order.cumulative) === 0) return [rejected];
  return [rejected, anomaly('rejected-after-fill', `${formatDecimal(remainingOf(order))} was left of it`)];
}

function cancelRejectionChanges(order: OrderState, report: ExecutionReport): OrderChange[] {
  if (order.ended === 'external') return [];
  if (order.isCancelPending) return [{ kind: 'cancel-rejected', reason: report.reason ?? 'unknown' }];
  return [anomaly('cancel-never-asked', `the venue refused a cancel that was not asked for: ${report.reason ?? 'no reason'}`)];
}

function updateChanges(order: OrderState, report: ExecutionReport): OrderChange[] {
  if (order.ended === 'external') return [];
  if (report.quantity === null) return [anomaly('incomplete-update', 'the venue changed its terms without saying its quantity')];
  const price = report.price === null ? order.price : parseDecimal(report.price);
  return [{ kind: 'updated', quantity: parseDecimal(report.quantity), price }];
}
