/**
 * The desk: signals, requests, reports and marks in; orders, positions, balances and halts out. One instance holds all
 * accounts, and risk with them, so two orders can never both pass on the same margin. What is recorded is the state:
 * positions and balances are taken from their own events, not worked out again.
 *
 * An account's now moves with the market data of the instruments that it uses and with its reports. Instruments that
 * price what it holds value and mark it, and do not move its now: orders are judged by that. A person's request
 * does not move it: as long as every feed is a recording, the request's clock is years away from the market's.
 */

import type { Account } from '../account/account.ts';
import { isBackInTime, isMarkDue } from '../account/marks.ts';
import type { TapeEvent } from '../catalogue.ts';
import { parseDecimal } from '../decimal.ts';
import type { Reactor } from '../engine/reactor.ts';
import { instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import { epochMs } from '../time.ts';
import { adoptSettings } from './account-settings.ts';
import { onReport, postBalance } from './booking.ts';
import {
  applyAccountEvent,
  applyApproved,
  applyExternalOrder,
  applyMarket,
  applyOrderEvent,
  applyReport,
  type MarketData,
} from './desk-changes.ts';
import { type Deciding, type DeskState, newDesk } from './desk-state.ts';
import {
  applyHaltRequest,
  applyResumeRequest,
  cancelForHalt,
  closeForHalt,
  giveNotice,
  MAX_ACCOUNTS,
  MAX_CANCELS,
  nextClosings,
} from './halt-orders.ts';
import { markAccount } from './marking.ts';
import { onCancelRequest, onOrderRequest } from './request-orders.ts';
import { onSignal } from './signal-orders.ts';

/** Most halts and resumes that are carried out on one event. More requests may arrive while many wait. */
const MAX_NOTICES = 25;

export const desk: Reactor<DeskState> = {
  name: 'desk',
  start: newDesk,

  evolve(state, event, settings) {
    applyEvent(state, event, settings);
    if (event.metadata.reactor === undefined) nextClosings(state);
  },

  decide(state, event, { settings, emit, makeId }) {
    const deciding: Deciding = { state, settings, makeId, emit, cause: event };
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
  },
};

function applyEvent(state: DeskState, event: TapeEvent, settings: SettingsInForce): void {
  switch (event.type) {
    case 'BarClosed':
    case 'DepthSampled':
    case 'FeedStale':
    case 'FeedRecovered':
      applyMarket(state, event, settings);
      return;
    case 'SignalGenerated':
      state.signals.set(event.data.strategy, { id: event.id, signal: event.data });
      return;
    case 'TradingHaltRequested':
      applyHaltRequest(state, event.id, event.data, settings);
      return;
    case 'TradingResumeRequested':
      applyResumeRequest(state, event.id, event.data, settings);
      return;
    case 'OrderApproved':
      applyApproved(state, event.data);
      return;
    case 'ExecutionReported':
      applyReport(state, event);
      return;
    case 'ExternalOrderSeen':
      applyExternalOrder(state, event.data);
      return;
    case 'PositionChanged':
    case 'BalanceChanged':
    case 'AccountMarked':
    case 'TradingHalted':
    case 'TradingResumed':
      applyAccountEvent(state, event);
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
      applyOrderEvent(state, event);
      return;
    case 'SettingsApplied':
      adoptSettings(state, settings);
      return;
    default:
      return;
  }
}

/** Opens accounts, and does what halts and resumes want done, as far as one cascade can hold. */
function proceed(deciding: Deciding): void {
  let accounts = MAX_ACCOUNTS;
  let notices = MAX_NOTICES;
  let cancels = MAX_CANCELS;
  for (const id of [...deciding.state.busy]) {
    const account = deciding.state.accounts.get(id);
    if (account === undefined || accounts-- <= 0) break;
    if (!account.isOpened) openAccount(deciding, account);
    for (const notice of account.pendingNotices.slice(0, notices)) {
      cancels -= cancelForHalt(deciding, account, cancels);
      giveNotice(deciding, account, notice);
      notices--;
    }
    cancels -= cancelForHalt(deciding, account, cancels);
    if (account.isMarkOwed) markAccount(deciding, account);
  }
  closeForHalt(deciding);
}

/** The opening balances of an account go on the tape once. */
function openAccount(deciding: Deciding, account: Account): void {
  const balances = deciding.settings.accounts.get(account.id)?.balances ?? {};
  for (const asset of Object.keys(balances).sort()) {
    postBalance(deciding, account, asset, parseDecimal(balances[asset] ?? '0'), 'opening', null);
  }
  markAccount(deciding, account);
}

function markWatchers(deciding: Deciding, event: MarketData): void {
  if (event.metadata.reactor !== undefined) return;
  const { state } = deciding;
  let left = MAX_ACCOUNTS;
  for (const id of state.watchers.get(instrumentKey(event.data.venue, event.data.symbol)) ?? []) {
    const account = state.accounts.get(id);
    if (account === undefined || isBackInTime(account, epochMs(event.metadata.occurredAt)) || !isMarkDue(account)) continue;
    if (left-- <= 0) return;
    markAccount(deciding, account);
  }
}
