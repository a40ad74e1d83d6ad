/** Fills from bars: resting limits where a book is known, and every order where only candles are. */

import { add, compare, type Decimal, maximum, multiply, ONE, parseDecimal, roundToStep, subtract } from '../../decimal.ts';
import type { Bar } from '../../market/events.ts';
import { epochMs } from '../../time.ts';
import { atOrBetter } from './book-fills.ts';
import type { PaperOrder } from './paper-order.ts';

/** Did the bar trade beyond the limit: not only at it, where others may have stood before? */
function tradesThrough(order: PaperOrder, limit: Decimal, bar: Bar): boolean {
  return order.side === 'buy' ? compare(parseDecimal(bar.low), limit) < 0 : compare(parseDecimal(bar.high), limit) > 0;
}

/** A limit that rests beside a known book fills in full at its price; that is known when the bar has closed. */
export function restThroughBar(order: PaperOrder, bar: Bar): void {
  if (order.immediate || order.limit === null || order.pending?.kind === 'fill') return;
  if (epochMs(bar.openTime) < order.decidedMs + order.latencyMs) return;
  if (!tradesThrough(order, order.limit, bar)) return;
  order.pending = { kind: 'fill', price: order.limit, liquidity: 'maker', time: bar.closeTime };
}

/** Where only candles are known, the first bar that opened at or after the approval, and for limits those after it. */
export function meetCandle(order: PaperOrder, bar: Bar): void {
  if (order.pending !== null || epochMs(bar.openTime) < order.decidedMs) return;
  const first = !order.met;
  order.met = true;
  const open = parseDecimal(bar.open);
  if (order.limit === null) {
    order.pending = { kind: 'fill', price: slipped(order, open), liquidity: 'taker', time: bar.openTime };
    return;
  }
  const atOpen = atOrBetter(order.side, open, order.limit);
  if (order.immediate) {
    order.pending = atOpen
      ? { kind: 'fill', price: open, liquidity: 'taker', time: bar.openTime }
      : { kind: 'expire', reason: 'unfilled-rest', time: bar.openTime };
  } else if (tradesThrough(order, order.limit, bar)) {
    order.pending = atOpen
      ? { kind: 'fill', price: open, liquidity: first ? 'taker' : 'maker', time: bar.openTime }
      : { kind: 'fill', price: order.limit, liquidity: 'maker', time: bar.closeTime };
  }
}

/** The open plus the adverse part, rounded adversely to the tick; never under one tick. */
function slipped(order: PaperOrder, open: Decimal): Decimal {
  if (order.side === 'buy') return roundToStep(multiply(open, add(ONE, order.slippage)), order.tick, 'ceil');
  return maximum(order.tick, roundToStep(multiply(open, subtract(ONE, order.slippage)), order.tick, 'floor'));
}
