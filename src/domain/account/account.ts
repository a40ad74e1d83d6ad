/** The state of one account, as plain data, and how its own events change it. */

import { add, type Decimal, maximum, parseDecimal, subtract, ZERO } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { HaltScope } from '../order/events.ts';
import { type OrderState, remainingOf } from '../order/order.ts';
import { isClosed } from '../order/status.ts';
import type { Halt } from '../risk/halts.ts';
import { MAX_ORDERS } from '../risk/limits/order-rate.ts';
import type { RiskLimits } from '../risk/limits.ts';
import { type AccountLimits, readLimits } from '../risk/limits.ts';
import type { AccountTerms } from '../settings/in-force.ts';
import { baseUnits, type Instrument } from './instrument.ts';
import { flatPosition, type Position, positionKey } from './position.ts';

/** The working orders' quantities in one asset (spot) or instrument, in base units. */
export interface Holding {
  /** The asset that it is in. */
  readonly asset: string;
  /** Null for an asset that is held as a balance, else the instrument's key. */
  readonly instrument: string | null;
  buys: Decimal;
  sells: Decimal;
}

/** The effect that a person's halt or resume is to have in an account. */
export interface Notice {
  readonly scope: HaltScope;
  readonly requestId: string;
  readonly reason: string;
  /** Null for a resume. */
  readonly halt: Halt | null;
}

export interface ToCancel {
  readonly requestId: string;
  readonly reason: string;
  /** What it was to sell or buy may then be closed at the last price, all in one cascade. */
  readonly isAtLastPrice: boolean;
}

export interface Account {
  readonly id: string;
  readonly currency: string;
  slippage: Decimal;
  /** The dearer of maker and taker. */
  feeRate: Decimal;
  limits: AccountLimits;
  /** Its opening balances are on the tape. */
  isOpened: boolean;
  /** Halts and resumes that are in force and are not said in its stream yet, in order. */
  readonly pendingNotices: Notice[];
  /** Open orders that a halt wants cancelled, with its request and reason. */
  readonly toCancel: Map<string, ToCancel>;
  /** Greatest time of its reports and of instruments that it uses, epoch ms; 0 before the first. */
  nowMs: number;
  /** Greatest time of anything in the day of its now that moved that or a price of what it holds, epoch ms; of any price while it has no now. */
  valuedMs: number;
  /** A later day that prices of what it holds are in already. */
  ahead: DayAhead | null;
  /** Keys of instruments that its strategies in force use, or that it has traded. */
  readonly used: Set<string>;
  /** Keys of instruments that it had an order or a position in. */
  readonly traded: Set<string>;
  readonly openings: Map<string, Decimal>;
  /** What it was opened with was worth at the first price of each asset. */
  openingEquity: Decimal;
  /** Assets that it was opened with and that have had no price since. */
  readonly unpriced: Set<string>;
  readonly balances: Map<string, Decimal>;
  /** By `positionKey`. */
  readonly positions: Map<string, Position>;
  /** Net quantity and cost by instrument key. */
  readonly net: Map<string, { quantity: Decimal; cost: Decimal }>;
  /** By `Instrument.holding`. */
  readonly holdings: Map<string, Holding>;
  readonly open: Map<string, OrderState>;
  /** The latest closed orders, oldest first: reports may still come for them. */
  readonly closed: Map<string, OrderState>;
  /** Order ids by client order id, of all orders that are remembered. */
  readonly byClientOrderId: Map<string, string>;
  /** When the latest orders were approved, epoch ms. */
  readonly approvals: number[];
  /** The instrument that prices an asset, in the account's currency or in an asset that has a price itself. */
  pricedBy: ReadonlyMap<string, string>;
  /** What is to be valued again when the mark of an instrument changes, by instrument key. */
  readonly priced: Map<string, Priced>;
  /** What equity is made of: the worth of each asset, and the unrealized profit of each instrument that is no asset. */
  readonly marketValues: Map<string, Decimal>;
  equity: Decimal;
  peak: Decimal;
  maxDrawdown: { peak: Decimal; equity: Decimal };
  /** That of the day of `valuedMs`; read by `dayStartOf`. */
  dayStart: Decimal;
  /** At what time (epoch ms) and equity it was last marked on the tape. */
  marked: { timeMs: number; equity: Decimal };
  /** It is to be marked whatever its equity: a feed has ended, or something that it was opened with has its first price. */
  isMarkOwed: boolean;
}

