import { add, type Decimal, formatDecimal, maximum, multiply, ONE, parseDecimal, roundToStep, subtract } from '../../decimal.ts';
import type { OrderType, WorkingOrder } from '../type.ts';

/** Takes what the market has, at any price, and never rests. */
export const market: OrderType<'market'> = {
  name: 'market',
  hasPrice: false,
  usualTimeInForce: 'IOC',
  isImmediate: () => true,
  misfit: (price) => (price === null ? null : { reason: 'invalid-price', value: formatDecimal(price), bound: 'no price' }),
  // A venue may have put a limit to it since.
  reservePrice: (price, expected) => price ?? expected,
  takes: () => true,
  restReason: (hasFills) => (hasFills ? 'unfilled-rest' : 'no-liquidity'),
  restThroughBar: () => null,
  meetCandle: (order, bar) => ({
    kind: 'fill',
    price: slipped(order, parseDecimal(bar.open)),
    liquidity: 'taker',
    time: bar.openTime,
  }),
};

/** The open plus the adverse part, rounded adversely to the tick; never under one tick. */
function slipped({ side, slippage, tick }: WorkingOrder, open: Decimal): Decimal {
  if (side === 'buy') return roundToStep(multiply(open, add(ONE, slippage)), tick, 'ceil');
  return maximum(tick, roundToStep(multiply(open, subtract(ONE, slippage)), tick, 'floor'));
}
