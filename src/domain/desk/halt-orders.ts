/** Halting and resuming: what follows from a person's request in every account that it is about. */

import { type Account, type Notice, openOrdersOf } from '../account/account.ts';
import { sellableLots } from '../account/buying-power.ts';
import { baseUnits, type Instrument, lotsOf } from '../account/instrument.ts';
import { type Position, positionKey } from '../account/position.ts';
import type { EventData } from '../catalogue.ts';
import { absolute, add, type Decimal, minimum, sign, subtract, ZERO } from '../decimal.ts';
import { type HaltScope, MANUAL } from '../order/events.ts';
import { remainingOf } from '../order/order.ts';
import type { Refusal } from '../order/type.ts';
import { flatteningHalt, type Halt, liftHalt, setHalt } from '../risk/halts.ts';
import { instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import { accountStream, orderStream } from '../streams.ts';
import { changeTime, type Deciding, type DeskState } from './desk-state.ts';
import { markAccount } from './marking.ts';
import { deny, reviewOrder } from './order-review.ts';
import { withoutDust } from './sizing.ts';

/** Most cancels on one event: each is answered and recorded, and a cascade has its bounds. The rest goes on at the next. */
export const MAX_CANCELS = 50;

/** Most positions closed on one event, for the same reason. */
const MAX_CLOSINGS = 40;

/** A close at the last price is filled at once: it counts as so many closings, and a cancel that leads to one as so many cancels. */
const CLOSINGS_AT_LAST_PRICE = 3;
const CANCELS_AT_LAST_PRICE = 4;

/** Most accounts that are opened, looked at for a halt or marked on one event; the others follow on the next. */
export const MAX_ACCOUNTS = 25;

/** On how many events everything is closed at the last price; the accounts are those of the positions and the orders. */
export function eventsToClose(held: { readonly positions: number; readonly orders: number; readonly accounts: number }): number {
  const closings = Math.ceil(held.positions / Math.floor(MAX_CLOSINGS / CLOSINGS_AT_LAST_PRICE));
  const cancels = Math.ceil(held.orders / Math.floor(MAX_CANCELS / CANCELS_AT_LAST_PRICE));
  return Math.max(1, closings + cancels + Math.ceil(held.accounts / MAX_ACCOUNTS) - 1);
}

/** A halt is in force from its request on. Notes what it is to do in every account that it is about. */
export function applyHaltRequest(
  state: DeskState,
  requestId: string,
  request: EventData['TradingHaltRequested'],
  settings: SettingsInForce,
): void {
  const { scope, mode, reason, flatten, cancelOpen, atLastPrice: isAtLastPrice } = request;
  const accounts = accountsIn(state, scope, settings);
  const halt: Halt = { mode, reason, requestId, flatten, isAtLastPrice, accounts: accounts.map(({ id }) => id) };
  setHalt(state.halts, scope, halt);
  const strategy = 'strategy' in scope ? scope.strategy : null;
  for (const account of accounts) {
    account.pendingNotices.push({ scope, requestId, reason, halt });
    state.busy.add(account.id);
    if (flatten) {
      for (const [position, { strategy: owner }] of account.positions) {
        if (strategy === null || owner === strategy) {
          state.toClose.push({ account: account.id, position, requestId, isAtLastPrice });
        }
      }
    }
    if (!cancelOpen) continue;
    for (const { orderId } of openOrdersOf(account, strategy, null)) {
      account.toCancel.set(orderId, { requestId, reason, isAtLastPrice });
    }
  }
}

/** Evidence has come: what of the closings that halts want is decided on it. */
export function nextClosings(state: DeskState): void {
  const costs = state.toClose.map(({ isAtLastPrice }) => (isAtLastPrice ? CLOSINGS_AT_LAST_PRICE : 1));
  state.closing = state.toClose.splice(0, countWithin(costs, MAX_CLOSINGS));
}

/** Closes what is to be closed on this event, unless the halt that wanted it was lifted or replaced. */
export function closeForHalt(deciding: Deciding): void {
  const { state } = deciding;
  for (const { account: id, position: key, requestId } of state.closing) {
    const account = state.accounts.get(id);
    const position = account?.positions.get(key);
    if (account === undefined || position === undefined) continue;
    const halt = flatteningHalt(state.halts, id, position.strategy, requestId);
    if (halt !== undefined) closePosition(deciding, account, position, halt, '');
  }
}

/** Lifts that scope's halt. For an account or for all, drawdown is counted from here. */
export function applyResumeRequest(
  state: DeskState,
  requestId: string,
  request: EventData['TradingResumeRequested'],
  settings: SettingsInForce,
): void {
  const { scope, reason } = request;
  const accounts = accountsIn(state, scope, settings);
  liftHalt(state.halts, scope);
  for (const account of accounts) {
    account.pendingNotices.push({ scope, requestId, reason, halt: null });
    state.busy.add(account.id);
  }
}

/** Says in the account's stream what a person's halt or resume means for it. */
export function giveNotice(deciding: Deciding, account: Account, notice: Notice): void {
  const { scope, requestId, reason, halt } = notice;
  const stream = accountStream(account.id);
  if (halt === null) {
    deciding.emit('TradingResumed', stream, { account: account.id, scope, reason, requestId });
    if (!('strategy' in scope)) markAccount(deciding, account);
    return;
  }
  deciding.emit('TradingHalted', stream, { account: account.id, scope, mode: halt.mode, reason, requestId });
}

/** How many of them, in their order, cost no more than `most` together. */
function countWithin(costs: readonly number[], most: number): number {
  let spent = 0;
  let count = 0;
  for (const cost of costs) {
    spent += cost;
    if (spent > most) break;
    count++;
  }
  return count;
}

/** Cancels open orders that halts want cancelled, as many as `atMost` allows; returns how much of it they take. */
export function cancelForHalt(deciding: Deciding, account: Account, atMost: number): number {
  const all = [...account.toCancel];
  const costs = all.map(([, { isAtLastPrice }]) => (isAtLastPrice ? CANCELS_AT_LAST_PRICE : 1));
  const count = countWithin(costs, atMost);
  const next = all.slice(0, count);
  for (const [orderId, { requestId, reason }] of next) {
    const at = changeTime(deciding, account.id);
    deciding.emit('OrderCancelPending', orderStream(orderId), { orderId, account: account.id, at, requestId, reason });
  }
  return costs.slice(0, count).reduce((sum, cost) => sum + cost, 0);
}

/** An order that a flattening halt had cancelled has come to its end: what is left of the position is closed now. */
export function resumeFlattening(
  deciding: Deciding,
  account: Account,
  position: Position,
  requestId: string,
  name: string,
): void {
  const halt = flatteningHalt(deciding.state.halts, account.id, position.strategy, requestId);
  if (halt !== undefined) closePosition(deciding, account, position, halt, `|${name}`);
}

/**
 * Closes a position by a market order, less what is working to close it. While an order on that side is being
 * cancelled it waits for its end, because both together could turn the position round.
 */
function closePosition(deciding: Deciding, account: Account, position: Position, halt: Halt, suffix: string): void {
  const { state, makeId } = deciding;
  const { requestId, isAtLastPrice } = halt;
  const key = instrumentKey(position.venue, position.symbol);
  const instrument = state.instruments.get(key);
  if (instrument === undefined) return;
  const mark = state.market.get(key)?.mark ?? null;
  const held = withoutDust(position.quantity, instrument, mark);
  if (sign(held) === 0) return;
  const side = sign(held) > 0 ? 'sell' : 'buy';
  let working = ZERO;
  for (const order of openOrdersOf(account, position.strategy, instrument)) {
    if (order.side !== side) continue;
    if (order.isCancelPending) return;
    working = add(working, baseUnits(instrument, remainingOf(order)));
  }
  const quantity = closingLots(account, instrument, side, withoutDust(subtract(absolute(held), working), instrument, mark));
  if (sign(quantity) <= 0) return;
  const draft = {
    orderId: makeId(`order|${requestId}|${account.id}|${positionKey(position.strategy, key)}${suffix}`),
    account: account.id,
    strategy: position.strategy,
    venue: position.venue,
    symbol: position.symbol,
    side,
    type: 'market',
    timeInForce: 'IOC',
    quantity,
    price: null,
    origin: { kind: 'halt', id: requestId },
    isAtLastPrice,
  } as const;
  const refusal = isAtLastPrice ? lastPriceRefusal(deciding, account, key) : null;
  if (refusal === null) reviewOrder(deciding, account, instrument, draft, null);
  else deny(deciding, draft, refusal, true);
}

/** Why a position cannot be closed at the last price; null when it can. A market that goes on has a next price. */
function lastPriceRefusal({ state, settings }: Deciding, account: Account, key: string): Refusal | null {
  const venue = settings.accounts.get(account.id)?.venue ?? null;
  if (venue !== 'paper') return { reason: 'not-on-paper', value: venue, bound: 'paper' };
  const market = state.market.get(key);
  if (market?.untrusted !== 'ended') return { reason: 'feed-not-ended', value: market?.untrusted ?? 'live', bound: 'ended' };
  return market.mark === null ? { reason: 'market-data', value: 'no-price', bound: 'trusted' } : null;
}

function closingLots(account: Account, instrument: Instrument, side: 'buy' | 'sell', base: Decimal): Decimal {
  if (sign(base) <= 0) return ZERO;
  const lots = lotsOf(instrument, base);
  return side === 'sell' && instrument.isSpot ? minimum(lots, sellableLots(account, instrument)) : lots;
}

/** Whom a scope is about; a strategy's are those that it runs in, still has something in, or was halted in. */
function accountsIn(state: DeskState, scope: HaltScope, settings: SettingsInForce): Account[] {
  const accounts = [...state.accounts.values()];
  if ('all' in scope) return accounts;
  if ('account' in scope) return accounts.filter(({ id }) => id === scope.account);
  const { strategy } = scope;
  const home = settings.strategies.get(strategy)?.account;
  const halted = state.halts.strategies.get(strategy)?.accounts ?? [];
  return accounts.filter(
    (account) => strategy === MANUAL || account.id === home || halted.includes(account.id) || isIn(account, strategy),
  );
}

function isIn(account: Account, strategy: string): boolean {
  for (const position of account.positions.values()) if (position.strategy === strategy) return true;
  for (const _ of openOrdersOf(account, strategy, null)) return true;
  return false;
}
