/** Whether an account holds what its positions say. A live venue may take a fee from coins that are another strategy's. */

import { type Account, balanceOf, workingOf } from '../account/account.ts';
import { add, compare, type Decimal, formatDecimal, maximum, negate, sign, subtract, ZERO } from '../decimal.ts';
import { MANUAL } from '../order/events.ts';
import { instrumentKey } from '../settings/in-force.ts';
import type { DeskState } from './desk-state.ts';

/**
 * What of an asset is missing: what positions in it say beyond the balance, and what strategies sold or paid beyond what
 * they held. People may sell what the account was opened with, which makes their position negative and nothing missing.
 */
export function missingOf(state: DeskState, account: Account, asset: string): Decimal {
  let claimed = ZERO;
  let owed = ZERO;
  for (const { strategy, venue, symbol, quantity } of account.positions.values()) {
    const instrument = state.instruments.get(instrumentKey(venue, symbol));
    if (instrument?.base !== asset || !instrument.isSpot) continue;
    if (sign(quantity) > 0) claimed = add(claimed, quantity);
    else if (strategy !== MANUAL) owed = add(owed, negate(quantity));
  }
  const beyond = sign(claimed) > 0 ? subtract(claimed, balanceOf(account, asset)) : ZERO;
  // What one strategy took too much may be what another finds missing.
  return maximum(owed, beyond);
}

/** The balance of an asset less what strategies hold of it, or are selling. People's own positions are left in. */
export function unclaimedOf(state: DeskState, account: Account, asset: string): Decimal {
  let left = balanceOf(account, asset);
  for (const { strategy, venue, symbol, quantity } of account.positions.values()) {
    const instrument = state.instruments.get(instrumentKey(venue, symbol));
    if (instrument?.base !== asset || !instrument.isSpot || strategy === MANUAL) continue;
    left = subtract(left, maximum(quantity, workingOf(account, strategy, instrument, 'sell')));
  }
  return left;
}

/** Says of which assets more is missing than `before`, and how much; null: of none. */
export function newlyMissing(state: DeskState, account: Account, before: ReadonlyMap<string, Decimal>): string | null {
  const found: string[] = [];
  for (const [asset, was] of before) {
    const missing = missingOf(state, account, asset);
    if (compare(missing, was) <= 0) continue;
    const held = formatDecimal(balanceOf(account, asset));
    found.push(`${formatDecimal(missing)} ${asset} is missing for what the positions say; the account holds ${held} ${asset}`);
  }
  return found.length === 0 ? null : found.join('; ');
}
