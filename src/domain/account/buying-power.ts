/** What an account can pay for and has to sell, less what its working orders need. For assets held as balances. */

import { add, type Decimal, maximum, multiply, ONE, sign, subtract, ZERO } from '../decimal.ts';
import { remainingOf } from '../order/order.ts';
import { orderTypeOf } from '../order/types.ts';
import { instrumentKey } from '../settings/in-force.ts';
import { type Account, balanceOf, heldOf } from './account.ts';
import { type Instrument, lotsFor, lotsOf, notionalOf } from './instrument.ts';
import type { Markets } from './valuation.ts';

/**
 * The order quantity that the free quote balance pays for at the ask (where there is no book: the mark) with slippage
 * and fee, in whole lots.
 */
export function affordableLots(markets: Markets, account: Account, instrument: Instrument, mark: Decimal): Decimal {
  const free = subtract(balanceOf(account, instrument.quote), reservedQuote(markets, account, instrument.quote));
  if (sign(free) <= 0) return ZERO;
  const ask = markets.market.get(instrument.key)?.ask ?? mark;
  return lotsFor(instrument, free, withCosts(account, multiply(ask, add(ONE, account.slippage))));
}

/** The most that working purchases may cost, in the quote asset. */
function reservedQuote(markets: Markets, account: Account, quote: string): Decimal {
  let reserved = ZERO;
  for (const order of account.open.values()) {
    const instrument = markets.instruments.get(instrumentKey(order.venue, order.symbol));
    if (
      order.type === null ||
      order.side !== 'buy' ||
      instrument === undefined ||
      !instrument.isSpot ||
      instrument.quote !== quote
    )
      continue;
    const market = markets.market.get(instrument.key);
    const expected = multiply(market?.ask ?? market?.mark ?? ZERO, add(ONE, account.slippage));
    const price = orderTypeOf(order.type).reservePrice(order.price, expected);
    reserved = add(reserved, withCosts(account, notionalOf(instrument, remainingOf(order), price)));
  }
  return reserved;
}

function withCosts(account: Account, amount: Decimal): Decimal {
  return multiply(amount, add(ONE, account.feeRate));
}

/** Base units of the asset that are in no sale yet. */
export function freeBase(account: Account, instrument: Instrument): Decimal {
  const sells = account.holdings.get(instrument.holding)?.sells ?? ZERO;
  return maximum(ZERO, subtract(heldOf(account, instrument.holding), sells));
}

/** The order quantity that can still be sold, in whole lots. */
export function sellableLots(account: Account, instrument: Instrument): Decimal {
  return lotsOf(instrument, freeBase(account, instrument));
}
