import { subtract } from '../../decimal.ts';
import { type DecimalBound, fractionSetting, fractionUse, type Limit } from '../limit.ts';

/**
 * How far a limit price may lie beyond the reference price, as a fraction of it: above for a purchase, below for a
 * sale. It holds for reducing orders too, because a slip of the finger costs as much there; a market order or a price
 * within the collar always closes.
 */
export const priceCollar = {
  name: 'price-collar',
  isForOpening: false,
  setting: fractionSetting(
    'priceCollar',
    'Most that a limit price may lie beyond the reference price, as a fraction of it.',
    'a sale passes at any price: leave the limit out, or lower it',
  ),
  check: ({ side, price }, { reference }, bound) => {
    if (price === null) return null;
    return fractionUse(side === 'buy' ? subtract(price, reference) : subtract(reference, price), reference, bound);
  },
} as const satisfies Limit<DecimalBound>;
