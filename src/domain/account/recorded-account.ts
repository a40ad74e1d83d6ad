/** An account as the records of it say, to be valued at other prices than those it was marked at. */

import type { EventData } from '../catalogue.ts';
import { type Decimal, isDecimal, ONE, parseDecimal, subtract, ZERO } from '../decimal.ts';
import type { Side } from '../event.ts';
import type { LimitCheck } from '../order/events.ts';
import { drawdown } from '../risk/limits/drawdown.ts';
import type { RiskLimits } from '../risk/limits.ts';
import type { AccountTerms } from '../settings/in-force.ts';
import { instrumentKey } from '../settings/in-force.ts';
import { type Account, addHolding, addWorking, holdingOf, newAccount, setPosition } from './account.ts';
import type { Instrument } from './instrument.ts';
import { advance, noteEquity } from './marks.ts';
import { type Position, positionKey } from './position.ts';
import { choosePrices, type PricedMarkets } from './price-choice.ts';
import { type Markets, revalueAll } from './valuation.ts';

export interface AccountRecord {
  readonly terms: AccountTerms;
  readonly limits: RiskLimits | undefined;
  readonly balances: Readonly<Record<string, string>>;
  readonly positions: readonly Position[];
  /** What may still be filled of its open orders, in order quantities. */
  readonly working: readonly { readonly instrument: Instrument; readonly side: Side; readonly quantity: Decimal }[];
  /** Keys of instruments that its strategies use, or that it had an order in. */
  readonly used: Iterable<string>;
  readonly marked: Pick<EventData['AccountMarked'], 'equity' | 'peak' | 'dayStart'> & { readonly limits: readonly LimitCheck[] };
  /** Time of that mark, epoch ms. */
  readonly markedMs: number;
}

/** The account as it was marked; which instruments price what it holds is chosen, and nothing is valued yet. */
export function accountFrom(markets: PricedMarkets, record: AccountRecord): Account {
  const { marked, markedMs } = record;
  const account = newAccount(record.terms, record.limits);
  for (const key of record.used) account.used.add(key);
  for (const [asset, balance] of Object.entries(record.balances)) {
    account.balances.set(asset, parseDecimal(balance));
    addHolding(account, asset);
  }
  for (const position of record.positions) {
    const key = instrumentKey(position.venue, position.symbol);
    setPosition(account, positionKey(position.strategy, key), position, key);
    account.used.add(key);
    const instrument = markets.instruments.get(key);
    if (instrument !== undefined) holdingOf(account, instrument);
  }
  for (const { instrument, side, quantity } of record.working) {
    addWorking(account, side, instrument, quantity);
    account.used.add(instrument.key);
  }
  choosePrices(markets, account);
  const equity = parseDecimal(marked.equity);
  const peak = parseDecimal(marked.peak);
  return Object.assign(account, {
    isOpened: true,
    nowMs: markedMs,
    valuedMs: markedMs,
    equity,
    peak,
    maxDrawdown: worstOf(marked.limits) ?? { peak, equity },
    dayStart: parseDecimal(marked.dayStart),
  });
}

/** The worst drawdown as the mark shows it; null where it does not. */
function worstOf(limits: readonly LimitCheck[]): Account['maxDrawdown'] | null {
  const shown = limits.find(({ limit }) => limit === drawdown.name)?.value;
  if (shown === undefined) return null;
  return isDecimal(shown) ? { peak: ONE, equity: subtract(ONE, parseDecimal(shown)) } : { peak: ZERO, equity: ZERO };
}

/** Values the account at these prices. */
export function valueAt(markets: Markets, account: Account): void {
  advance(account, dayTimeOf(markets, account));
  account.equity = ZERO;
  account.marketValues.clear();
  revalueAll(markets, account);
  noteEquity(account);
}

/**
 * The time that its day goes by, epoch ms: that of the market data which move its now, unless it has none or was marked
 * later than that, at a price of what it only holds.
 */
function dayTimeOf(markets: Markets, account: Account): number {
  const usedMs = latestOf(markets, account.used);
  return usedMs === 0 || usedMs < account.nowMs ? latestOf(markets, account.priced.keys()) : usedMs;
}

/** The latest time of the market data of these instruments, epoch ms; 0 where there are none. */
export function latestOf({ market }: Markets, keys: Iterable<string>): number {
  let latestMs = 0;
  for (const key of keys) latestMs = Math.max(latestMs, market.get(key)?.timeMs ?? 0);
  return latestMs;
}
