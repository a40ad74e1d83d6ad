/** From a venue's report to the order's events, and from a fill to position, balances and mark. */

import { type Account, balanceOf, findOrder, positionOf } from '../account/account.ts';
import { baseUnits, type Instrument } from '../account/instrument.ts';
import { afterFill, averageEntry } from '../account/position.ts';
import type { TapeEvent } from '../catalogue.ts';
import { add, type Decimal, formatDecimal, isZero, multiply, negate, subtract, ZERO } from '../decimal.ts';
import { changesOf, type Fill, type OrderChange } from '../order/execution.ts';
import type { OrderState } from '../order/order.ts';
import { isClosed } from '../order/status.ts';
import { instrumentKey } from '../settings/in-force.ts';
import { accountStream, orderStream } from '../streams.ts';
import type { ExecutionReport } from '../venue/events.ts';
import { missingOf, newlyMissing } from './coverage.ts';
import type { Deciding } from './desk-state.ts';
import { resumeFlattening } from './halt-orders.ts';
import { markAccount } from './marking.ts';
import { resumeSignal } from './signal-orders.ts';

/** Takes what a venue says. Nothing that it says is lost, and nothing is an exception. */
export function onReport(deciding: Deciding, reportId: string, report: ExecutionReport): void {
  const account = deciding.state.accounts.get(report.account);
  const order = account === undefined ? undefined : findOrder(account, report.orderId, report.clientOrderId);
  if (account === undefined || order === undefined) {
    applyExternal(deciding, account, reportId, report);
    return;
  }
  record(deciding, account, order, reportId, report);
}

/** An order that is not ours, or no longer remembered. Its fills move this account all the same, and are people's. */
function applyExternal(deciding: Deciding, account: Account | undefined, reportId: string, report: ExecutionReport): void {
  const { venue, symbol, clientOrderId } = report;
  const orderId = report.orderId ?? deciding.makeId(`external|${report.account}|${venue}|${symbol}|${clientOrderId}`);
  const seen = { orderId, account: report.account, at: report.transactTime, venue, symbol, clientOrderId, reportId };
  deciding.emit('ExternalOrderSeen', orderStream(orderId), seen);
  const order = account === undefined ? undefined : findOrder(account, orderId, clientOrderId);
  if (account !== undefined && order !== undefined) record(deciding, account, order, reportId, report);
}

function record(deciding: Deciding, account: Account, order: OrderState, reportId: string, report: ExecutionReport): void {
  const wasClosed = isClosed(order);
  let hasFills = false;
  for (const change of changesOf(order, report, reportId)) {
    if (change.kind === 'filled') hasFills = recordFill(deciding, account, order, reportId, report, change.fill) || hasFills;
    else recordChange(deciding, order, reportId, report, change);
  }
  if (hasFills) markAccount(deciding, account);
  if (isClosed(order) && (hasFills || !wasClosed)) goOn(deciding, account, order);
}

/**
 * An order has come to its end, or was filled after it. Where it was cancelled for a signal or a halt, and where it was
 * to close a position for a halt and expired, what they want may be left to do.
 */
function goOn(deciding: Deciding, account: Account, order: OrderState): void {
  const instrument = deciding.state.instruments.get(instrumentKey(order.venue, order.symbol));
  if (instrument === undefined) return;
  const name = `${order.orderId}|${order.trades.size}`;
  const expired = order.origin?.kind === 'halt' && order.ended === 'expired' ? [order.origin.id] : [];
  for (const cause of [...order.cancelCauses, ...expired]) {
    resumeSignal(deciding, order.strategy, cause, name);
    resumeFlattening(deciding, account, positionOf(account, order.strategy, instrument), cause, name);
  }
}

type Unfilled = Exclude<OrderChange, { kind: 'filled' }>;

function recordChange({ emit }: Deciding, order: OrderState, reportId: string, report: ExecutionReport, change: Unfilled): void {
  const stream = orderStream(order.orderId);
  const base = { orderId: order.orderId, account: order.account, at: report.transactTime };
  switch (change.kind) {
    case 'accepted':
      emit('OrderAccepted', stream, { ...base, venueOrderId: change.venueOrderId });
      return;
    case 'rejected':
      emit('OrderRejected', stream, { ...base, reason: change.reason });
      return;
    case 'expired':
      emit('OrderExpired', stream, { ...base, reason: change.reason });
      return;
    case 'canceled':
      emit('OrderCanceled', stream, { ...base, reason: change.reason });
      return;
    case 'cancel-rejected':
      emit('OrderCancelRejected', stream, { ...base, reason: change.reason });
      return;
    case 'triggered':
      emit('OrderTriggered', stream, base);
      return;
    case 'updated': {
      const price = change.price === null ? null : formatDecimal(change.price);
      emit('OrderUpdated', stream, { ...base, quantity: formatDecimal(change.quantity), price });
      return;
    }
    case 'anomaly':
      emit('OrderAnomalyDetected', stream, { ...base, anomaly: change.anomaly, reportId, detail: change.detail });
      return;
  }
}

