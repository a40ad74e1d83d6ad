/**
 * The venue of paper accounts: approved orders and market data in, execution reports out.
 *
 * Market data are taken in by `evolve`, which notes on each order what follows for it; `decide` reports that. So
 * nothing but what was known at the moment of a fill can have a part in it. All paper accounts share one book: what one
 * has taken from a level is not there for another.
 */

import type { TapeEvent } from '../../catalogue.ts';
import { add, isZero, parseDecimal } from '../../decimal.ts';
import type { Reactor } from '../../engine/reactor.ts';
import type { Bar, DepthSample } from '../../market/events.ts';
import type { ApprovedOrder } from '../../order/events.ts';
import { instrumentKey, type SettingsInForce } from '../../settings/in-force.ts';
import type { FeedSettings } from '../../settings/settings.ts';
import type { ExecutionReport } from '../events.ts';
import { meetBar } from './bar-fills.ts';
import { applySample, expireWhenLate, meetSample, takeFromLevel } from './book-fills.ts';
import { answerCancel, answerOrder, lacksPrice } from './paper-answers.ts';
import { reportAtLastPrice, reportExecutions } from './paper-executions.ts';
import { settle } from './paper-funds.ts';
import { arrivingOrder, type PaperOrder, remaining } from './paper-order.ts';
import { holdFill } from './paper-positions.ts';
import { closeOrder, findMarket, marketOf, newPaperState, type PaperMarket, type PaperState } from './paper-state.ts';

export const paperVenue: Reactor<PaperState> = {
  name: 'paper-venue',
  start: newPaperState,

  evolve(state, event, settings) {
    switch (event.type) {
      case 'BarClosed':
        if (isBaseBar(event, settings)) applyBar(state, event.data, settings);
        return;
      case 'DepthSampled':
        applyDepth(state, event.data, settings);
        return;
      case 'FeedStale':
      case 'FeedRecovered':
        applyTime(state, event.data.venue, event.data.symbol, event.metadata.occurredAt, settings);
        return;
      case 'OrderApproved':
        applyOrder(state, event.data, settings);
        return;
      case 'ExecutionReported':
        applyReport(state, event.data);
        return;
      case 'SettingsApplied':
        openAccounts(state, settings);
        return;
      default:
        return;
    }
  },

  decide(state, event, { settings, emit }) {
    const answering = { state, emit };
    switch (event.type) {
      case 'BarClosed':
        if (isBaseBar(event, settings)) reportExecutions(answering, event.data.venue, event.data.symbol, null);
        return;
      case 'DepthSampled':
        reportExecutions(answering, event.data.venue, event.data.symbol, event.data.eventTime);
        return;
      case 'FeedStale':
      case 'FeedRecovered':
        reportExecutions(answering, event.data.venue, event.data.symbol, null);
        return;
      case 'OrderApproved':
        if (!isPaper(event.data.account, settings)) return;
        answerOrder(answering, event.data);
        if (event.data.atLastPrice) reportAtLastPrice(answering, event.data);
        return;
      case 'OrderCancelPending': {
        const { orderId, account, at } = event.data;
        if (isPaper(account, settings)) answerCancel(answering, orderId, account, at, event.id);
        return;
      }
      default:
        return;
    }
  },
};

/** Evidence of the feed's own interval; longer bars are made from these and say nothing new. */
function isBaseBar(event: TapeEvent & { readonly type: 'BarClosed' }, settings: SettingsInForce): boolean {
  const { venue, symbol, interval } = event.data;
  return event.metadata.reactor === undefined && feedOf(settings, venue, symbol)?.bars === interval;
}

function isPaper(account: string, settings: SettingsInForce): boolean {
  return settings.accounts.get(account)?.venue === 'paper';
}

function feedOf(settings: SettingsInForce, venue: string, symbol: string): FeedSettings | undefined {
  return settings.feeds.get(instrumentKey(venue, symbol));
}

/** Opening balances count once; what is changed later changes terms only. */
function openAccounts({ ledger }: PaperState, settings: SettingsInForce): void {
  for (const account of settings.accounts.values()) {
    if (account.venue !== 'paper' || ledger.has(account.id)) continue;
    const balances = Object.entries(account.balances).map(([asset, amount]) => [asset, parseDecimal(amount)] as const);
    ledger.set(account.id, new Map(balances));
  }
}

function applyBar(state: PaperState, bar: Bar, settings: SettingsInForce): void {
  const market = findMarket(state, bar.venue, bar.symbol);
  if (market === undefined) return;
  meetBar(market.orders.values(), bar, feedOf(settings, bar.venue, bar.symbol)?.depth !== undefined);
}

function applyDepth(state: PaperState, sample: DepthSample, settings: SettingsInForce): void {
  const depth = feedOf(settings, sample.venue, sample.symbol)?.depth;
  if (depth === undefined) return;
  const market = marketOf(state, sample.venue, sample.symbol);
  const last = market.book.sample;
  // An older recording that was taken in later does not take the book back.
  if (last !== null && sample.eventTime < last.eventTime) return;
  applySample(market.book, sample, depth.levels);
  for (const order of market.orders.values()) if (order.isAccepted) meetSample(order, sample);
}

function applyTime(state: PaperState, venue: string, symbol: string, time: string, settings: SettingsInForce): void {
  if (feedOf(settings, venue, symbol)?.depth === undefined) return;
  for (const order of findMarket(state, venue, symbol)?.orders.values() ?? []) {
    if (order.isAccepted) expireWhenLate(order, time);
  }
}

function applyOrder(state: PaperState, approved: ApprovedOrder, settings: SettingsInForce): void {
  const account = settings.accounts.get(approved.account);
  const instrument = settings.instruments.get(instrumentKey(approved.venue, approved.symbol));
  if (account?.venue !== 'paper' || instrument?.kind !== 'spot' || lacksPrice(approved)) return;
  const market = marketOf(state, approved.venue, approved.symbol);
  market.orders.set(approved.orderId, arrivingOrder(approved, account, instrument));
}

function applyReport(state: PaperState, report: ExecutionReport): void {
  const market = findMarket(state, report.venue, report.symbol);
  const order = report.orderId === null ? undefined : market?.orders.get(report.orderId);
  if (market === undefined || order === undefined) return;
  order.reports++;
  if (report.executionType === 'new') order.isAccepted = true;
  else if (report.executionType === 'trade') applyTrade(state, market, order, report);
  else if (report.executionType !== 'cancel-rejected') closeOrder(state, market, order);
}

function applyTrade(state: PaperState, market: PaperMarket, order: PaperOrder, report: ExecutionReport): void {
  const { price, quantity, fee, feeAsset } = report;
  if (price === null || quantity === null || fee === null || feeAsset === null) {
    throw new Error(`the paper venue's execution ${report.executionId} has no price, quantity or fee`);
  }
  const [atPrice, amount] = [parseDecimal(price), parseDecimal(quantity)];
  const paid = { amount: parseDecimal(fee), asset: feeAsset };
  settle(state.ledger, order, amount, atPrice, paid);
  holdFill(state.positions, order, amount, paid);
  if (order.pending?.kind === 'sweep') takeFromLevel(market.book, order.side, atPrice, amount);
  // What is left waits for the next bar.
  if (order.pending?.kind === 'fill') order.pending = null;
  order.filled = add(order.filled, amount);
  if (isZero(remaining(order))) closeOrder(state, market, order);
}
