/**
 * The venue of paper accounts: approved orders and market data in, execution reports out.
 *
 * Market data is taken in by `evolve`, which notes on each order what follows for it; `decide` reports that. So
 * nothing but what was known at the moment of a fill can have a part in it. All paper accounts share one book: what one
 * has taken from a level is not there for another.
 */

import type { TapeEvent } from '../../catalogue.ts';
import { add, compare, type Decimal, formatDecimal, isZero, minimum, parseDecimal, ZERO } from '../../decimal.ts';
import type { Emit, Reactor } from '../../engine/reactor.ts';
import type { Bar, DepthSample } from '../../market/events.ts';
import type { ApprovedOrder } from '../../order/events.ts';
import { evolveSettings, instrumentKey, noSettings, type SettingsInForce } from '../../settings/in-force.ts';
import type { FeedSettings } from '../../settings/settings.ts';
import { reportsStream } from '../../streams.ts';
import { isoTime } from '../../time.ts';
import type { ExecutionReport } from '../events.ts';
import { meetCandle, restThroughBar } from './bar-fills.ts';
import { applySample, emptyBook, expireWhenLate, levelsFor, meetSample, type PaperBook, takeFromLevel } from './book-fills.ts';
import { affordable, canReserve, type Funds, feeOf, type Ledger, settle } from './paper-funds.ts';
import {
  approvalMs,
  arrivingOrder,
  type Liquidity,
  nextExecutionId,
  type PaperOrder,
  type Pending,
  type ReportedOrder,
  remaining,
  reportOf,
} from './paper-order.ts';

/** Most orders that an account may have open; a venue has such a limit too. */
const MAX_OPEN_ORDERS = 200;
/** Most executions and expiries upon one event, so that a cascade stays in its bounds; the others follow at the next. */
const MAX_EXECUTIONS = 40;
/** Closed orders that are remembered, so that a cancel that crosses a fill gets its proper answer. */
const MAX_CLOSED = 256;

/** One instrument at the venue. */
interface Market {
  readonly book: PaperBook;
  /** In the order of their arrival, by order id. */
  readonly orders: Map<string, PaperOrder>;
}

interface State {
  readonly settings: SettingsInForce;
  readonly ledger: Ledger;
  readonly markets: Map<string, Market>;
  readonly closed: Map<string, ReportedOrder>;
}

export class PaperVenue implements Reactor {
  readonly name = 'paper-venue';
  #state: State = { settings: noSettings(), ledger: new Map(), markets: new Map(), closed: new Map() };

  evolve(event: TapeEvent): void {
    switch (event.type) {
      case 'BarClosed':
        if (this.#isBaseBar(event)) this.#applyBar(event.data);
        return;
      case 'DepthSampled':
        this.#applyDepth(event.data);
        return;
      case 'FeedStale':
      case 'FeedRecovered':
        this.#applyTime(event.data.venue, event.data.symbol, event.metadata.occurredAt);
        return;
      case 'OrderApproved':
        this.#applyOrder(event.data);
        return;
      case 'ExecutionReported':
        this.#applyReport(event.data);
        return;
      default:
        if (evolveSettings(this.#state.settings, event)) this.#openAccounts();
    }
  }

  decide(event: TapeEvent, emit: Emit): void {
    switch (event.type) {
      case 'BarClosed':
        if (this.#isBaseBar(event)) this.#reportMarket(event.data.venue, event.data.symbol, null, emit);
        return;
      case 'DepthSampled':
        this.#reportMarket(event.data.venue, event.data.symbol, event.data.eventTime, emit);
        return;
      case 'FeedStale':
      case 'FeedRecovered':
        this.#reportMarket(event.data.venue, event.data.symbol, null, emit);
        return;
      case 'OrderApproved':
        this.#answerOrder(event.data, emit);
        return;
      case 'OrderCancelPending':
        this.#answerCancel(event.data.orderId, event.data.account, event.data.at, event.id, emit);
        return;
      default:
        return;
    }
  }

  snapshot(): unknown {
    return structuredClone(this.#state);
  }

  restore(snapshot: unknown): void {
    this.#state = structuredClone(snapshot) as State;
  }

  // --- Taking in ---

  /** Evidence of the feed's own interval; longer bars are made from these and say nothing new. */
  #isBaseBar(event: TapeEvent & { readonly type: 'BarClosed' }): boolean {
    return (
      event.metadata.reactor === undefined && this.#feedOf(event.data.venue, event.data.symbol)?.bars === event.data.interval
    );
  }

  #feedOf(venue: string, symbol: string): FeedSettings | undefined {
    return this.#state.settings.feeds.get(instrumentKey(venue, symbol));
  }

  /** Opening balances count once; what is changed later changes terms only. */
  #openAccounts(): void {
    for (const account of this.#state.settings.accounts.values()) {
      if (account.venue !== 'paper' || this.#state.ledger.has(account.id)) continue;
      const balances = Object.entries(account.balances).map(([asset, amount]) => [asset, parseDecimal(amount)] as const);
      this.#state.ledger.set(account.id, new Map(balances));
    }
  }

  #applyBar(bar: Bar): void {
    const market = this.#state.markets.get(instrumentKey(bar.venue, bar.symbol));
    if (market === undefined) return;
    const hasBook = this.#feedOf(bar.venue, bar.symbol)?.depth !== undefined;
    for (const order of market.orders.values()) {
      if (!order.accepted) continue;
      if (!hasBook) meetCandle(order, bar);
      else if (order.immediate) expireWhenLate(order, bar.closeTime);
      else restThroughBar(order, bar);
    }
  }

  #applyDepth(sample: DepthSample): void {
    const depth = this.#feedOf(sample.venue, sample.symbol)?.depth;
    if (depth === undefined) return;
    const market = this.#marketOf(sample.venue, sample.symbol);
    applySample(market.book, sample, depth.levels);
    for (const order of market.orders.values()) if (order.accepted) meetSample(order, sample);
  }

  #applyTime(venue: string, symbol: string, time: string): void {
    if (this.#feedOf(venue, symbol)?.depth === undefined) return;
    for (const order of this.#state.markets.get(instrumentKey(venue, symbol))?.orders.values() ?? []) {
      if (order.accepted) expireWhenLate(order, time);
    }
  }

  #applyOrder(approved: ApprovedOrder): void {
    const account = this.#state.settings.accounts.get(approved.account);
    const instrument = this.#state.settings.instruments.get(instrumentKey(approved.venue, approved.symbol));
    if (account?.venue !== 'paper' || instrument?.kind !== 'spot' || lacksPrice(approved)) return;
    const market = this.#marketOf(approved.venue, approved.symbol);
    market.orders.set(approved.orderId, arrivingOrder(approved, account, instrument));
  }

