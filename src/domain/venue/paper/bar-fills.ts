/** Fills from bars: of orders that rest where a book is known, and of every order where only candles are. */

import type { Bar } from '../../market/events.ts';
import { orderTypeOf } from '../../order/types.ts';
import { epochMs } from '../../time.ts';
import type { PaperOrder } from './paper-order.ts';

/** Beside a known book, a bar that opened after the order's arrival may fill what rests. */
export function restThroughBar(order: PaperOrder, bar: Bar): void {
  if (order.isImmediate || order.pending?.kind === 'fill') return;
  if (epochMs(bar.openTime) < order.decidedMs + order.latencyMs) return;
  order.pending = orderTypeOf(order.type).restThroughBar(order, bar) ?? order.pending;
}

/** Where only candles are known, the first bar that opened at or after the approval counts, and those after it. */
export function meetCandle(order: PaperOrder, bar: Bar): void {
  if (order.pending !== null || epochMs(bar.openTime) < order.decidedMs) return;
  order.pending = orderTypeOf(order.type).meetCandle(order, bar);
  order.hasMetMarket = true;
}
