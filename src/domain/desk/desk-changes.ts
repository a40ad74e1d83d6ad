/** How events change the desk's state: market data, orders, positions and balances. */

import {
  type Account,
  addHolding,
  changeOrder,
  findOrder,
  noteApproval,
  rememberOrder,
  setPosition,
} from '../account/account.ts';
import { advance, enterTime, isBackInTime, noteMark, noteRevaluation, resetDrawdown } from '../account/marks.ts';
import { positionKey } from '../account/position.ts';
import { PRICE_GRADES, priceGradeOf } from '../account/price-choice.ts';
import { rateOf, revalueAsset, revalueAt, revalueInstrument } from '../account/valuation.ts';
import type { TapeEvent } from '../catalogue.ts';
import { add, compare, multiply, parseDecimal } from '../decimal.ts';
import { evolveMarket } from '../market/market-view.ts';
import { type ApprovedOrder, MANUAL } from '../order/events.ts';
import { approvedOrder, evolveOrder, externalOrder, SEND_WINDOW_MS } from '../order/order.ts';
import { instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import { epochMs } from '../time.ts';
import { chooseAgain, hold, use } from './account-settings.ts';
import type { DeskState } from './desk-state.ts';

type Of<Type extends TapeEvent['type']> = Extract<TapeEvent, { type: Type }>;

/** What an instrument's market data are made of. */
export type MarketData = Of<'BarClosed' | 'DepthSampled' | 'FeedStale' | 'FeedRecovered'>;

export function applyMarket(state: DeskState, event: MarketData, settings: SettingsInForce): void {
  const key = evolveMarket(state.market, settings.feeds, event);
  if (key === null || !state.instruments.has(key)) return;
  const timeMs = epochMs(event.metadata.occurredAt);
  const isEnd = event.type === 'FeedStale' && event.data.reason === 'ended';
  const grade = priceGradeOf(state, key);
  const before = state.grades.get(key) ?? PRICE_GRADES.none;
  state.grades.set(key, grade);
  if (grade > before) chooseAgain(state, true);
  for (const id of state.watchers.get(key) ?? []) {
    const account = state.accounts.get(id);
    if (account === undefined) continue;
    if (account.used.has(key)) advance(account, timeMs);
    else enterTime(account, timeMs);
    const { equity, dayStart } = account;
    revalueAt(state, account, key);
    noteRevaluation(account, timeMs, { equity, dayStart });
    if (!isEnd || isBackInTime(account, timeMs)) continue;
    account.isMarkOwed = true;
    // Whose last mark says the same anyway is marked with the feed's end or not at all: not on a request of another day.
    if (compare(account.equity, account.marked.equity) !== 0) state.busy.add(id);
  }
  // Only now that its last price was taken in. Who is valued by another has no more to do with it, and is still to be marked.
  if (grade < before) for (const { id, isMarkOwed } of chooseAgain(state, false)) if (isMarkOwed) state.busy.add(id);
}

export function applyApproved(state: DeskState, approved: ApprovedOrder): void {
  const account = state.accounts.get(approved.account);
  if (account === undefined) return;
  const key = instrumentKey(approved.venue, approved.symbol);
  const nowMs = epochMs(approved.sendBy) - SEND_WINDOW_MS;
  advance(account, nowMs);
  use(state, account, key);
  noteApproval(account, nowMs);
  rememberOrder(account, approvedOrder(approved), state.instruments.get(key));
}

/** The report's consequences are this desk's own events; here only its time counts, and that it was seen. */
export function applyReport(state: DeskState, event: Of<'ExecutionReported'>): void {
  const account = state.accounts.get(event.data.account);
  if (account === undefined) return;
  // The paper venue's answers come with market data, which was taken in, or with a request, whose time is no market's.
  if (event.metadata.reactor === undefined) advance(account, epochMs(event.metadata.occurredAt));
  const order = findOrder(account, event.data.orderId, event.data.clientOrderId);
  if (order !== undefined && !order.executions.has(event.data.executionId))
    order.executions.set(event.data.executionId, event.id);
}

export function applyExternalOrder(state: DeskState, seen: Of<'ExternalOrderSeen'>['data']): void {
  const account = state.accounts.get(seen.account);
  if (account === undefined) return;
  // Its side is that of its fills, each of which says its own.
  rememberOrder(account, externalOrder({ ...seen, side: 'buy' }, seen.orderId, MANUAL), undefined);
}

export function applyOrderEvent(
  state: DeskState,
  event: Of<
    | 'OrderSubmitted'
    | 'OrderAccepted'
    | 'OrderRejected'
    | 'OrderUncertain'
    | 'OrderFilled'
    | 'OrderCancelPending'
    | 'OrderCanceled'
    | 'OrderCancelRejected'
    | 'OrderExpired'
    | 'OrderUpdated'
  >,
): void {
  const account = state.accounts.get(event.data.account);
  const order = account === undefined ? undefined : findOrder(account, event.data.orderId, '');
  if (account === undefined || order === undefined) return;
  const instrument = state.instruments.get(instrumentKey(order.venue, order.symbol));
  changeOrder(account, order, instrument, () => evolveOrder(order, event));
  if (event.type === 'OrderCancelPending') account.toCancel.delete(order.orderId);
  rest(state, account);
}

export function applyAccountEvent(
  state: DeskState,
  event: Of<'PositionChanged' | 'BalanceChanged' | 'AccountMarked' | 'TradingHalted' | 'TradingResumed'>,
): void {
  const account = state.accounts.get(event.data.account);
  if (account === undefined) return;
  if (event.type === 'PositionChanged') applyPosition(state, account, event.data);
  else if (event.type === 'BalanceChanged') applyBalance(state, account, event.data);
  else if (event.type === 'AccountMarked') noteMark(account, parseDecimal(event.data.peak), parseDecimal(event.data.dayStart));
  else applyNotice(account, event);
  rest(state, account);
}

function applyNotice(account: Account, event: Of<'TradingHalted' | 'TradingResumed'>): void {
  const given = account.pendingNotices.findIndex(({ requestId }) => requestId === event.data.requestId);
  if (given >= 0) account.pendingNotices.splice(given, 1);
  if (event.type === 'TradingResumed' && !('strategy' in event.data.scope)) resetDrawdown(account);
}

/** Is there nothing left to do for the account but what events bring? */
function rest(state: DeskState, account: Account): void {
  const { isOpened, isMarkOwed, pendingNotices, toCancel } = account;
  if (isOpened && !isMarkOwed && pendingNotices.length === 0 && toCancel.size === 0) state.busy.delete(account.id);
}

function applyPosition(state: DeskState, account: Account, changed: Of<'PositionChanged'>['data']): void {
  const { strategy, venue, symbol } = changed;
  const key = instrumentKey(venue, symbol);
  const position = {
    strategy,
    venue,
    symbol,
    quantity: parseDecimal(changed.quantity),
    cost: parseDecimal(changed.cost),
    realized: parseDecimal(changed.realizedProfit),
  };
  const isNew = !account.net.has(key);
  setPosition(account, positionKey(strategy, key), position, key);
  use(state, account, key);
  if (isNew) hold(state, account);
  revalueInstrument(state, account, state.instruments.get(key));
}

function applyBalance(state: DeskState, account: Account, changed: Of<'BalanceChanged'>['data']): void {
  const balance = parseDecimal(changed.balance);
  const isNew = !account.balances.has(changed.asset);
  account.balances.set(changed.asset, balance);
  addHolding(account, changed.asset);
  if (isNew) hold(state, account);
  revalueAsset(state, account, changed.asset);
  if (changed.reason !== 'opening') return;
  account.openings.set(changed.asset, balance);
  const rate = rateOf(state, account, changed.asset);
  if (rate === null) account.unpriced.add(changed.asset);
  else account.openingEquity = add(account.openingEquity, multiply(balance, rate));
  account.dayStart = account.equity;
  resetDrawdown(account);
}
