/** Requests of people: orders, and cancels of orders. */

import { type Account, openOrdersOf, positionOf } from '../account/account.ts';
import { freeBase } from '../account/buying-power.ts';
import { baseUnits, type Instrument } from '../account/instrument.ts';
import type { EventData } from '../catalogue.ts';
import { add, compare, type Decimal, formatDecimal, minimum, parseDecimal, sign, subtract, ZERO } from '../decimal.ts';
import { MANUAL } from '../order/events.ts';
import { remainingOf } from '../order/order.ts';
import type { Refusal } from '../order/type.ts';
import { instrumentKey } from '../settings/in-force.ts';
import { orderStream } from '../streams.ts';
import { unclaimedOf } from './coverage.ts';
import { changeTime, type Deciding, type DeskState } from './desk-state.ts';
import { deny, type OrderDraft, reviewOrder } from './order-review.ts';

/** An order that a person asked for goes into the position that is kept for people. */
export function onOrderRequest(deciding: Deciding, requestId: string, request: EventData['OrderRequested']): void {
  const { state } = deciding;
  const draft = draftOf(deciding, requestId, request);
  const account = state.accounts.get(request.account);
  const instrument = state.instruments.get(instrumentKey(request.venue, request.symbol));
  if (account === undefined) {
    deny(deciding, draft, { reason: 'unknown-account', value: request.account, bound: null });
    return;
  }
  if (instrument === undefined) {
    deny(deciding, draft, { reason: 'unknown-instrument', value: `${request.venue} ${request.symbol}`, bound: null });
    return;
  }
  const shortage = request.side === 'sell' && instrument.isSpot ? shortageOf(state, account, instrument, draft.quantity) : null;
  if (shortage !== null) deny(deciding, draft, shortage);
  else reviewOrder(deciding, account, instrument, draft, null);
}

/** Cancels always pass, whatever is halted or stale; what cannot be cancelled is said. */
export function onCancelRequest(deciding: Deciding, requestId: string, request: EventData['OrderCancelRequested']): void {
  const { state, emit } = deciding;
  const { orderId, account, reason } = request;
  const at = changeTime(deciding, account);
  const stream = orderStream(orderId);
  const known = state.accounts.get(account);
  if (known?.open.has(orderId)) {
    emit('OrderCancelPending', stream, { orderId, account, at, requestId, reason });
    return;
  }
  const isKnownClosed = known?.closed.has(orderId) === true;
  emit('OrderCancelRejected', stream, { orderId, account, at, reason: isKnownClosed ? 'already-closed' : 'unknown-order' });
}

function draftOf({ makeId }: Deciding, requestId: string, request: EventData['OrderRequested']): OrderDraft {
  return {
    orderId: makeId(`order|${requestId}`),
    account: request.account,
    strategy: MANUAL,
    venue: request.venue,
    symbol: request.symbol,
    side: request.side,
    type: request.type,
    timeInForce: request.timeInForce,
    quantity: parseDecimal(request.quantity),
    price: request.price === null ? null : parseDecimal(request.price),
    origin: { kind: 'request', id: requestId },
    isAtLastPrice: false,
  };
}

/** A person may sell what people bought and what the account was opened with, never what a strategy holds. */
function shortageOf(state: DeskState, account: Account, instrument: Instrument, quantity: Decimal): Refusal | null {
  const { base } = instrument;
  const own = minimum(manualBase(state, account, base), unclaimedOf(state, account, base));
  const sellable = minimum(subtract(own, manualSales(state, account, base)), freeBase(account, instrument));
  const wanted = baseUnits(instrument, quantity);
  if (compare(wanted, sellable) <= 0) return null;
  const reason = sign(sellable) <= 0 ? 'nothing-to-sell' : 'not-enough-to-sell';
  return { reason, value: formatDecimal(wanted), bound: formatDecimal(sign(sellable) < 0 ? ZERO : sellable) };
}

/** The opening balance of the asset plus what people bought less what they sold, in base units. */
function manualBase(state: DeskState, account: Account, asset: string): Decimal {
  let base = account.openings.get(asset) ?? ZERO;
  for (const key of account.net.keys()) {
    const instrument = state.instruments.get(key);
    if (instrument?.base === asset && instrument.isSpot) base = add(base, positionOf(account, MANUAL, instrument).quantity);
  }
  return base;
}

/** What people are selling of the asset. */
function manualSales(state: DeskState, account: Account, asset: string): Decimal {
  let sales = ZERO;
  for (const order of openOrdersOf(account, MANUAL, null)) {
    const instrument = state.instruments.get(instrumentKey(order.venue, order.symbol));
    if (order.side !== 'sell' || instrument?.base !== asset || !instrument.isSpot) continue;
    sales = add(sales, baseUnits(instrument, remainingOf(order)));
  }
  return sales;
}