/**
 * A later day than that of the account's now, in which an instrument that only prices what it holds is already. The
 * account is in that day only as long as nothing that moves its now has been heard of since from before it.
 */
export interface DayAhead {
  /** Greatest time of such an instrument, epoch ms. */
  timeMs: number;
  /** What has come of that day has changed the equity by so much: what it is without that is the day's baseline. */
  change: Decimal;
  /** The market that the account's now goes by is still in an earlier day, and so is the account. */
  isAside: boolean;
}

/** What rests on the mark of one instrument: assets that are balances, and instruments whose positions are none. */
export interface Priced {
  readonly assets: string[];
  readonly instruments: string[];
}

/** Closed orders that are remembered per account; a report for an older one is taken for an order that is not ours. */
export const MAX_CLOSED_ORDERS = 5_000;

export function newAccount(terms: AccountTerms, limits: RiskLimits | undefined): Account {
  return {
    id: terms.id,
    currency: terms.currency,
    ...readTerms(terms),
    limits: readLimits(limits),
    isOpened: false,
    pendingNotices: [],
    toCancel: new Map(),
    nowMs: 0,
    valuedMs: 0,
    ahead: null,
    used: new Set(),
    traded: new Set(),
    openings: new Map(),
    openingEquity: ZERO,
    unpriced: new Set(),
    balances: new Map(),
    positions: new Map(),
    net: new Map(),
    holdings: new Map(),
    open: new Map(),
    closed: new Map(),
    byClientOrderId: new Map(),
    approvals: [],
    pricedBy: new Map(),
    priced: new Map(),
    marketValues: new Map(),
    equity: ZERO,
    peak: ZERO,
    maxDrawdown: { peak: ZERO, equity: ZERO },
    dayStart: ZERO,
    marked: { timeMs: 0, equity: ZERO },
    isMarkOwed: false,
  };
}

/** The terms that may change while the account is open. */
export function readTerms(terms: AccountTerms): Pick<Account, 'slippage' | 'feeRate'> {
  const { maker, taker } = terms.fees;
  return { slippage: parseDecimal(terms.slippage), feeRate: maximum(parseDecimal(maker), parseDecimal(taker)) };
}

export function balanceOf(account: Account, asset: string): Decimal {
  return account.balances.get(asset) ?? ZERO;
}

export function positionOf(account: Account, strategy: string, instrument: Instrument): Position {
  return (
    account.positions.get(positionKey(strategy, instrument.key)) ?? flatPosition(strategy, instrument.venue, instrument.symbol)
  );
}

/** Sum of all strategies' positions in the instrument, in base units. */
export function netOf(account: Account, instrumentKey: string): Decimal {
  return account.net.get(instrumentKey)?.quantity ?? ZERO;
}

/** What is held of an asset or, where positions are settled, of an instrument; signed, in base units. */
export function heldOf(account: Account, holdingKey: string): Decimal {
  const holding = account.holdings.get(holdingKey);
  if (holding === undefined || holding.instrument === null) return balanceOf(account, holdingKey);
  return netOf(account, holding.instrument);
}

export function holdingOf(account: Account, instrument: Instrument): Holding {
  let holding = account.holdings.get(instrument.holding);
  if (holding === undefined) {
    holding = { asset: instrument.base, instrument: instrument.isSpot ? null : instrument.key, buys: ZERO, sells: ZERO };
    account.holdings.set(instrument.holding, holding);
  }
  return holding;
}

/** Makes a balance count among what is held. */
export function addHolding(account: Account, asset: string): void {
  if (asset === account.currency || account.holdings.has(asset)) return;
  account.holdings.set(asset, { asset, instrument: null, buys: ZERO, sells: ZERO });
}

