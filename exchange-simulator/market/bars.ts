import { multiply } from '../core/amount.ts';
import type { TradePrinted } from './market-event.ts';

/** One candle of trades; `start` is its first millisecond. */
export interface Bar {
  readonly start: number;
  readonly open: bigint;
  readonly high: bigint;
  readonly low: bigint;
  readonly close: bigint;
  readonly volume: bigint;
  readonly quoteVolume: bigint;
  readonly trades: number;
  readonly takerBuyVolume: bigint;
  readonly takerBuyQuoteVolume: bigint;
  /** -1 where the bar has no trade. */
  readonly firstTradeId: number;
  readonly lastTradeId: number;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Bars of a month have no fixed length; weeks begin on Monday, as 1970-01-05 was. */
const WEEK = 7 * DAY;
const FIRST_MONDAY = 4 * DAY;

const LENGTHS: Readonly<Record<string, number>> = {
  '1s': SECOND,
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '8h': 8 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
  '3d': 3 * DAY,
  '1w': WEEK,
  '1M': 0,
};

export function isInterval(name: string): boolean {
  return Object.hasOwn(LENGTHS, name);
}

/** The start of the bar that holds `at`. */
export function barStart(interval: string, at: number): number {
  if (interval === '1M') {
    const date = new Date(at);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
  }
  const length = LENGTHS[interval] ?? MINUTE;
  const origin = interval === '1w' ? FIRST_MONDAY : 0;
  return Math.floor((at - origin) / length) * length + origin;
}

/** The start of the bar after the one that starts at `start`. */
export function nextBarStart(interval: string, start: number): number {
  if (interval === '1M') {
    const date = new Date(start);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
  }
  return start + (LENGTHS[interval] ?? MINUTE);
}

/** How many bars of a second are kept. */
const MOST_SECONDS = 10_000;

/** The bars of a market. Minutes are kept, seconds for some hours; longer bars are made of minutes when asked for. */
export class Bars {
  readonly #minutes = new Map<number, Bar>();
  readonly #seconds = new Map<number, Bar>();
  readonly #history: ((start: number) => Bar) | undefined;
  #first = Number.POSITIVE_INFINITY;

  /** `history` makes the bar of any minute before the first trade. Without it there is none. */
  constructor(history?: (start: number) => Bar) {
    this.#history = history;
  }

  add(trade: TradePrinted): void {
    const minute = barStart('1m', trade.at);
    this.#first = Math.min(this.#first, minute);
    const bar = barOf(trade);
    put(this.#minutes, minute, bar);
    put(this.#seconds, barStart('1s', trade.at), bar);
    if (this.#seconds.size > MOST_SECONDS) this.#seconds.delete(this.#seconds.keys().next().value ?? 0);
  }

  /** The latest `limit` bars that start from `from` to `to`, oldest first. Bars without a trade repeat the last close. */
  latest(interval: string, from: number, to: number, limit: number): Bar[] {
    const found: Bar[] = [];
    for (let start = barStart(interval, to); start >= from && found.length < limit; start = barStart(interval, start - 1)) {
      const bar = this.at(interval, start, to);
      if (bar === undefined) break;
      found.push(bar);
    }
    return found.reverse();
  }

  /** The first `limit` bars that start from `from` to `to`, oldest first. */
  earliest(interval: string, from: number, to: number, limit: number): Bar[] {
    const found: Bar[] = [];
    const first = barStart(interval, from) < from ? nextBarStart(interval, barStart(interval, from)) : from;
    for (let start = first; start <= to && found.length < limit; start = nextBarStart(interval, start)) {
      const bar = this.at(interval, start, to);
      if (bar !== undefined) found.push(bar);
    }
    return found;
  }

  /** The bar that starts at `start`, of what is known up to `now`. */
  at(interval: string, start: number, now: number): Bar | undefined {
    if (interval === '1s') return this.#part(this.#seconds, start, SECOND);
    let bar: Bar | undefined;
    const end = Math.min(nextBarStart(interval, start), now + 1);
    for (let minute = start; minute < end; minute += MINUTE) {
      const part = this.#part(this.#minutes, minute, MINUTE);
      if (part !== undefined) bar = bar === undefined ? { ...part, start } : joined(bar, part);
    }
    return bar;
  }

  #part(bars: ReadonlyMap<number, Bar>, start: number, length: number): Bar | undefined {
    const bar = bars.get(start);
    if (bar !== undefined) return bar;
    if (start < this.#first) return length === MINUTE ? this.#history?.(start) : undefined;
    for (let before = start - length; before >= this.#first; before -= length) {
      const close = bars.get(before)?.close;
      if (close !== undefined) return emptyBar(start, close);
    }
    return undefined;
  }
}

function put(bars: Map<number, Bar>, start: number, bar: Bar): void {
  const known = bars.get(start);
  bars.set(start, known === undefined ? { ...bar, start } : joined(known, bar));
}

function emptyBar(start: number, close: bigint): Bar {
  const none = { volume: 0n, quoteVolume: 0n, trades: 0, takerBuyVolume: 0n, takerBuyQuoteVolume: 0n };
  return { start, open: close, high: close, low: close, close, ...none, firstTradeId: -1, lastTradeId: -1 };
}

function barOf(trade: TradePrinted): Bar {
  const { price, quantity } = trade;
  const quote = multiply(price, quantity);
  return {
    start: trade.at,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: quantity,
    quoteVolume: quote,
    trades: 1,
    takerBuyVolume: trade.isBuyerMaker ? 0n : quantity,
    takerBuyQuoteVolume: trade.isBuyerMaker ? 0n : quote,
    firstTradeId: trade.id,
    lastTradeId: trade.id,
  };
}

function joined(bar: Bar, next: Bar): Bar {
  return {
    start: bar.start,
    open: bar.open,
    high: bar.high > next.high ? bar.high : next.high,
    low: bar.low < next.low ? bar.low : next.low,
    close: next.close,
    volume: bar.volume + next.volume,
    quoteVolume: bar.quoteVolume + next.quoteVolume,
    trades: bar.trades + next.trades,
    takerBuyVolume: bar.takerBuyVolume + next.takerBuyVolume,
    takerBuyQuoteVolume: bar.takerBuyQuoteVolume + next.takerBuyQuoteVolume,
    firstTradeId: bar.firstTradeId === -1 ? next.firstTradeId : bar.firstTradeId,
    lastTradeId: next.lastTradeId === -1 ? bar.lastTradeId : next.lastTradeId,
  };
}
