import { subtract } from '../../decimal.ts';
import { type Limit, shownRatio, within } from '../limit.ts';

/** One minus equity over its peak, at its worst since a person last resumed the account. */
export const drawdown: Limit = {
  name: 'drawdown',
  opensOnly: true,
  check(_order, view) {
    const bound = view.limits.drawdown;
    if (bound === null) return null;
    const { peak, equity } = view.maxDrawdown;
    const fall = subtract(peak, equity);
    return {
      limit: 'drawdown',
      value: shownRatio(fall, peak),
      bound: bound.text,
      ok: within(fall, bound.value, peak),
    };
  },
};
