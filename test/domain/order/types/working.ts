/** An order at the venue and a candle that it meets, for the tests of order types. */

import { parseDecimal, ZERO } from '../../../../src/domain/decimal.ts';
import type { Bar } from '../../../../src/domain/market/events.ts';
import type { WorkingOrder } from '../../../../src/domain/order/type.ts';
import { barOf } from '../../../support/fixtures.ts';

/** Opens at 100, trades from 90 to 110, closes at 105. */
export const BAR: Bar = barOf({ open: '100', high: '110', low: '90', close: '105' });

/** A purchase that rests, and has not met the market yet, unless said otherwise. */
export function working(of: Partial<Omit<WorkingOrder, 'price'>> & { readonly price: string | null }): WorkingOrder {
  const { price, ...rest } = of;
  return {
    side: 'buy',
    price: price === null ? null : parseDecimal(price),
    isImmediate: false,
    hasMetMarket: false,
    slippage: ZERO,
    tick: parseDecimal('0.01'),
    ...rest,
  };
}
