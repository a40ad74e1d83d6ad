import { createHash } from 'node:crypto';
import { type Amount, divide, formatAmount } from '../../core/amount.ts';
import { nextFunding } from '../../market/funding.ts';
import type { Market } from '../../market/market.ts';
import type { Level, Side } from '../../market/market-event.ts';
import type { Category } from './listing.ts';

const DECIMALS = 12;

/** Without trailing zeros: 0.5, 100. */
export function plain(value: Amount): string {
  return formatAmount(value, DECIMALS).replace(/\.?0+$/, '');
}

export function levelsAsText(levels: readonly Level[]): [string, string][] {
  return levels.map(([price, quantity]) => [plain(price), plain(quantity)]);
}

export const SIDE: Readonly<Record<Side, string>> = { buy: 'Buy', sell: 'Sell' };

/** Spot counts orders and trades with long numbers; their order says nothing of what lies between. */
const FIRST_ORDER = 1_700_000_000_000_000_000n;
const FIRST_TRADE = 2_290_000_000_000_000_000n;

export function orderIdText(id: number): string {
  return String(FIRST_ORDER + BigInt(id) * 7919n);
}

/** Ids of trades do not follow on each other: numbers in spot, UUIDs elsewhere. */
export function tradeIdText(category: Category, id: number): string {
  if (category === 'spot') return String(FIRST_TRADE + BigInt(id) * 104_729n);
  return uuid(`${category} trade ${id}`);
}

/** Always the same for the same text. */
export function uuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `9${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

const DAY = 24 * 60 * 60 * 1000;
export const FUNDING_RATE = '0.0001';

/** The middle of the book: what this venue marks a derivative at. */
export function markPrice({ book, instrument }: Market): Amount {
  return book.middle - (book.middle % (instrument.tickSize / 10n));
}

/** What `tickers` says of a market, over REST and the stream alike. */
export function tickerRecord(category: Category, market: Market, now: number): Record<string, unknown> {
  const { instrument, trades, bars } = market;
  const day = bars.at('1d', now - (now % DAY), now);
  const last = trades.last?.price ?? day?.close ?? 0n;
  const open = day?.open ?? last;
  const common = {
    symbol: instrument.symbol,
    lastPrice: plain(last),
    highPrice24h: plain(day?.high ?? last),
    lowPrice24h: plain(day?.low ?? last),
    prevPrice24h: plain(open),
    volume24h: plain(day?.volume ?? 0n),
    turnover24h: plain(day?.quoteVolume ?? 0n),
    price24hPcnt: open === 0n ? '0' : formatAmount(divide(last - open, open), 6),
  };
  if (category === 'spot') return { ...common, usdIndexPrice: plain(markPrice(market)) };
  const mark = plain(markPrice(market));
  return {
    ...common,
    tickDirection: 'ZeroPlusTick',
    prevPrice1h: plain(open),
    markPrice: mark,
    indexPrice: mark,
    openInterest: '1000',
    openInterestValue: '0',
    nextFundingTime: String(nextFunding(now)),
    fundingRate: FUNDING_RATE,
    fundingIntervalHour: '8',
  };
}

/** The best level of each side. */
export function touchRecord({ book }: Market): Record<string, string> {
  const [[bid, bidQuantity], [ask, askQuantity]] = [book.best('buy') ?? [0n, 0n], book.best('sell') ?? [0n, 0n]];
  return { bid1Price: plain(bid), bid1Size: plain(bidQuantity), ask1Price: plain(ask), ask1Size: plain(askQuantity) };
}

/** Bybit's names of intervals, and those of `Bars`. */
export const INTERVALS: Readonly<Record<string, string>> = {
  '1': '1m',
  '3': '3m',
  '5': '5m',
  '15': '15m',
  '30': '30m',
  '60': '1h',
  '120': '2h',
  '240': '4h',
  '360': '6h',
  '720': '12h',
  D: '1d',
  W: '1w',
  M: '1M',
};
