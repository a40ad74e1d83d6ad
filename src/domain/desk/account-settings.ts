/** The accounts as the settings in force say, and which instruments matter to which of them. */

import { type Account, newAccount, readTerms } from '../account/account.ts';
import { readInstrument } from '../account/instrument.ts';
import { choosePrices, findPriced, priceGradeOf } from '../account/price-choice.ts';
import { revalueAll } from '../account/valuation.ts';
import { readLimits } from '../risk/limits.ts';
import { type AccountTerms, instrumentKey, type SettingsInForce } from '../settings/in-force.ts';
import type { DeskState } from './desk-state.ts';

/** After a set of settings took effect. */
export function adoptSettings(state: DeskState, settings: SettingsInForce): void {
  for (const [key, listed] of settings.instruments) state.instruments.set(key, readInstrument(listed));
  for (const terms of settings.accounts.values()) {
    const account = state.accounts.get(terms.id);
    if (account === undefined) openAccount(state, terms, settings);
    else Object.assign(account, readTerms(terms), { limits: readLimits(settings.limits.get(terms.id)) });
  }
  for (const { used, traded } of state.accounts.values()) {
    used.clear();
    for (const key of traded) used.add(key);
  }
  for (const strategy of settings.strategies.values()) {
    state.accounts.get(strategy.account)?.used.add(instrumentKey(strategy.venue, strategy.symbol));
  }
  for (const name of state.signals.keys()) if (!settings.strategies.has(name)) state.signals.delete(name);
  state.feeds.clear();
  for (const key of settings.feeds.keys()) state.feeds.add(key);
  for (const key of state.market.keys()) state.grades.set(key, priceGradeOf(state, key));
  for (const account of state.accounts.values()) {
    choosePrices(state, account);
    revalueAll(state, account);
  }
  watchAll(state);
}

/** A halt of all accounts holds for an account that is opened later. */
function openAccount(state: DeskState, terms: AccountTerms, settings: SettingsInForce): void {
  const account = newAccount(terms, settings.limits.get(terms.id));
  const halt = state.halts.all;
  if (halt !== null) {
    account.pendingNotices.push({ scope: { all: true }, requestId: halt.requestId, reason: halt.reason, halt });
  }
  state.accounts.set(terms.id, account);
  state.busy.add(terms.id);
}

/** The account uses one more instrument. */
export function use(state: DeskState, account: Account, key: string): void {
  account.traded.add(key);
  if (account.used.has(key)) return;
  account.used.add(key);
  choosePrices(state, account);
  watchAll(state);
}

/**
 * Prices are chosen again, because an instrument can price more than before, or less. Returns the accounts of which
 * something is priced by another instrument now.
 */
export function chooseAgain(state: DeskState, isByPrice: boolean): Account[] {
  const changed = [...state.accounts.values()].filter((account) => choosePrices(state, account, isByPrice));
  if (changed.length > 0) watchAll(state);
  return changed;
}

/** The account holds one more asset, or has a position in one more instrument. */
export function hold(state: DeskState, account: Account): void {
  findPriced(state, account);
  watch(state, account);
}

/** Finds the accounts that each instrument matters to: those that use it, and those that hold what its mark prices. */
function watchAll(state: DeskState): void {
  state.watchers.clear();
  for (const account of state.accounts.values()) watch(state, account);
}

/** Adds the account where it is missing. */
function watch({ watchers }: DeskState, account: Account): void {
  for (const key of new Set([...account.used, ...account.priced.keys()])) {
    const ids = watchers.get(key);
    if (ids === undefined) watchers.set(key, [account.id]);
    else if (!ids.includes(account.id)) ids.push(account.id);
  }
}
