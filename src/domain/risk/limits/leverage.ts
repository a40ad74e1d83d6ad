import { type Limit, shownRatio, within } from '../limit.ts';

/** What everything held may be worth as a multiple of equity, with everything that is working filled at worst. */
export const leverage: Limit = {
  name: 'leverage',
  opensOnly: true,
  check(_order, view) {
    const bound = view.limits.leverage;
    if (bound === null) return null;
    const worth = view.grossWorth();
    return {
      limit: 'leverage',
      value: shownRatio(worth, view.equity),
      bound: bound.text,
      ok: within(worth, bound.value, view.equity),
    };
  },
};
