/** From a signal to orders. */

import { type Account, openOrdersOf } from '../account/account.ts';
import type { Instrument } from '../account/instrument.ts';
import { ZERO } from '../decimal.ts';
import type { ConfiguredStrategy } from '../settings/events.ts';
import { instrumentKey } from '../settings/in-force.ts';
import type { Signal } from '../strategy/events.ts';
import { orderStream } from '../streams.ts';
import { changeTime, type Deciding } from './desk-state.ts';
import { deny, type OrderDraft, reviewOrder } from './order-review.ts';
import { sizeOf } from './sizing.ts';

interface Target {
  readonly strategy: ConfiguredStrategy;
  readonly account: Account;
  readonly instrument: Instrument;
  readonly signal: Signal;
  readonly signalId: string;
}

/** A signal sets the target of its strategy's position; what works against it is cancelled first. */
export function onSignal(deciding: Deciding, signalId: string, signal: Signal): void {
  const target = targetOf(deciding, signalId, signal);
  cancelAgainst(deciding, target);
  placeOrders(deciding, target, `order|${signalId}`, false);
}

/**
 * An order that a signal had cancelled has come to its end, and may have been filled on the way: what the signal wants
 * is worked out again. Nothing when it is there, or when another signal has come since.
 */
export function resumeSignal(deciding: Deciding, strategy: string, signalId: string, name: string): void {
  const last = deciding.state.signals.get(strategy);
  if (last?.id !== signalId) return;
  placeOrders(deciding, targetOf(deciding, signalId, last.signal), `order|${signalId}|${name}`, true);
}

function targetOf({ state, settings }: Deciding, signalId: string, signal: Signal): Target {
  const strategy = settings.strategies.get(signal.strategy);
  const account = strategy === undefined ? undefined : state.accounts.get(strategy.account);
  const instrument = state.instruments.get(instrumentKey(signal.venue, signal.symbol));
  if (strategy === undefined || account === undefined || instrument === undefined) {
    throw new Error(`signal ${signalId} of "${signal.strategy}" has no strategy, account or instrument in force`);
  }
  return { strategy, account, instrument, signal, signalId };
}

function cancelAgainst(deciding: Deciding, { strategy, account, instrument, signal, signalId }: Target): void {
  for (const order of [...openOrdersOf(account, strategy.name, instrument)]) {
    if (order.side === signal.side) continue;
    deciding.emit('OrderCancelPending', orderStream(order.orderId), {
      orderId: order.orderId,
      account: account.id,
      at: changeTime(deciding, account.id),
      requestId: signalId,
      reason: `a later signal of ${strategy.name} says ${signal.side}`,
    });
  }
}

/** `isQuiet`: where nothing is to be done, nothing is said. */
function placeOrders(deciding: Deciding, target: Target, name: string, isQuiet: boolean): void {
  const { strategy, account, instrument, signal } = target;
  const sizing = sizeOf(deciding.state, account, strategy, instrument, signal.side);
  if ('refusal' in sizing) {
    if (!isQuiet) deny(deciding, { ...draftOf(deciding, target, name), quantity: ZERO }, sizing.refusal);
    return;
  }
  for (const [index, { side, quantity }] of sizing.steps.entries()) {
    const draft = draftOf(deciding, target, index === 0 ? name : `${name}|${index + 1}`);
    reviewOrder(deciding, account, instrument, { ...draft, side, quantity }, signal);
  }
}

function draftOf({ makeId }: Deciding, { strategy, account, signal, signalId }: Target, name: string): OrderDraft {
  return {
    orderId: makeId(name),
    account: account.id,
    strategy: strategy.name,
    venue: signal.venue,
    symbol: signal.symbol,
    side: signal.side,
    type: 'market',
    timeInForce: 'IOC',
    quantity: ZERO,
    price: null,
    origin: { kind: 'signal', id: signalId },
    isAtLastPrice: false,
  };
}
