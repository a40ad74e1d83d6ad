import { type Limit, shownRatio, within } from '../limit.ts';

/** What one asset may make up of the equity, with everything that is working filled at worst. */
export const concentration: Limit = {
  name: 'concentration',
  opensOnly: true,
  check(_order, view) {
    const bound = view.limits.concentration;
    if (bound === null) return null;
    const worth = view.assetWorth();
    return {
      limit: 'concentration',
      value: shownRatio(worth, view.equity),
      bound: bound.text,
      ok: within(worth, bound.value, view.equity),
    };
  },
};
