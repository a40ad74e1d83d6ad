/** Halting and resuming: what follows from a person's request in every account that it is about. */

import type { EventData } from '../catalogue.ts';
import { absolute, add, type Decimal, minimum, sign, subtract, ZERO } from '../decimal.ts';
import { type HaltScope, MANUAL } from '../order/events.ts';
import { remainingOf } from '../order/order.ts';
import { instrumentKey } from '../settings/in-force.ts';
import { accountStream, orderStream } from '../streams.ts';
import { type Account, openOrdersOf } from './account.ts';
import type { Deciding, DeskState } from './desk-state.ts';
import { isFlattening } from './halts.ts';
import { baseUnits, type Instrument, lotsOf } from './instrument.ts';
import { markAccount } from './marks.ts';
import { type Position, positionKey } from './position.ts';
import { sellableLots } from './purchasing-power.ts';
import { withoutDust } from './sizing.ts';
import { submit } from './submit.ts';

/** The halt itself is in force from the request on; this says so per account, cancels and closes. */
export function onHaltRequest(deciding: Deciding, requestId: string, request: EventData['TradingHaltRequested']): void {
  const { state, emit, cause } = deciding;
  const { scope, mode, reason } = request;
  const strategy = 'strategy' in scope ? scope.strategy : null;
  for (const account of accountsIn(state, scope)) {
    emit('TradingHalted', accountStream(account.id), { account: account.id, scope, mode, reason, requestId });
    if (request.cancelOpen) {
      for (const { orderId } of [...openOrdersOf(account, strategy, null)]) {
        const at = cause.metadata.occurredAt;
        emit('OrderCancelPending', orderStream(orderId), { orderId, account: account.id, at, requestId, reason });
      }
    }
    if (!request.flatten) continue;
    for (const position of [...account.positions.values()]) {
      if (strategy === null || position.strategy === strategy) closePosition(deciding, account, position, requestId, '');
    }
  }
}

/** Lifts that scope's halt. For an account or for all, drawdown is counted anew from here. */
export function onResumeRequest(deciding: Deciding, requestId: string, request: EventData['TradingResumeRequested']): void {
  const { scope, reason } = request;
  for (const account of accountsIn(deciding.state, scope)) {
    deciding.emit('TradingResumed', accountStream(account.id), { account: account.id, scope, reason, requestId });
    if (!('strategy' in scope)) markAccount(deciding, account);
  }
}

/** An order that a flattening halt had cancelled has come to its end: what is left of the position is closed now. */
export function resumeFlattening(
  deciding: Deciding,
  account: Account,
  position: Position,
  requestId: string,
  name: string,
): void {
  if (!isFlattening(deciding.state.halts, account.id, position.strategy, requestId)) return;
  closePosition(deciding, account, position, requestId, `|${name}`);
}

/**
 * Closes a position by a market order, less what is working to close it. While an order on that side is being
 * cancelled it waits for its end, because both together could turn the position round.
 */
function closePosition(deciding: Deciding, account: Account, position: Position, requestId: string, suffix: string): void {
  const { state, makeId } = deciding;
  const key = instrumentKey(position.venue, position.symbol);
  const instrument = state.instruments.get(key);
  if (instrument === undefined) return;
  const held = withoutDust(position.quantity, instrument, state.market.get(key)?.mark ?? null);
  if (sign(held) === 0) return;
  const side = sign(held) > 0 ? 'sell' : 'buy';
  let working = ZERO;
  for (const order of openOrdersOf(account, position.strategy, instrument)) {
    if (order.side !== side) continue;
    if (order.cancelFor !== null) return;
    working = add(working, baseUnits(instrument, remainingOf(order)));
  }
  const quantity = closingLots(account, instrument, side, subtract(absolute(held), working));
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
  } as const;
  submit(deciding, account, instrument, draft, null);
}

function closingLots(account: Account, instrument: Instrument, side: 'buy' | 'sell', base: Decimal): Decimal {
  if (sign(base) <= 0) return ZERO;
  const lots = lotsOf(instrument, base);
  return side === 'sell' && instrument.spot ? minimum(lots, sellableLots(account, instrument)) : lots;
}

/** Whom a scope is about; a strategy's are those that it runs in or still has something in. */
function accountsIn(state: DeskState, scope: HaltScope): Account[] {
  const accounts = [...state.accounts.values()].filter(({ opened }) => opened);
  if ('all' in scope) return accounts;
  if ('account' in scope) return accounts.filter(({ id }) => id === scope.account);
  const { strategy } = scope;
  const home = state.settings.strategies.get(strategy)?.account;
  return accounts.filter((account) => strategy === MANUAL || account.id === home || isIn(account, strategy));
}

function isIn(account: Account, strategy: string): boolean {
  for (const position of account.positions.values()) if (position.strategy === strategy) return true;
  for (const _ of openOrdersOf(account, strategy, null)) return true;
  return false;
}
