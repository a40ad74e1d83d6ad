import { beyond, type Limit, shownRatio, within } from '../limit.ts';

/**
 * How far a limit price may lie beyond the reference price, as a fraction of it: above for a purchase, below for a
 * sale. It holds for reducing orders too, because a slip of the finger costs as much there; a market order or a price
 * within the collar always closes.
 */
export const priceCollar: Limit = {
  name: 'price-collar',
  opensOnly: false,
  check(order, view) {
    const collar = view.limits.priceCollar;
    if (collar === null || order.price === null) return null;
    const distance = beyond(order.side, order.price, view.reference);
    return {
      limit: 'price-collar',
      value: shownRatio(distance, view.reference),
      bound: collar.text,
      ok: within(distance, collar.value, view.reference),
    };
  },
};
