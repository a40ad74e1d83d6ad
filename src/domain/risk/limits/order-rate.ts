import { z } from 'zod';
import { durationText } from '../../event.ts';
import { durationMs } from '../../time.ts';
import type { Limit } from '../limit.ts';

/** Highest rate that can be set, and so the most approvals that an account has to remember. */
export const MAX_ORDERS = 10_000;

const rate = z.strictObject({ orders: z.int().min(1).max(MAX_ORDERS), per: durationText.describe('Such as "1s".') });

interface Bound {
  readonly orders: number;
  readonly perMs: number;
  readonly text: string;
}

/** So many orders approved within a sliding window of the account's now, this one included. */
export const orderRate = {
  name: 'order-rate',
  isForOpening: true,
  setting: {
    key: 'orderRate',
    schema: rate.optional().describe('Most orders in any stretch of time of that length.'),
    read: (set: z.output<typeof rate> | undefined): Bound | null => {
      if (set === undefined) return null;
      return { orders: set.orders, perMs: durationMs(set.per), text: `${set.orders} per ${set.per}` };
    },
    objection: (set: z.output<typeof rate> | undefined) =>
      set !== undefined && durationMs(set.per) === 0 ? 'must be per a time above zero: no orders fall into none' : null,
  },
  check: (_order, view, { orders, perMs, text }) => {
    const count = countAfter(view.approvals, view.nowMs - perMs) + 1;
    return { value: count.toString(), bound: text, isWithin: count <= orders };
  },
} as const satisfies Limit<Bound>;

/** How many of the ascending `times` lie after `time`. */
function countAfter(times: readonly number[], time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? 0) > time) high = middle;
    else low = middle + 1;
  }
  return times.length - low;
}
