/** Fills from bars: of orders that rest where a book is known, and of every order where only candles are. */

import { add, type Decimal, isZero, minimum, ZERO } from '../../decimal.ts';
import type { Bar } from '../../market/events.ts';
import type { Outcome } from '../../order/type.ts';
import { orderTypeOf } from '../../order/types.ts';
import { epochMs } from '../../time.ts';
import { expireWhenLate } from './book-fills.ts';
import { NOT_ENOUGH_VOLUME, openShareOf, usualFillGapMs } from './fill-bounds.ts';
import { type PaperOrder, remaining } from './paper-order.ts';

/** An order and what a bar makes of it. */
interface Met {
  readonly order: PaperOrder;
  readonly outcome: Outcome;
}

/** What a bar of the feed's own interval means for the orders at the venue, in the order of their arrival. */
export function meetBar(orders: Iterable<PaperOrder>, bar: Bar, hasBook: boolean): void {
  const met: Met[] = [];
  for (const order of orders) {
    if (!order.isAccepted) continue;
    if (hasBook && order.isImmediate) {
      expireWhenLate(order, bar.closeTime);
      continue;
    }
    const outcome = hasBook ? restThroughBar(order, bar) : meetCandle(order, bar);
    if (outcome !== null) met.push({ order, outcome });
  }
  shareVolume(met, bar);
}

/** Beside a known book, a bar that opened after the order's arrival may fill what rests. */
function restThroughBar(order: PaperOrder, bar: Bar): Outcome | null {
  if (order.pending?.kind === 'fill' || epochMs(bar.openTime) < order.decidedMs + order.latencyMs) return null;
  return orderTypeOf(order.type).restThroughBar(order, bar);
}

/**
 * Where only candles are known, the first bar that opened at or after the approval counts, and those after it. An
 * immediate order does not wait across a hole in the data: nobody knows what it would have met there.
 */
function meetCandle(order: PaperOrder, bar: Bar): Outcome | null {
  const waitedMs = epochMs(bar.openTime) - order.decidedMs;
  if (order.pending !== null || waitedMs < 0) return null;
  const isLate = order.isImmediate && waitedMs > (order.maxFillGapMs ?? usualFillGapMs(bar.interval));
  const outcome: Outcome | null = isLate
    ? { kind: 'expire', reason: 'no-bar-in-time', time: bar.openTime }
    : orderTypeOf(order.type).meetCandle(order, bar);
  order.hasMetMarket = true;
  return outcome;
}

/** The orders of an account share the bar's volume, by the time of their fills and then in the order of their arrival. */
function shareVolume(met: Met[], bar: Bar): void {
  met.sort((a, b) => (a.outcome.time < b.outcome.time ? -1 : a.outcome.time > b.outcome.time ? 1 : 0));
  const taken = new Map<string, Decimal>();
  for (const { order, outcome } of met) {
    if (outcome.kind === 'expire') {
      order.pending = outcome;
      continue;
    }
    const before = taken.get(order.account) ?? ZERO;
    const wanted = remaining(order);
    const quantity = minimum(wanted, openShareOf(order, bar, before) ?? wanted);
    if (!isZero(quantity)) {
      order.pending = { ...outcome, quantity };
      taken.set(order.account, add(before, quantity));
    } else if (order.isImmediate) {
      order.pending = { kind: 'expire', reason: NOT_ENOUGH_VOLUME, time: outcome.time };
    }
  }
}