  #applyReport(report: ExecutionReport): void {
    const market = this.#state.markets.get(instrumentKey(report.venue, report.symbol));
    const order = report.orderId === null ? undefined : market?.orders.get(report.orderId);
    if (market === undefined || order === undefined) return;
    order.reports++;
    if (report.executionType === 'new') order.accepted = true;
    else if (report.executionType === 'trade') this.#applyTrade(market, order, report);
    else if (report.executionType !== 'cancel-rejected') this.#close(market, order);
  }

  #applyTrade(market: Market, order: PaperOrder, report: ExecutionReport): void {
    const { price, quantity, fee, feeAsset } = report;
    if (price === null || quantity === null || fee === null || feeAsset === null) {
      throw new Error(`the paper venue's execution ${report.executionId} has no price, quantity or fee`);
    }
    const [atPrice, amount] = [parseDecimal(price), parseDecimal(quantity)];
    settle(this.#state.ledger, order, amount, atPrice, { amount: parseDecimal(fee), asset: feeAsset });
    if (order.pending?.kind === 'walk') takeFromLevel(market.book, order.side, atPrice, amount);
    order.filled = add(order.filled, amount);
    if (isZero(remaining(order))) this.#close(market, order);
  }

  #close(market: Market, order: PaperOrder): void {
    market.orders.delete(order.orderId);
    const { orderId, clientOrderId, account, venue, symbol, side, filled } = order;
    this.#state.closed.set(orderId, { orderId, clientOrderId, account, venue, symbol, side, filled });
    if (this.#state.closed.size <= MAX_CLOSED) return;
    for (const oldest of this.#state.closed.keys()) {
      this.#state.closed.delete(oldest);
      return;
    }
  }

  #marketOf(venue: string, symbol: string): Market {
    const key = instrumentKey(venue, symbol);
    const known = this.#state.markets.get(key);
    if (known !== undefined) return known;
    const market: Market = { book: emptyBook(), orders: new Map() };
    this.#state.markets.set(key, market);
    return market;
  }

  // --- Answering ---

  #answerOrder(approved: ApprovedOrder, emit: Emit): void {
    if (this.#state.settings.accounts.get(approved.account)?.venue !== 'paper') return;
    const order = this.#state.markets.get(instrumentKey(approved.venue, approved.symbol))?.orders.get(approved.orderId);
    if (order === undefined) {
      const refused = { ...approved, filled: ZERO };
      const reason = lacksPrice(approved) ? 'invalid-price' : 'instrument-not-traded';
      const at = isoTime(approvalMs(approved));
      this.#report(emit, reportOf(refused, 'rejected', `${approved.clientOrderId}-1`, at, { reason }));
      return;
    }
    const refusal = this.#refusalOf(order);
    const now = isoTime(order.decidedMs);
    this.#report(emit, reportOf(order, refusal === null ? 'new' : 'rejected', nextExecutionId(order), now, { reason: refusal }));
  }

  #refusalOf(order: PaperOrder): string | null {
    let open = 0;
    for (const other of this.#orders()) if (other.account === order.account && other.accepted) open++;
    if (open >= MAX_OPEN_ORDERS) return 'too-many-open-orders';
    return canReserve(this.#funds(), order) ? null : 'insufficient-funds';
  }

  #answerCancel(orderId: string, account: string, at: string, causeId: string, emit: Emit): void {
    if (this.#state.settings.accounts.get(account)?.venue !== 'paper') return;
    for (const { orders } of this.#state.markets.values()) {
      const order = orders.get(orderId);
      if (order === undefined) continue;
      this.#report(emit, reportOf(order, 'canceled', nextExecutionId(order), at));
      return;
    }
    const closed = this.#state.closed.get(orderId);
    const reason = closed === undefined ? 'unknown-order' : 'already-closed';
    const order = closed ?? neverSeen(orderId, account);
    this.#report(emit, reportOf(order, 'cancel-rejected', `cancel-${causeId}`, at, { reason }));
  }

  /** Reports what market data has brought about, by time and then in the order of arrival. */
  #reportMarket(venue: string, symbol: string, sampleTime: string | null, emit: Emit): void {
    const market = this.#state.markets.get(instrumentKey(venue, symbol));
    if (market === undefined || market.orders.size === 0) return;
    const due: { readonly order: PaperOrder; readonly pending: Pending; readonly time: string }[] = [];
    for (const order of market.orders.values()) {
      const { pending } = order;
      if (pending === null || (pending.kind === 'walk' && sampleTime === null)) continue;
      due.push({ order, pending, time: pending.kind === 'walk' ? (sampleTime ?? '') : pending.time });
    }
    due.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    let left = MAX_EXECUTIONS;
    for (const { order, pending, time } of due) {
      if (left === 0) return;
      // An order that expires without an execution counts too: hundreds may at once, when a feed falls silent.
      if (pending.kind === 'walk') left -= this.#walk(market, order, time, left, emit) || 1;
      else {
        left--;
        if (pending.kind === 'expire') this.#expire(order, pending.reason, time, emit);
        else this.#fill(order, remaining(order), pending.price, pending.liquidity, time, emit);
      }
    }
  }

  /** Takes level by level, best first; returns the number of executions. */
  #walk(market: Market, order: PaperOrder, time: string, most: number, emit: Emit): number {
    const levels = levelsFor(market.book, order);
    let executions = 0;
    for (const level of levels) {
      if (executions === most) return executions;
      const wanted = minimum(remaining(order), level.available);
      executions++;
      if (!this.#fill(order, wanted, level.price, 'taker', time, emit) || isZero(remaining(order))) return executions;
    }
    if (order.immediate)
      this.#expire(order, isZero(order.filled) && order.limit === null ? 'no-liquidity' : 'unfilled-rest', time, emit);
    return executions;
  }

  /** Reports a fill of as much of `wanted` as the account can pay for. When that is less, the rest of the order expires. */
  #fill(order: PaperOrder, wanted: Decimal, price: Decimal, liquidity: Liquidity, time: string, emit: Emit): boolean {
    const funds = this.#funds();
    const quantity = affordable(funds, order, wanted, price, liquidity);
    if (!isZero(quantity)) {
      const fee = feeOf(funds, order, quantity, price, liquidity);
      const id = nextExecutionId(order);
      this.#report(emit, {
        ...reportOf(order, 'trade', id, time, { tradeId: id, liquidity }),
        price: formatDecimal(price),
        quantity: formatDecimal(quantity),
        cumulativeQuantity: formatDecimal(add(order.filled, quantity)),
        fee: formatDecimal(fee.amount),
        feeAsset: fee.asset,
      });
    }
    if (compare(quantity, wanted) === 0) return true;
    this.#expire(order, 'insufficient-funds', time, emit);
    return false;
  }

  #expire(order: PaperOrder, reason: string, time: string, emit: Emit): void {
    this.#report(emit, reportOf(order, 'expired', nextExecutionId(order), time, { reason }));
  }

  #report(emit: Emit, report: ExecutionReport): void {
    emit('ExecutionReported', reportsStream(report.account), report);
  }

  #funds(): Funds {
    return { ledger: this.#state.ledger, orders: () => this.#orders() };
  }

  *#orders(): Iterable<PaperOrder> {
    for (const { orders } of this.#state.markets.values()) yield* orders.values();
  }
}

function lacksPrice(approved: ApprovedOrder): boolean {
  return approved.type === 'limit' && approved.price === null;
}

/** Stands for an order that the venue has never had: nothing is known of it but its id. */
function neverSeen(orderId: string, account: string): ReportedOrder {
  return { orderId, clientOrderId: orderId, account, venue: 'paper', symbol: 'unknown', side: 'buy', filled: ZERO };
}
