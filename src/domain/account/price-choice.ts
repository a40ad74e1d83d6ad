/**
 * Which instrument prices an asset in an account's currency: one that has a price before one that has none; among those
 * one whose feed goes on before one whose feed has ended, and of the ended that with the latest price; then one where
 * the asset itself is traded before a contract on it, then one that the account uses, then the first listed. What
 * nothing prices in the account's currency is priced by way of an asset that is.
 */

import { add, type Decimal, multiply, subtract, ZERO } from '../decimal.ts';
import { type Account, balanceOf, type Priced } from './account.ts';
import type { Instrument } from './instrument.ts';
import { type Markets, rateOf, setMarketValue } from './valuation.ts';

/** Markets, and the keys of the instruments that have a feed. */
export interface PricedMarkets extends Markets {
  readonly feeds: { has(instrumentKey: string): boolean };
}

/** How far an instrument can price something: it has no price, a price whose feed goes on no more, or one that does. */
export const PRICE_GRADES = { none: 0, ended: 1, live: 2 } as const;

export type PriceGrade = (typeof PRICE_GRADES)[keyof typeof PRICE_GRADES];

const BEST_FIRST = [PRICE_GRADES.live, PRICE_GRADES.ended, PRICE_GRADES.none];

export function priceGradeOf({ market, feeds }: PricedMarkets, key: string): PriceGrade {
  const known = market.get(key);
  if (known === undefined || known.mark === null) return PRICE_GRADES.none;
  return known.untrusted !== 'ended' && feeds.has(key) ? PRICE_GRADES.live : PRICE_GRADES.ended;
}

/**
 * Chooses for each asset the instrument that prices it, and finds what rests on the mark of each. What another choice
 * alone makes of the equity is neither profit nor loss: the day's start, the peak and the worst drawdown move with it.
 * Where `isByPrice`, a price has come, and what it changes in place of one whose feed has ended is left to be valued.
 * Returns whether anything is priced by another instrument.
 */
export function choosePrices(markets: PricedMarkets, account: Account, isByPrice = false): boolean {
  const chosen = choose(markets, account);
  const isOther =
    chosen.size !== account.pricedBy.size || [...chosen].some(([asset, key]) => account.pricedBy.get(asset) !== key);
  if (isOther) {
    const before = comparableRates(markets, account, isByPrice);
    account.pricedBy = chosen;
    moveTo(markets, account, before);
  }
  findPriced(markets, account);
  return isOther;
}

function choose(markets: PricedMarkets, account: Account): Map<string, string> {
  const chosen = new Map<string, string>();
  const graded = [...markets.instruments.values()].map(
    (instrument) => [instrument, priceGradeOf(markets, instrument.key)] as const,
  );
  for (const grade of BEST_FIRST) {
    const candidates = graded.flatMap(([instrument, its]) => (its >= grade ? [instrument] : []));
    let quotes = new Set([account.currency, ...chosen.keys()]);
    const latenessOf = (key: string) => (grade === PRICE_GRADES.ended ? pricedAtMs(markets, key) : 0);
    while (quotes.size > 0) quotes = chooseIn(candidates, account, chosen, quotes, latenessOf);
  }
  return chosen;
}

/** The time of what its price is made of, epoch ms. */
function pricedAtMs({ market }: Markets, key: string): number {
  const known = market.get(key);
  return Math.max(known?.closeMs ?? 0, known?.quoteMs ?? 0);
}

/** Of assets that have no price yet and are quoted in one of `quotes`; returns those that have one now. */
function chooseIn(
  candidates: readonly Instrument[],
  account: Account,
  chosen: Map<string, string>,
  quotes: ReadonlySet<string>,
  latenessOf: (key: string) => number,
): Set<string> {
  const ranks = new Map<string, number>();
  for (const { key, base, quote, isSpot } of candidates) {
    if (!quotes.has(quote) || base === account.currency) continue;
    if (chosen.has(base) && !ranks.has(base)) continue;
    const rank = 4 * latenessOf(key) + (isSpot ? 2 : 0) + (account.used.has(key) ? 1 : 0);
    if (rank <= (ranks.get(base) ?? -1)) continue;
    ranks.set(base, rank);
    chosen.set(base, key);
  }
  return new Set(ranks.keys());
}

/** What assets are worth by the choice until here, of which another choice alone may make something else. */
function comparableRates(markets: PricedMarkets, account: Account, isByPrice: boolean): Map<string, Decimal> {
  const quotes = [...account.net.keys()].flatMap((key) => markets.instruments.get(key)?.quote ?? []);
  const rates = new Map<string, Decimal>();
  for (const asset of new Set([...account.balances.keys(), ...quotes])) {
    const isLive = () => pricesOf(markets, account, asset).every((key) => priceGradeOf(markets, key) === PRICE_GRADES.live);
    const rate = isByPrice && !isLive() ? null : rateOf(markets, account, asset);
    if (rate !== null) rates.set(asset, rate);
  }
  return rates;
}

/** Values what is held by the choice as it is now, with all that profit and loss are counted from. */
function moveTo(markets: Markets, account: Account, before: ReadonlyMap<string, Decimal>): void {
  let moved = ZERO;
  const move = (key: string, quantity: Decimal, asset: string): void => {
    const [from, to] = [before.get(asset), rateOf(markets, account, asset)];
    if (from === undefined || to === null) return;
    const change = multiply(quantity, subtract(to, from));
    setMarketValue(account, key, add(account.marketValues.get(key) ?? ZERO, change));
    moved = add(moved, change);
  };
  for (const asset of account.balances.keys()) move(asset, balanceOf(account, asset), asset);
  for (const [key, { quantity, cost }] of account.net) {
    const instrument = markets.instruments.get(key);
    const mark = markets.market.get(key)?.mark ?? null;
    if (instrument === undefined || instrument.isSpot || mark === null) continue;
    move(key, subtract(multiply(quantity, mark), cost), instrument.quote);
  }
  const { peak, equity } = account.maxDrawdown;
  account.dayStart = add(account.dayStart, moved);
  account.peak = add(account.peak, moved);
  account.maxDrawdown = { peak: add(peak, moved), equity: add(equity, moved) };
}

/** Finds what rests on the mark of each instrument, among what the account holds: after that or a choice of prices changed. */
export function findPriced(markets: Markets, account: Account): void {
  const { priced } = account;
  priced.clear();
  for (const asset of account.balances.keys()) {
    for (const key of pricesOf(markets, account, asset)) pricedAt(priced, key).assets.push(asset);
  }
  for (const held of account.net.keys()) {
    const instrument = markets.instruments.get(held);
    if (instrument === undefined || instrument.isSpot) continue;
    for (const key of new Set([held, ...pricesOf(markets, account, instrument.quote)])) {
      pricedAt(priced, key).instruments.push(held);
    }
  }
}

/** The instruments whose marks make the asset's price: the one that prices it, the one that prices that one's quote, and so on. */
export function pricesOf(markets: Markets, account: Account, asset: string): string[] {
  const key = asset === account.currency ? undefined : account.pricedBy.get(asset);
  const quote = key === undefined ? undefined : markets.instruments.get(key)?.quote;
  return key === undefined || quote === undefined ? [] : [key, ...pricesOf(markets, account, quote)];
}

function pricedAt(priced: Map<string, Priced>, key: string): Priced {
  let found = priced.get(key);
  if (found === undefined) {
    found = { assets: [], instruments: [] };
    priced.set(key, found);
  }
  return found;
}
