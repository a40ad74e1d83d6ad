/**
 * What things are worth in the account's currency. Equity is every balance at the mark of an instrument that prices it
 * (what nothing prices counts as nothing), plus the unrealized profit of positions that are no balances.
 * A change of a mark revalues only what that mark prices.
 */

import { absolute, add, type Decimal, maximum, multiply, normalize, ONE, subtract, ZERO } from '../decimal.ts';
import type { MarketView } from '../market/market-view.ts';
import { type Account, balanceOf, type Holding, heldOf } from './account.ts';
import type { Instrument } from './instrument.ts';

/** The listed instruments and the state of each market; both by instrument key. */
export interface Markets {
  readonly instruments: ReadonlyMap<string, Instrument>;
  readonly market: Pick<MarketView, 'get'>;
}

/** What one unit of an asset is worth in the account's currency; null where that is not known. */
export function rateOf(markets: Markets, account: Account, asset: string): Decimal | null {
  if (asset === account.currency) return ONE;
  const key = account.pricedBy.get(asset);
  const mark = key === undefined ? null : (markets.market.get(key)?.mark ?? null);
  const instrument = key === undefined ? undefined : markets.instruments.get(key);
  if (mark === null || instrument === undefined) return null;
  if (instrument.quote === account.currency) return mark;
  const rate = rateOf(markets, account, instrument.quote);
  return rate === null ? null : multiply(mark, rate);
}

/** What one base unit of a holding is worth in the account's currency; null where that is not known. */
export function priceOf(markets: Markets, account: Account, holding: Holding): Decimal | null {
  if (holding.instrument === null) return rateOf(markets, account, holding.asset);
  const instrument = markets.instruments.get(holding.instrument);
  const mark = markets.market.get(holding.instrument)?.mark;
  const rate = instrument === undefined ? null : rateOf(markets, account, instrument.quote);
  return mark === undefined || mark === null || rate === null ? null : multiply(mark, rate);
}

/** Values everything that the account holds. */
export function revalueAll(markets: Markets, account: Account): void {
  for (const asset of account.balances.keys()) revalueAsset(markets, account, asset);
  for (const key of account.net.keys()) revalueInstrument(markets, account, markets.instruments.get(key));
}

/**
 * After a balance or its price changed. What the account was opened with is not a profit when it gets its first price:
 * what it was opened with, the day's start, the peak and the worst drawdown move with it, and that is marked.
 */
export function revalueAsset(markets: Markets, account: Account, asset: string): void {
  const rate = rateOf(markets, account, asset);
  setMarketValue(account, asset, rate === null ? ZERO : multiply(balanceOf(account, asset), rate));
  if (rate === null || !account.unpriced.delete(asset)) return;
  const opened = multiply(account.openings.get(asset) ?? ZERO, rate);
  account.isMarkOwed = true;
  account.openingEquity = add(account.openingEquity, opened);
  account.dayStart = add(account.dayStart, opened);
  account.peak = add(account.peak, opened);
  account.maxDrawdown = { peak: add(account.maxDrawdown.peak, opened), equity: add(account.maxDrawdown.equity, opened) };
}

/** After a position in an instrument that is no balance, or its price, changed. */
export function revalueInstrument(markets: Markets, account: Account, instrument: Instrument | undefined): void {
  if (instrument === undefined || instrument.isSpot) return;
  const net = account.net.get(instrument.key);
  const mark = markets.market.get(instrument.key)?.mark;
  const rate = rateOf(markets, account, instrument.quote);
  if (net === undefined || mark === undefined || mark === null || rate === null) return;
  setMarketValue(account, instrument.key, multiply(subtract(multiply(net.quantity, mark), net.cost), rate));
}

/** After the mark of an instrument changed. Costs as much as rests on it, however much the account holds. */
export function revalueAt(markets: Markets, account: Account, instrumentKey: string): void {
  const priced = account.priced.get(instrumentKey);
  if (priced === undefined) return;
  for (const asset of priced.assets) revalueAsset(markets, account, asset);
  for (const held of priced.instruments) revalueInstrument(markets, account, markets.instruments.get(held));
}

/** What is counted under that key is worth that much now. */
export function setMarketValue(account: Account, key: string, worth: Decimal): void {
  const before = account.marketValues.get(key) ?? ZERO;
  account.marketValues.set(key, worth);
  account.equity = normalize(add(account.equity, subtract(worth, before)));
}

/** The most that may come to be held, long or short, whichever of the working orders are filled; in base units. */
export function worstCase(held: Decimal, buys: Decimal, sells: Decimal): Decimal {
  return maximum(absolute(add(held, buys)), absolute(subtract(held, sells)));
}

/** The same as it stands, in the account's currency. */
export function marketValueOf(markets: Markets, account: Account, key: string, holding: Holding): Decimal {
  const price = priceOf(markets, account, holding);
  return price === null ? ZERO : multiply(worstCase(heldOf(account, key), holding.buys, holding.sells), price);
}