/** Books a fill under what the venue says was traded. Returns false when that is not listed and cannot be booked. */
function recordFill(
  deciding: Deciding,
  account: Account,
  order: OrderState,
  reportId: string,
  report: ExecutionReport,
  fill: Fill,
): boolean {
  const { state, emit } = deciding;
  const { venue, symbol, side } = report;
  const instrument = state.instruments.get(instrumentKey(venue, symbol));
  const change = { orderId: order.orderId, account: account.id, at: report.transactTime };
  if (instrument === undefined || instrument.isInverse) {
    const what = instrument === undefined ? 'which is not listed' : 'an inverse contract';
    const detail = `trade ${fill.tradeId} is of ${venue} ${symbol}, ${what}, and cannot be booked`;
    emit('OrderAnomalyDetected', orderStream(order.orderId), { ...change, anomaly: 'unknown-instrument', reportId, detail });
    return false;
  }
  const feeAsset = fill.feeAsset ?? instrument.quote;
  const missing = new Map(
    [instrument.base, instrument.quote, feeAsset].map((asset) => [asset, missingOf(state, account, asset)]),
  );
  emit('OrderFilled', orderStream(order.orderId), {
    ...change,
    strategy: order.strategy,
    venue,
    symbol,
    side,
    tradeId: fill.tradeId,
    price: formatDecimal(fill.price),
    quantity: formatDecimal(fill.quantity),
    cumulativeQuantity: formatDecimal(fill.cumulative),
    fee: formatDecimal(fill.fee),
    feeAsset,
    liquidity: fill.liquidity,
  });
  const base = baseUnits(instrument, fill.quantity);
  const notional = multiply(base, fill.price);
  const profit = recordPosition(deciding, account, order, instrument, report, { ...fill, base, notional, feeAsset });
  const isPurchase = side === 'buy';
  if (instrument.isSpot) {
    postBalance(deciding, account, instrument.base, isPurchase ? base : negate(base), 'trade', order.orderId);
    postBalance(deciding, account, instrument.quote, isPurchase ? negate(notional) : notional, 'trade', order.orderId);
  } else {
    postBalance(deciding, account, instrument.quote, profit, 'trade', order.orderId);
  }
  postBalance(deciding, account, feeAsset, negate(fill.fee), 'fee', order.orderId);
  const detail = newlyMissing(state, account, missing);
  if (detail !== null) {
    const anomaly = { anomaly: 'balance-below-position', reportId, detail: `after trade ${fill.tradeId} ${detail}` };
    emit('OrderAnomalyDetected', orderStream(order.orderId), { ...change, ...anomaly });
  }
  return true;
}

interface Booked extends Fill {
  readonly base: Decimal;
  readonly notional: Decimal;
  readonly feeAsset: string;
}

/** Records the strategy's position after a fill; returns the profit that the fill realised. */
function recordPosition(
  { emit }: Deciding,
  account: Account,
  order: OrderState,
  instrument: Instrument,
  report: ExecutionReport,
  fill: Booked,
): Decimal {
  const before = positionOf(account, order.strategy, instrument);
  const baseFee = instrument.isSpot && fill.feeAsset === instrument.base ? fill.fee : ZERO;
  const after = afterFill(before, report.side, fill.base, fill.notional, baseFee);
  const average = averageEntry(after);
  emit('PositionChanged', accountStream(account.id), {
    account: account.id,
    strategy: order.strategy,
    venue: instrument.venue,
    symbol: instrument.symbol,
    orderId: order.orderId,
    tradeId: fill.tradeId,
    quantity: formatDecimal(after.quantity),
    cost: formatDecimal(after.cost),
    averageEntryPrice: average === null ? null : formatDecimal(average),
    realizedProfit: formatDecimal(after.realized),
  });
  return subtract(after.realized, before.realized);
}

/** Records a change of a balance, unless it is none. */
export function postBalance(
  { emit }: Deciding,
  account: Account,
  asset: string,
  change: Decimal,
  reason: Extract<TapeEvent, { type: 'BalanceChanged' }>['data']['reason'],
  orderId: string | null,
): void {
  if (isZero(change)) return;
  emit('BalanceChanged', accountStream(account.id), {
    account: account.id,
    asset,
    change: formatDecimal(change),
    balance: formatDecimal(add(balanceOf(account, asset), change)),
    reason,
    orderId,
  });
}
