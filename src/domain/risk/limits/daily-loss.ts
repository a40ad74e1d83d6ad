import { compare, subtract } from '../../decimal.ts';
import { type Limit, shown } from '../limit.ts';

/** Equity at the start of the UTC day minus equity; a gain is negative. */
export const dailyLoss: Limit = {
  name: 'daily-loss',
  opensOnly: true,
  check(_order, view) {
    const bound = view.limits.dailyLoss;
    if (bound === null) return null;
    const loss = subtract(view.dayStart, view.equity);
    return { limit: 'daily-loss', value: shown(loss), bound: bound.text, ok: compare(loss, bound.value) <= 0 };
  },
};
