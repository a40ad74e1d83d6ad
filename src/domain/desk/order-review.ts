/** The last step before an order: its terms against the instrument, then the limits, then it is approved or denied. */

import { type Account, heldOf, netOf, positionOf } from '../account/account.ts';
import { baseUnits, type Instrument, notionalOf } from '../account/instrument.ts';
import { equityText } from '../account/marks.ts';
import { averageEntry } from '../account/position.ts';
import { add, type Decimal, formatDecimal, isMultipleOf, sign, subtract } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { ApprovedOrder, LimitCheck } from '../order/events.ts';
import { SEND_WINDOW_MS } from '../order/order.ts';
import type { Refusal } from '../order/type.ts';
import { orderTypeOf } from '../order/types.ts';
import { checkOrder } from '../risk/risk.ts';
import { instrumentKey } from '../settings/in-force.ts';
import type { Signal } from '../strategy/events.ts';
import { orderStream } from '../streams.ts';
import { isoTime } from '../time.ts';
import { type Deciding, decisionMs } from './desk-state.ts';
import { riskView } from './risk-view.ts';

/** A client order id is this many letters and digits at most. */
const CLIENT_ORDER_ID_LENGTH = 32;

export interface OrderDraft {
  readonly orderId: string;
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  readonly side: Side;
  readonly type: ApprovedOrder['type'];
  readonly timeInForce: ApprovedOrder['timeInForce'];
  readonly quantity: Decimal;
  readonly price: Decimal | null;
  readonly origin: ApprovedOrder['origin'];
  /** Filled at the mark that it is judged at. */
  readonly isAtLastPrice: boolean;
}

/** The client order id that follows from an order id. */
export function clientOrderIdOf(orderId: string): string {
  return `t${orderId.replaceAll('-', '')}`.slice(0, CLIENT_ORDER_ID_LENGTH);
}

export function deny(
  deciding: Deciding,
  draft: OrderDraft,
  refusal: Refusal,
  isReducing = false,
  limits: LimitCheck[] = [],
): void {
  const ms = decisionMs(deciding, draft.account, instrumentKey(draft.venue, draft.symbol));
  const at = ms === null ? null : isoTime(ms);
  deciding.emit('OrderDenied', orderStream(draft.orderId), { ...termsOf(draft, isReducing), at, ...refusal, limits });
}

/** Approves the order or denies it. `signal` is the one that it comes from, if any. */
export function reviewOrder(
  deciding: Deciding,
  account: Account,
  instrument: Instrument,
  draft: OrderDraft,
  signal: Signal | null,
): void {
  const { state, emit } = deciding;
  if (instrument.isInverse) {
    deny(deciding, draft, { reason: 'inverse-contract', value: instrument.symbol, bound: null });
    return;
  }
  const market = state.market.get(instrument.key);
  const isReducing = canOnlyReduce(account, instrument, draft.side, draft.quantity);
  const reference = market?.mark ?? draft.price ?? averageEntry(positionOf(account, draft.strategy, instrument));
  const nowMs = Math.max(account.nowMs, market?.timeMs ?? 0);
  // Before any market has told a time there is none that the order could be sent by.
  if (reference === null || sign(reference) <= 0 || nowMs === 0) {
    deny(deciding, draft, { reason: 'market-data', value: 'no-price', bound: 'trusted' }, isReducing);
    return;
  }
  const misfit = misfitOf(instrument, draft, reference);
  if (misfit !== null) {
    deny(deciding, draft, misfit, isReducing);
    return;
  }
  const base = baseUnits(instrument, draft.quantity);
  const view = riskView(
    deciding,
    account,
    { strategy: draft.strategy, instrument, side: draft.side, base, signal },
    reference,
    nowMs,
  );
  const terms = { side: draft.side, price: draft.price, isReducing, isFlattening: draft.origin.kind === 'halt' };
  const { refusal, passed } = checkOrder(terms, view, account.limits);
  if (refusal !== null) {
    const { limit, value, bound } = refusal;
    deny(deciding, draft, { reason: limit, value, bound }, isReducing, [...passed]);
    return;
  }
  emit('OrderApproved', orderStream(draft.orderId), {
    ...termsOf(draft, isReducing),
    clientOrderId: clientOrderIdOf(draft.orderId),
    atLastPrice: draft.isAtLastPrice,
    referencePrice: formatDecimal(reference),
    bid: optionalText(market?.bid),
    ask: optionalText(market?.ask),
    equity: equityText(account.equity),
    position: formatDecimal(netOf(account, instrument.key)),
    limits: [...passed],
    sendBy: isoTime(nowMs + SEND_WINDOW_MS),
  });
}

/** With all orders working on its side, it cannot take what is held across zero. */
function canOnlyReduce(account: Account, instrument: Instrument, side: Side, quantity: Decimal): boolean {
  const held = heldOf(account, instrument.holding);
  const holding = account.holdings.get(instrument.holding);
  const base = baseUnits(instrument, quantity);
  if (side === 'sell') return sign(subtract(held, holding === undefined ? base : add(holding.sells, base))) >= 0;
  return sign(add(held, holding === undefined ? base : add(holding.buys, base))) <= 0;
}

/** What about the order's own terms the instrument does not take. */
function misfitOf(instrument: Instrument, draft: OrderDraft, reference: Decimal): Refusal | null {
  const { price, quantity } = draft;
  if (sign(quantity) <= 0 || !isMultipleOf(quantity, instrument.lot)) {
    return { reason: 'invalid-quantity', value: formatDecimal(quantity), bound: formatDecimal(instrument.lot) };
  }
  const misfit = orderTypeOf(draft.type).misfit(price, instrument.tick);
  if (misfit !== null) return misfit;
  const notional = notionalOf(instrument, quantity, price ?? reference);
  if (sign(subtract(notional, instrument.minNotional)) >= 0) return null;
  return { reason: 'below-minimum', value: formatDecimal(notional), bound: formatDecimal(instrument.minNotional) };
}

function termsOf(draft: OrderDraft, isReducing: boolean) {
  return {
    orderId: draft.orderId,
    account: draft.account,
    strategy: draft.strategy,
    venue: draft.venue,
    symbol: draft.symbol,
    side: draft.side,
    type: draft.type,
    timeInForce: draft.timeInForce,
    quantity: formatDecimal(draft.quantity),
    price: optionalText(draft.price),
    reducing: isReducing,
    origin: draft.origin,
  };
}

function optionalText(value: Decimal | null | undefined): string | null {
  return value === null || value === undefined ? null : formatDecimal(value);
}
