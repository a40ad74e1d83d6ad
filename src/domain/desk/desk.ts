/**
 * The desk: signals, requests, reports and marks in; orders, positions, balances and halts out. One instance holds all
 * accounts, and risk with them, so two orders can never both pass on the same margin. What is recorded is the state:
 * positions and balances are taken from their own events, not worked out again.
 *
 * An account's now moves with the market data of the instruments that it uses and with its reports. A person's request
 * does not move it: as long as every feed is a recording, the request's clock is years away from the market's.
 */

import {
  type Account,
  addHolding,
  changeOrder,
  findOrder,
  noteApproval,
  rememberOrder,
  setPosition,
} from '../account/account.ts';
import { advance, isMarkDue, noteEquity, noteMark, resetDrawdown } from '../account/marks.ts';
import { positionKey } from '../account/position.ts';
import { rateOf, revalueAsset, revalueAt, revalueInstrument } from '../account/valuation.ts';
import type { TapeEvent } from '../catalogue.ts';
import { parseDecimal } from '../decimal.ts';
import type { Emit, Reactor } from '../engine/reactor.ts';
import type { MakeId } from '../event.ts';
import { evolveMarket } from '../market/market-view.ts';
import { type ApprovedOrder, MANUAL } from '../order/events.ts';
import { approvedOrder, evolveOrder, externalOrder, SEND_WINDOW_MS } from '../order/order.ts';
import { evolveSettings, instrumentKey } from '../settings/in-force.ts';
import { epochMs } from '../time.ts';
import { adoptSettings, use } from './account-settings.ts';
import { onReport, postBalance } from './booking.ts';
import { type Deciding, type DeskState, newDesk } from './desk-state.ts';
import {
  applyHaltRequest,
  applyResumeRequest,
  cancelForHalt,
  closeForHalt,
  giveNotice,
  MAX_CANCELS,
  nextClosings,
} from './halt-orders.ts';
import { markAccount } from './marking.ts';
import { onCancelRequest, onOrderRequest } from './request-orders.ts';
import { onSignal } from './signal-orders.ts';

type Of<Type extends TapeEvent['type']> = Extract<TapeEvent, { type: Type }>;

export class Desk implements Reactor {
  readonly name = 'desk';
  readonly #makeId: MakeId;
  #state: DeskState = newDesk();

  constructor(makeId: MakeId) {
    this.#makeId = makeId;
  }

