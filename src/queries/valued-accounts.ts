/**
 * Accounts and positions at the latest prices, valued by the domain's own rules. What an account was marked at is what
 * decisions rest on; this is what it is worth now.
 */

import type { Account } from '../domain/account/account.ts';
import { type Instrument, readInstrument } from '../domain/account/instrument.ts';
import { equityText } from '../domain/account/marks.ts';
import type { PricedMarkets } from '../domain/account/price-choice.ts';
import { type AccountProfit, accountProfit, type PaidPosition, positionProfit } from '../domain/account/profit.ts';
import { accountFrom, latestOf, valueAt } from '../domain/account/recorded-account.ts';
import { add, type Decimal, formatDecimal, parseDecimal, subtract } from '../domain/decimal.ts';
import { accountView } from '../domain/desk/risk-view.ts';
import { type MarketState, marketFrom } from '../domain/market/market-view.ts';
import type { LimitCheck } from '../domain/order/events.ts';
import { OPEN_STATUSES } from '../domain/order/status.ts';
import { standingLimits } from '../domain/risk/risk.ts';
import { instrumentKey, type SettingsInForce } from '../domain/settings/in-force.ts';
import { epochMs, isoTime } from '../domain/time.ts';
import { type AccountDocument, accounts } from '../projections/accounts.ts';
import { type OrderDocument, orders } from '../projections/orders.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import type { Projection } from '../projections/projection.ts';
import type { Documents } from './documents.ts';

/** The read models that a valuation is made of. */
export const VALUED_FROM: readonly Projection[] = [accounts, positions, orders, prices];

/** In the account's currency. Profit is realized plus unrealized less fees plus revaluation, to the last digit. */
export interface Pnl {
  /** Equity less what the account was opened with; null where no mark says what that was worth. */
  readonly profit: string | null;
  readonly realized: string;
  readonly unrealized: string;
  readonly fees: string;
  /** How far the prices of what it was opened with have moved since; null where profit is. */
  readonly revaluation: string | null;
}

/** An account at the latest prices. */
export interface CurrentAccount {
  readonly equity: string;
  readonly pnl: Pnl;
  readonly limits: readonly LimitCheck[];
  /** Time of the latest price that it is valued at; that of the mark where there is none. */
  readonly at: string;
  /** The position of the tape that it reflects at least. */
  readonly position: string;
}

/** A position at the mark of its instrument, in the quote asset; null where nothing prices what is held of it. */
export interface ValuedPosition extends Omit<PositionDocument, 'feesByAsset'> {
  readonly price: string | null;
  readonly priceTime: string | null;
  readonly value: string | null;
  readonly unrealizedProfit: string | null;
  /** What was paid on top of the price, at the latest prices. */
  readonly fees: string;
  readonly feesByAsset: Readonly<Record<string, string>>;
  /** Realized plus unrealized profit less fees. */
  readonly profit: string | null;
}

export interface ValuedAccount {
  readonly document: AccountDocument;
  /** Null before the engine has opened it. */
  readonly current: CurrentAccount | null;
  /** By name. */
  readonly positions: readonly ValuedPosition[];
}

/** An account and what it is valued with. */
interface Part {
  readonly document: AccountDocument;
  readonly held: readonly PositionDocument[];
  /** Its open orders. */
  readonly open: readonly OrderDocument[];
  /** Keys of the instruments that it uses. */
  readonly used: readonly string[];
}

/** `position` is that which the documents reflect at least. */
export async function valuedAccounts(
  source: Documents,
  settings: SettingsInForce,
  documents: readonly AccountDocument[],
  position: string,
): Promise<ValuedAccount[]> {
  if (documents.length === 0) return [];
  const instruments = instrumentsOf(settings);
  const ids = documents.map(({ id }) => id);
  const held = Map.groupBy(await source.all(positions, 'name', { account: ids }), ({ account }) => account);
  // Open orders are few, whoever's they are.
  const open = Map.groupBy(await source.all(orders, 'sequence', { status: OPEN_STATUSES }), ({ account }) => account);
  const parts = documents.map((document) => {
    const used = usedBy(settings, document);
    return { document, held: held.get(document.id) ?? [], open: open.get(document.id) ?? [], used };
  });
  const found = await source.prices(new Set(parts.flatMap((part) => [...mayPrice(instruments, part)])));
  const market = new Map([...found].map(([key, price]) => [key, marketOf(price)]));
  const markets = { instruments, market, feeds: settings.feeds };
  return parts.map((part) => valued(markets, part, accountOf(settings, markets, part), position));
}

