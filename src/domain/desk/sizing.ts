/** How much a signal makes an order of: target minus position minus what is working, a reversal in two steps. */

import { type Account, positionOf, workingOf } from '../account/account.ts';
import { affordableLots, sellableLots } from '../account/buying-power.ts';
import { baseUnits, type Instrument, lotsFor, lotsOf, notionalOf } from '../account/instrument.ts';
import { rateOf } from '../account/valuation.ts';
import {
  absolute,
  add,
  compare,
  type Decimal,
  formatDecimal,
  minimum,
  multiply,
  negate,
  parseDecimal,
  sign,
  subtract,
  ZERO,
} from '../decimal.ts';
import type { Side } from '../event.ts';
import type { Refusal } from '../order/type.ts';
import type { ConfiguredStrategy } from '../settings/events.ts';
import type { DeskState } from './desk-state.ts';

export interface Step {
  readonly side: Side;
  /** An order quantity above zero, in whole lots. */
  readonly quantity: Decimal;
}

/** Orders to be made one after the other, or why there is none. */
export type Sizing = { readonly steps: readonly Step[] } | { readonly refusal: Refusal };

/** The orders that bring a strategy's position to what its signal wants. */
export function sizeOf(
  state: DeskState,
  account: Account,
  strategy: ConfiguredStrategy,
  instrument: Instrument,
  side: Side,
): Sizing {
  const mark = state.market.get(instrument.key)?.mark ?? null;
  const isLeaving = side === 'sell' && strategy.mode === 'long-flat';
  let target = ZERO;
  if (!isLeaving) {
    if (mark === null) return refused('market-data', 'no-price', 'trusted');
    const size = targetSize(state, account, strategy, instrument, mark);
    if (size === null) return refused('market-data', `no-price-of-${instrument.quote}`, 'trusted');
    if (sign(size) === 0) return refused('below-minimum', '0', formatDecimal(instrument.lot));
    target = side === 'buy' ? size : negate(size);
  }
  const held = add(
    withoutDust(positionOf(account, strategy.name, instrument).quantity, instrument, mark),
    subtract(workingOf(account, strategy.name, instrument, 'buy'), workingOf(account, strategy.name, instrument, 'sell')),
  );
  const change = subtract(target, held);
  if (sign(change) === 0) return refused(isLeaving ? 'nothing-to-sell' : 'at-target');
  const steps = stepsOf(instrument, held, change).map((step) => capped(state, account, strategy, instrument, mark, step));
  const possible = steps.filter(({ quantity }) => sign(quantity) > 0);
  if (possible.length > 0) return { steps: possible };
  return sign(change) < 0 && instrument.isSpot
    ? refused('nothing-to-sell')
    : refused('below-minimum', '0', formatDecimal(instrument.lot));
}

function refused(reason: string, value: string | null = null, bound: string | null = null): Sizing {
  return { refusal: { reason, value, bound } };
}

/** Base units of the target, in whole lots; null where the quote asset cannot be valued in the account's currency. */
function targetSize(
  state: DeskState,
  account: Account,
  { size }: ConfiguredStrategy,
  instrument: Instrument,
  mark: Decimal,
): Decimal | null {
  if ('quantity' in size) return baseUnits(instrument, lotsOf(instrument, parseDecimal(size.quantity)));
  if ('notional' in size) return baseUnits(instrument, lotsFor(instrument, parseDecimal(size.notional), mark));
  const rate = rateOf(state, account, instrument.quote);
  if (rate === null) return null;
  if (sign(account.equity) <= 0) return ZERO;
  const worth = multiply(account.equity, parseDecimal(size.equityFraction));
  return baseUnits(instrument, lotsFor(instrument, worth, multiply(mark, rate)));
}

/** A remainder under the lot or the minimum is dust: nothing can be done with it, and it counts as nothing. */
export function withoutDust(quantity: Decimal, instrument: Instrument, mark: Decimal | null): Decimal {
  const lots = lotsOf(instrument, absolute(quantity));
  if (sign(lots) === 0) return ZERO;
  if (mark !== null && compare(notionalOf(instrument, lots, mark), instrument.minNotional) < 0) return ZERO;
  return quantity;
}

/** First what closes, then what opens. A spot instrument cannot be sold short, so there is nothing to turn round. */
function stepsOf(instrument: Instrument, held: Decimal, change: Decimal): Step[] {
  const side: Side = sign(change) > 0 ? 'buy' : 'sell';
  const amount = absolute(change);
  const isReversal = !instrument.isSpot && sign(held) === -sign(change);
  const closing = isReversal ? minimum(amount, absolute(held)) : ZERO;
  return [closing, subtract(amount, closing)].map((part) => ({ side, quantity: lotsOf(instrument, part) }));
}

/**
 * Nobody sells what the account does not hold where holdings are balances. A fraction of the equity is a wish, not an
 * amount: fee and slippage are reserved from the cash, so it comes to what the cash pays for. Other sizes are meant as
 * they are written, and the venue refuses what cannot be paid.
 */
function capped(
  state: DeskState,
  account: Account,
  { size }: ConfiguredStrategy,
  instrument: Instrument,
  mark: Decimal | null,
  step: Step,
): Step {
  if (!instrument.isSpot) return step;
  if (step.side === 'sell') return { ...step, quantity: minimum(step.quantity, sellableLots(account, instrument)) };
  if (!('equityFraction' in size) || mark === null) return step;
  return { ...step, quantity: minimum(step.quantity, affordableLots(state, account, instrument, mark)) };
}
