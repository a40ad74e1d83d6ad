import { compare } from '../../decimal.ts';
import { type Limit, shown } from '../limit.ts';

/** What the position may be worth at the reference price, with everything that is working filled at worst. */
export const positionSize: Limit = {
  name: 'position-size',
  opensOnly: true,
  check(_order, view) {
    const bound = view.limits.positionSize;
    if (bound === null) return null;
    const worth = view.positionWorth();
    return { limit: 'position-size', value: shown(worth), bound: bound.text, ok: compare(worth, bound.value) <= 0 };
  },
};