/** Keys of the instruments that the account's strategies use, or that it had an order in. */
function usedBy({ strategies }: SettingsInForce, { id, traded }: AccountDocument): string[] {
  const own = [...strategies.values()].filter(({ account }) => account === id);
  // In a document of an older build of the read model the field is not there.
  return [...own.map(({ venue, symbol }) => instrumentKey(venue, symbol)), ...(traded ?? [])];
}

/** The instruments as they are valued: read again only where other settings are in force. */
const read = new WeakMap<object, { readonly hash: string | null; readonly instruments: ReadonlyMap<string, Instrument> }>();

function instrumentsOf(settings: SettingsInForce): ReadonlyMap<string, Instrument> {
  const known = read.get(settings.instruments);
  if (known !== undefined && known.hash === settings.hash) return known.instruments;
  const instruments = new Map([...settings.instruments].map(([key, listed]) => [key, readInstrument(listed)]));
  read.set(settings.instruments, { hash: settings.hash, instruments });
  return instruments;
}

/** The account as its documents say it; null before the engine has opened it. */
function accountOf(settings: SettingsInForce, markets: KnownMarkets, { document, held, open, used }: Part): Account | null {
  const { id, balances, marked } = document;
  const terms = settings.accounts.get(id);
  // A document that an older build of the read model made has no mark in this form.
  if (terms === undefined || marked === null || marked === undefined) return null;
  const working = open.flatMap(({ venue, symbol, side, remainingQuantity }) => {
    const instrument = markets.instruments.get(instrumentKey(venue ?? '', symbol ?? ''));
    if (instrument === undefined || side === null || remainingQuantity === null) return [];
    return [{ instrument, side, quantity: parseDecimal(remainingQuantity) }];
  });
  return accountFrom(markets, {
    terms,
    limits: settings.limits.get(id),
    balances,
    positions: held.map(paidPosition),
    working,
    used,
    marked,
    markedMs: epochMs(marked.at),
  });
}

function paidPosition({ strategy, venue, symbol, quantity, cost, realizedProfit, feesByAsset }: PositionDocument): PaidPosition {
  const fees = Object.entries(feesByAsset ?? {}).map(([asset, amount]) => [asset, parseDecimal(amount)] as const);
  return {
    strategy,
    venue,
    symbol,
    quantity: parseDecimal(quantity),
    cost: parseDecimal(cost),
    realized: parseDecimal(realizedProfit),
    fees: new Map(fees),
  };
}

/**
 * Keys of the instruments whose marks are needed: those that the account uses, and all that may price what it holds or
 * has paid, directly or by way of another asset.
 */
function mayPrice(instruments: ReadonlyMap<string, Instrument>, { document, held, open, used }: Part): Set<string> {
  const keys = new Set([...held, ...open].map(({ venue, symbol }) => instrumentKey(venue ?? '', symbol ?? '')));
  for (const key of used) keys.add(key);
  const assets = new Set([
    ...Object.keys(document.balances),
    ...held.flatMap(({ feesByAsset }) => Object.keys(feesByAsset ?? {})),
  ]);
  for (const key of keys) {
    const instrument = instruments.get(key);
    if (instrument !== undefined) assets.add(instrument.base).add(instrument.quote);
  }
  const byBase = Map.groupBy(instruments.values(), ({ base }) => base);
  // A set is gone through with what is added meanwhile.
  for (const asset of assets) {
    if (asset === document.currency) continue;
    for (const { key, quote } of byBase.get(asset) ?? []) {
      keys.add(key);
      assets.add(quote);
    }
  }
  return keys;
}

function marketOf({ last, lastAt, bid, ask, quoteAt, at, feed }: PriceDocument): MarketState {
  const optional = (text: string | null): Decimal | null => (text === null ? null : parseDecimal(text));
  return marketFrom({
    bid: optional(bid),
    ask: optional(ask),
    close: optional(last),
    quoteMs: millisecondsOf(quoteAt),
    closeMs: millisecondsOf(lastAt),
    untrusted: feed.reason,
    timeMs: millisecondsOf(at) ?? 0,
  });
}