/** The order as it is remembered, open or closed. */
export function findOrder(account: Account, orderId: string | null, clientOrderId: string): OrderState | undefined {
  const id = orderId ?? account.byClientOrderId.get(clientOrderId);
  if (id === undefined) return undefined;
  return account.open.get(id) ?? account.closed.get(id);
}

/** Takes in an order that was approved or first seen. */
export function rememberOrder(account: Account, order: OrderState, instrument: Instrument | undefined): void {
  account.byClientOrderId.set(order.clientOrderId, order.orderId);
  account.open.set(order.orderId, order);
  if (instrument !== undefined) addWorking(account, order.side, instrument, remainingOf(order));
  settleOrder(account, order);
}

/** Changes an order, and what is working with it. */
export function changeOrder(account: Account, order: OrderState, instrument: Instrument | undefined, change: () => void): void {
  const before = remainingOf(order);
  change();
  if (instrument !== undefined) addWorking(account, order.side, instrument, subtract(remainingOf(order), before));
  settleOrder(account, order);
}

/** Takes in that so much more of an order (less: negative) may still be filled. */
export function addWorking(account: Account, side: Side, instrument: Instrument, quantity: Decimal): void {
  const holding = holdingOf(account, instrument);
  const change = baseUnits(instrument, quantity);
  if (side === 'buy') holding.buys = add(holding.buys, change);
  else holding.sells = add(holding.sells, change);
}

/** Keeps open and closed orders apart, and forgets the oldest closed ones. */
function settleOrder(account: Account, order: OrderState): void {
  const isDone = isClosed(order);
  if (isDone === account.closed.has(order.orderId)) return;
  account.open.delete(order.orderId);
  if (isDone) account.toCancel.delete(order.orderId);
  account.closed.delete(order.orderId);
  (isDone ? account.closed : account.open).set(order.orderId, order);
  if (account.closed.size <= MAX_CLOSED_ORDERS) return;
  for (const oldest of account.closed.values()) {
    account.closed.delete(oldest.orderId);
    account.byClientOrderId.delete(oldest.clientOrderId);
    return;
  }
}

export function setPosition(account: Account, key: string, position: Position, instrumentKey: string): void {
  const before = account.positions.get(key);
  const net = account.net.get(instrumentKey) ?? { quantity: ZERO, cost: ZERO };
  net.quantity = add(net.quantity, subtract(position.quantity, before?.quantity ?? ZERO));
  net.cost = add(net.cost, subtract(position.cost, before?.cost ?? ZERO));
  account.net.set(instrumentKey, net);
  account.positions.set(key, position);
}

/** Takes in that an order was approved at that time (epoch ms). */
export function noteApproval(account: Account, timeMs: number): void {
  const { approvals } = account;
  const perMs = account.limits.orderRate?.perMs ?? 0;
  let past = 0;
  while (past < approvals.length && (approvals[past] ?? 0) <= timeMs - perMs) past++;
  // Taken off in bulk, as each removal moves all that follow.
  if (past > 0 && (past === approvals.length || past >= 64)) approvals.splice(0, past);
  approvals.push(timeMs);
  if (approvals.length > MAX_ORDERS) approvals.splice(0, approvals.length - MAX_ORDERS);
}

/** Open orders, of one strategy and of one instrument where that is said. */
export function* openOrdersOf(account: Account, strategy: string | null, instrument: Instrument | null): Iterable<OrderState> {
  for (const order of account.open.values()) {
    if (strategy !== null && order.strategy !== strategy) continue;
    if (instrument !== null && (order.symbol !== instrument.symbol || order.venue !== instrument.venue)) continue;
    yield order;
  }
}

/** Base units of the strategy's orders on one side of the instrument that are not being cancelled. */
export function workingOf(account: Account, strategy: string, instrument: Instrument, side: Side): Decimal {
  let working = ZERO;
  for (const order of openOrdersOf(account, strategy, instrument)) {
    if (order.side === side && !order.isCancelPending) working = add(working, baseUnits(instrument, remainingOf(order)));
  }
  return working;
}
