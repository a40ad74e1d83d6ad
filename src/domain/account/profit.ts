/**
 * What positions and accounts have made: realized and unrealized profit, less fees. Fees are those that were paid on
 * top of the price. One that a spot trade paid in the base asset is none of them, because it is in what the rest of the
 * position cost.
 */

import { add, type Decimal, divide, isZero, multiply, subtract, ZERO } from '../decimal.ts';
import type { Account } from './account.ts';
import type { Instrument } from './instrument.ts';
import type { Position } from './position.ts';
import { type Markets, rateOf } from './valuation.ts';

/** A position with everything that its fills paid in fees, by asset. */
export interface PaidPosition extends Position {
  readonly fees: ReadonlyMap<string, Decimal>;
}

/** In the instrument's quote asset, at its mark. Null where nothing prices the instrument and something is held of it. */
export interface PositionProfit {
  readonly price: Decimal | null;
  readonly value: Decimal | null;
  readonly unrealized: Decimal | null;
  readonly fees: Decimal;
}

/** In the account's currency, at the prices that its equity is made of; what nothing prices counts as nothing. */
export interface AccountProfit {
  readonly realized: Decimal;
  readonly unrealized: Decimal;
  readonly fees: Decimal;
}

/** Decimal places of fees that have to be converted into the quote asset. */
const FEE_PLACES = 12;

export function positionProfit(
  markets: Markets,
  account: Account,
  instrument: Instrument,
  position: PaidPosition,
): PositionProfit {
  const price = markets.market.get(instrument.key)?.mark ?? null;
  const value = isZero(position.quantity) ? ZERO : price === null ? null : multiply(position.quantity, price);
  return {
    price,
    value,
    unrealized: value === null ? null : subtract(value, position.cost),
    fees: feesInQuote(markets, account, instrument, position),
  };
}

function feesInQuote(markets: Markets, account: Account, instrument: Instrument, position: PaidPosition): Decimal {
  let fees = ZERO;
  let others = ZERO;
  for (const [asset, amount] of feesOnTop(instrument, position)) {
    if (asset === instrument.quote) fees = add(fees, amount);
    else others = add(others, multiply(amount, rateOf(markets, account, asset) ?? ZERO));
  }
  const rate = rateOf(markets, account, instrument.quote);
  if (isZero(others) || rate === null || isZero(rate)) return fees;
  return add(fees, instrument.quote === account.currency ? others : divide(others, rate, FEE_PLACES, 'half-even'));
}

function feesOnTop({ isSpot, base }: Instrument, { fees }: PaidPosition): (readonly [string, Decimal])[] {
  return [...fees].filter(([asset]) => !(isSpot && asset === base));
}

/** The sum over the account's positions, in instruments that are listed. */
export function accountProfit(markets: Markets, account: Account, positions: readonly (readonly [Instrument, PaidPosition])[]) {
  let realized = ZERO;
  let unrealized = ZERO;
  let fees = ZERO;
  const worth = (amount: Decimal, asset: string): Decimal => multiply(amount, rateOf(markets, account, asset) ?? ZERO);
  for (const [instrument, position] of positions) {
    const { quote, base, isSpot, key } = instrument;
    realized = add(realized, worth(position.realized, quote));
    const cost = worth(position.cost, quote);
    const mark = markets.market.get(key)?.mark ?? null;
    // A balance is valued by the instrument that prices its asset, which need not be the one that it was traded by.
    if (isSpot) unrealized = add(unrealized, subtract(worth(position.quantity, base), cost));
    else if (mark !== null) unrealized = add(unrealized, subtract(worth(multiply(position.quantity, mark), quote), cost));
    for (const [asset, amount] of feesOnTop(instrument, position)) fees = add(fees, worth(amount, asset));
  }
  return { realized, unrealized, fees } satisfies AccountProfit;
}
