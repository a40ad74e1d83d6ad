/** A bar as it grows trade by trade, exact. */

import { add, type Decimal, formatDecimal, formatUnits } from '../decimal.ts';
import { type Interval, intervalMs } from '../interval.ts';
import { type ContractTerms, contractTerms, turnoverOf, volumesOf } from '../market/contract.ts';
import type { Bar } from '../market/events.ts';
import type { InstrumentSettings } from '../settings/settings.ts';
import { isoTime } from '../time.ts';
import type { Trade } from './messages.ts';

/** Best bid and ask, each undefined where that side is empty or the book unknown. In units. */
export interface Quote {
  readonly bid: number | undefined;
  readonly ask: number | undefined;
}

export interface GrowingBar {
  readonly openMs: number;
  /** Trade ids that it covers: prints that no market made included, for they take up ids. */
  firstId: number;
  lastId: number;
  /** Ids of the trades that set open and close. */
  openId: number;
  closeId: number;
  open: number;
  high: number;
  low: number;
  close: number;
  /** As the venue counts it: in base units or in contracts. */
  quantity: Decimal;
  turnover: Decimal;
  count: number;
  /** Set when it closes. */
  quote: Quote;
}

/** Begins a bar; `firstId` is below the trade's when prints that no market made came before it. */
export function startBar(openMs: number, trade: Trade, firstId: number, terms: ContractTerms): GrowingBar {
  const { tradeId, price, quantity } = trade;
  return {
    openMs,
    firstId,
    lastId: tradeId,
    openId: tradeId,
    closeId: tradeId,
    open: price,
    high: price,
    low: price,
    close: price,
    quantity,
    turnover: turnoverOf(terms, price, quantity),
    count: 1,
    quote: { bid: undefined, ask: undefined },
  };
}

/** Adds a trade, wherever among the bar's others its id puts it. */
export function addTrade(bar: GrowingBar, trade: Trade, terms: ContractTerms): void {
  const { tradeId, price, quantity } = trade;
  if (tradeId < bar.openId) {
    bar.openId = tradeId;
    bar.open = price;
  }
  if (tradeId > bar.closeId) {
    bar.closeId = tradeId;
    bar.close = price;
  }
  if (tradeId < bar.firstId) bar.firstId = tradeId;
  if (tradeId > bar.lastId) bar.lastId = tradeId;
  if (price > bar.high) bar.high = price;
  if (price < bar.low) bar.low = price;
  bar.quantity = add(bar.quantity, quantity);
  bar.turnover = add(bar.turnover, turnoverOf(terms, price, quantity));
  bar.count++;
}

/** What stays the same from bar to bar. */
export interface BarTerms extends ContractTerms {
  readonly venue: string;
  readonly symbol: string;
  readonly interval: Interval;
}

export function barTerms(instrument: InstrumentSettings, interval: Interval): BarTerms {
  const { venue, symbol } = instrument;
  return { ...contractTerms(instrument), venue, symbol, interval };
}

/** The bar as it is recorded. */
export function recordBar(bar: GrowingBar, terms: BarTerms, isComplete: boolean): Bar {
  const { venue, symbol, interval, priceScale } = terms;
  const { bid, ask } = bar.quote;
  const { volume, quoteVolume, contracts } = volumesOf(terms, bar.quantity, bar.turnover);
  return {
    venue,
    symbol,
    interval,
    openTime: isoTime(bar.openMs),
    closeTime: isoTime(bar.openMs + intervalMs(interval)),
    open: formatUnits(bar.open, priceScale),
    high: formatUnits(bar.high, priceScale),
    low: formatUnits(bar.low, priceScale),
    close: formatUnits(bar.close, priceScale),
    volume: formatDecimal(volume),
    quoteVolume: formatDecimal(quoteVolume),
    contracts: contracts === null ? null : formatDecimal(contracts),
    tradeCount: bar.count,
    firstTradeId: bar.firstId,
    lastTradeId: bar.lastId,
    bid: bid === undefined ? null : formatUnits(bid, priceScale),
    ask: ask === undefined ? null : formatUnits(ask, priceScale),
    complete: isComplete,
    source: 'recording',
  };
}
