import type { Limit } from '../limit.ts';

/** So many orders approved within a sliding window of the account's now, this one included. */
export const orderRate: Limit = {
  name: 'order-rate',
  opensOnly: true,
  check(_order, view) {
    const rate = view.limits.orderRate;
    if (rate === null) return null;
    const count = countAfter(view.approvals, view.nowMs - rate.perMs) + 1;
    return { limit: 'order-rate', value: count.toString(), bound: rate.text, ok: count <= rate.orders };
  },
};

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