  evolve(event: TapeEvent): void {
    this.#take(event);
    if (event.metadata.reactor === undefined) nextClosings(this.#state);
  }

  #take(event: TapeEvent): void {
    switch (event.type) {
      case 'BarClosed':
      case 'DepthSampled':
      case 'FeedStale':
      case 'FeedRecovered':
        applyMarket(this.#state, event);
        return;
      case 'SignalGenerated':
        this.#state.signals.set(event.data.strategy, { id: event.id, signal: event.data });
        return;
      case 'TradingHaltRequested':
        applyHaltRequest(this.#state, event.id, event.data);
        break;
      case 'TradingResumeRequested':
        applyResumeRequest(this.#state, event.id, event.data);
        break;
      case 'OrderApproved':
        applyApproved(this.#state, event.data);
        return;
      case 'ExecutionReported':
        applyReport(this.#state, event);
        return;
      case 'ExternalOrderSeen':
        applyExternalOrder(this.#state, event.data);
        return;
      case 'PositionChanged':
      case 'BalanceChanged':
      case 'AccountMarked':
      case 'TradingHalted':
      case 'TradingResumed':
        applyAccountEvent(this.#state, event);
        return;
      case 'OrderSubmitted':
      case 'OrderAccepted':
      case 'OrderRejected':
      case 'OrderUncertain':
      case 'OrderFilled':
      case 'OrderCancelPending':
      case 'OrderCanceled':
      case 'OrderCancelRejected':
      case 'OrderExpired':
      case 'OrderUpdated':
        applyOrderEvent(this.#state, event);
        return;
      default:
        if (evolveSettings(this.#state.settings, event)) adoptSettings(this.#state);
    }
  }

  decide(event: TapeEvent, emit: Emit): void {
    const deciding: Deciding = { state: this.#state, makeId: this.#makeId, emit, cause: event };
    if (event.metadata.reactor === undefined) proceed(deciding);
    switch (event.type) {
      case 'BarClosed':
      case 'DepthSampled':
      case 'FeedStale':
      case 'FeedRecovered':
        markWatchers(deciding, event);
        return;
      case 'SignalGenerated':
        onSignal(deciding, event.id, event.data);
        return;
      case 'OrderRequested':
        onOrderRequest(deciding, event.id, event.data);
        return;
      case 'OrderCancelRequested':
        onCancelRequest(deciding, event.id, event.data);
        return;
      case 'ExecutionReported':
        onReport(deciding, event.id, event.data);
        return;
      default:
        return;
    }
  }

  snapshot(): unknown {
    return structuredClone(this.#state);
  }

  restore(snapshot: unknown): void {
    this.#state = structuredClone(snapshot) as DeskState;
  }
}

// --- Taking in ---

function applyMarket(state: DeskState, event: Of<'BarClosed' | 'DepthSampled' | 'FeedStale' | 'FeedRecovered'>): void {
  const key = evolveMarket(state.market, state.settings.feeds, event);
  const instrument = key === null ? undefined : state.instruments.get(key);
  if (key === null || instrument === undefined) return;
  const timeMs = epochMs(event.metadata.occurredAt);
  for (const id of state.watchers.get(key) ?? []) {
    const account = state.accounts.get(id);
    if (account === undefined) continue;
    revalueAt(state, account, instrument);
    if (account.used.has(key)) advance(account, timeMs);
    noteEquity(account);
  }
}

function applyApproved(state: DeskState, approved: ApprovedOrder): void {
  const account = state.accounts.get(approved.account);
  if (account === undefined) return;
  const key = instrumentKey(approved.venue, approved.symbol);
  const nowMs = epochMs(approved.sendBy) - SEND_WINDOW_MS;
  use(state, account, key);
  advance(account, nowMs);
  noteApproval(account, nowMs);
  rememberOrder(account, approvedOrder(approved), state.instruments.get(key));
}

/** The report's consequences are this desk's own events; here only its time counts, and that it was seen. */
function applyReport(state: DeskState, event: Of<'ExecutionReported'>): void {
  const account = state.accounts.get(event.data.account);
  if (account === undefined) return;
  // The paper venue's answers come with market data, which was taken in, or with a request, whose time is no market's.
  if (event.metadata.reactor === undefined) advance(account, epochMs(event.metadata.occurredAt));
  const order = findOrder(account, event.data.orderId, event.data.clientOrderId);
  if (order !== undefined && !order.executions.has(event.data.executionId))
    order.executions.set(event.data.executionId, event.id);
}

function applyExternalOrder(state: DeskState, seen: Of<'ExternalOrderSeen'>['data']): void {
  const account = state.accounts.get(seen.account);
  if (account === undefined) return;
  // Its side is that of its fills, each of which says its own.
  rememberOrder(account, externalOrder({ ...seen, side: 'buy' }, seen.orderId, MANUAL), undefined);
}

function applyOrderEvent(
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

function applyAccountEvent(
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
  if (account.opened && account.pendingNotices.length === 0 && account.toCancel.size === 0) state.busy.delete(account.id);
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
  setPosition(account, positionKey(strategy, key), position, key);
  use(state, account, key);
  revalueInstrument(state, account, state.instruments.get(key));
}

function applyBalance(state: DeskState, account: Account, changed: Of<'BalanceChanged'>['data']): void {
  const balance = parseDecimal(changed.balance);
  account.balances.set(changed.asset, balance);
  addHolding(account, changed.asset);
  revalueAsset(state, account, changed.asset);
  if (changed.reason !== 'opening') return;
  account.openings.set(changed.asset, balance);
  if (rateOf(state, account, changed.asset) === null) account.unpriced.add(changed.asset);
  account.dayStart = account.equity;
  resetDrawdown(account);
}

// --- Deciding ---

/** Most accounts that are opened, looked at for a halt or marked upon one event; the others follow upon the next. */
const MAX_ACCOUNTS = 25;

/** Most halts and resumes that accounts are told of upon one event: while many wait for their turn, more may be asked for. */
const MAX_NOTICES = 25;

/** Opens accounts, and does what halts and resumes want done, as far as one cascade can hold. */
function proceed(deciding: Deciding): void {
  let accounts = MAX_ACCOUNTS;
  let notices = MAX_NOTICES;
  let cancels = MAX_CANCELS;
  for (const id of [...deciding.state.busy]) {
    const account = deciding.state.accounts.get(id);
    if (account === undefined || accounts-- <= 0) break;
    if (!account.opened) openAccount(deciding, account);
    for (const notice of account.pendingNotices.slice(0, notices)) {
      cancels -= cancelForHalt(deciding, account, cancels);
      giveNotice(deciding, account, notice);
      notices--;
    }
    cancels -= cancelForHalt(deciding, account, cancels);
  }
  closeForHalt(deciding);
}

/** The opening balances of an account go on the tape once. */
function openAccount(deciding: Deciding, account: Account): void {
  const balances = deciding.state.settings.accounts.get(account.id)?.balances ?? {};
  for (const asset of Object.keys(balances).sort()) {
    postBalance(deciding, account, asset, parseDecimal(balances[asset] ?? '0'), 'opening', null);
  }
  markAccount(deciding, account);
}

function markWatchers(deciding: Deciding, event: Of<'BarClosed' | 'DepthSampled' | 'FeedStale' | 'FeedRecovered'>): void {
  if (event.metadata.reactor !== undefined) return;
  const { state } = deciding;
  let left = MAX_ACCOUNTS;
  for (const id of state.watchers.get(instrumentKey(event.data.venue, event.data.symbol)) ?? []) {
    const account = state.accounts.get(id);
    if (account === undefined || !isMarkDue(account)) continue;
    if (left-- <= 0) return;
    markAccount(deciding, account);
  }
}