/** In a document of an older build of the read model the field is not there. */
function millisecondsOf(time: string | null | undefined): number | null {
  return time === null || time === undefined ? null : epochMs(time);
}

type KnownMarkets = PricedMarkets & { readonly market: ReadonlyMap<string, MarketState> };

function valued(markets: KnownMarkets, { document, held }: Part, account: Account | null, position: string): ValuedAccount {
  const { marked } = document;
  if (account === null || marked === null) return { document, current: null, positions: held.map(unvalued) };
  const timeMs = latestOf(markets, [...account.priced.keys(), ...account.used]);
  valueAt(markets, account);
  const paid = held.flatMap((one) => {
    const instrument = markets.instruments.get(instrumentKey(one.venue, one.symbol));
    return instrument === undefined ? [] : [[instrument, paidPosition(one)] as const];
  });
  const equity = equityText(account.equity);
  return {
    document,
    current: {
      equity,
      pnl: pnlOf(equity, openedWith(document), accountProfit(markets, account, paid)),
      limits: standingLimits(accountView(markets, account), account.limits),
      at: timeMs === 0 ? marked.at : isoTime(timeMs),
      position,
    },
    positions: held.map((one) => valuedPosition(markets, account, one)),
  };
}

/** The worth of what an account was opened with; null where no mark says it and it was not all in its own currency. */
function openedWith({ currency, openings, marked }: AccountDocument): string | null {
  const known = marked?.openingEquity ?? null;
  const assets = Object.keys(openings);
  return known ?? (assets.every((asset) => asset === currency) ? (openings[assets[0] ?? ''] ?? '0') : null);
}

/** Of the figures as they are written, so that these add up to the last digit. */
function pnlOf(equity: string, opening: string | null, made: AccountProfit): Pnl {
  const [realized, unrealized, fees] = [equityText(made.realized), equityText(made.unrealized), equityText(made.fees)];
  const traded = subtract(add(parseDecimal(realized), parseDecimal(unrealized)), parseDecimal(fees));
  const profit = opening === null ? null : subtract(parseDecimal(equity), parseDecimal(opening));
  return {
    profit: profit === null ? null : formatDecimal(profit),
    realized,
    unrealized,
    fees,
    revaluation: profit === null ? null : formatDecimal(subtract(profit, traded)),
  };
}

function valuedPosition(markets: KnownMarkets, account: Account, document: PositionDocument): ValuedPosition {
  const key = instrumentKey(document.venue, document.symbol);
  const instrument = markets.instruments.get(key);
  if (instrument === undefined) return unvalued(document);
  const made = positionProfit(markets, account, instrument, paidPosition(document));
  const unrealized = made.unrealized === null ? null : equityText(made.unrealized);
  const fees = equityText(made.fees);
  const timeMs = markets.market.get(key)?.timeMs;
  return {
    ...unvalued(document),
    price: made.price === null ? null : formatDecimal(made.price),
    priceTime: timeMs === undefined ? null : isoTime(timeMs),
    value: made.value === null ? null : equityText(made.value),
    unrealizedProfit: unrealized,
    fees,
    profit: unrealized === null ? null : profitOf(document.realizedProfit, unrealized, fees),
  };
}

function profitOf(realized: string, unrealized: string, fees: string): string {
  return formatDecimal(subtract(add(parseDecimal(realized), parseDecimal(unrealized)), parseDecimal(fees)));
}

/** A position of which no price is known. */
function unvalued(document: PositionDocument): ValuedPosition {
  const { account, strategy, venue, symbol, quantity, cost, averageEntryPrice, realizedProfit } = document;
  const { feesByAsset, lastOrderId, updatedAt, name } = document;
  return {
    account,
    strategy,
    venue,
    symbol,
    quantity,
    cost,
    averageEntryPrice,
    realizedProfit,
    price: null,
    priceTime: null,
    value: null,
    unrealizedProfit: null,
    fees: '0',
    feesByAsset: feesByAsset ?? {},
    profit: null,
    lastOrderId,
    updatedAt,
    name,
  };
}
