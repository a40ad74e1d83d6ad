import { compare, type Decimal, formatDecimal, isMultipleOf, parseDecimal } from '../../decimal.ts';
import type { Side } from '../../event.ts';
import type { Bar } from '../../market/events.ts';
import type { OrderType, Outcome, WorkingOrder } from '../type.ts';

/** Takes what the market has at its price or better; the rest stays in the book, unless it is IOC. */
export const limit: OrderType<'limit'> = {
  name: 'limit',
  hasPrice: true,
  usualTimeInForce: 'GTC',
  isImmediate: (timeInForce) => timeInForce === 'IOC',

  misfit(price, tick) {
    if (price === null) return { reason: 'invalid-price', value: null, bound: 'a limit' };
    if (isMultipleOf(price, tick)) return null;
    return { reason: 'invalid-price', value: formatDecimal(price), bound: formatDecimal(tick) };
  },

  reservePrice: (price, expected) => price ?? expected,
  takes: (order, levelPrice) => isAtOrBetter(order.side, levelPrice, limitOf(order.price)),
  restReason: () => 'unfilled-rest',

  /** It fills at its price; that is known when the bar has closed. */
  restThroughBar(order, bar) {
    return isTradedThrough(order.side, limitOf(order.price), bar) ? fillAtLimit(order, bar) : null;
  },

  meetCandle(order, bar) {
    const open = parseDecimal(bar.open);
    const isOpenGood = isAtOrBetter(order.side, open, limitOf(order.price));
    const fillAtOpen = (liquidity: 'maker' | 'taker'): Outcome => ({ kind: 'fill', price: open, liquidity, time: bar.openTime });
    if (order.isImmediate) {
      return isOpenGood ? fillAtOpen('taker') : { kind: 'expire', reason: 'unfilled-rest', time: bar.openTime };
    }
    if (!isTradedThrough(order.side, limitOf(order.price), bar)) return null;
    return isOpenGood ? fillAtOpen(order.hasMetMarket ? 'maker' : 'taker') : fillAtLimit(order, bar);
  },
};

/** The desk approves, and the venue accepts, no limit order without one. */
function limitOf(price: Decimal | null): Decimal {
  if (price === null) throw new Error('a limit order has a limit price');
  return price;
}

function fillAtLimit({ price }: WorkingOrder, bar: Bar): Outcome {
  return { kind: 'fill', price: limitOf(price), liquidity: 'maker', time: bar.closeTime };
}

/** Is `price` at least as good for that side as `limit`? */
function isAtOrBetter(side: Side, price: Decimal, limit: Decimal): boolean {
  const difference = compare(price, limit);
  return side === 'buy' ? difference <= 0 : difference >= 0;
}

/** Did the bar trade beyond the limit: not only at it, where others may have stood before? */
function isTradedThrough(side: Side, limit: Decimal, bar: Bar): boolean {
  return side === 'buy' ? compare(parseDecimal(bar.low), limit) < 0 : compare(parseDecimal(bar.high), limit) > 0;
}
