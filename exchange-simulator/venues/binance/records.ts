import { multiply } from '../../core/amount.ts';
import { type Bar, nextBarStart } from '../../market/bars.ts';
import type { Market } from '../../market/market.ts';
import type { TradePrinted } from '../../market/market-event.ts';
import type { AggregateTrade } from '../../market/trades.ts';
import type { Writing } from './writing.ts';

/** Records that all of Binance's markets have in common; each market adds what it has beside. */

/** As requests give a trade. */
export function tradeRecord(trade: TradePrinted, writing: Writing): Record<string, unknown> {
  return {
    id: trade.id,
    price: writing.price(trade.price),
    qty: writing.quantity(trade.quantity),
    quoteQty: writing.quote(multiply(trade.price, trade.quantity)),
    time: trade.at,
    isBuyerMaker: trade.isBuyerMaker,
  };
}

/** As the stream gives a trade. */
export function tradeEvent(symbol: string, trade: TradePrinted, now: number, writing: Writing): Record<string, unknown> {
  return {
    e: 'trade',
    E: now,
    s: symbol,
    t: trade.id,
    p: writing.price(trade.price),
    q: writing.quantity(trade.quantity),
    T: trade.at,
    m: trade.isBuyerMaker,
  };
}

/** As requests and streams give an aggregate. */
export function aggregateRecord(trade: AggregateTrade, writing: Writing): Record<string, unknown> {
  return {
    a: trade.id,
    p: writing.price(trade.price),
    q: writing.quantity(trade.quantity),
    f: trade.firstId,
    l: trade.lastId,
    T: trade.at,
    m: trade.isBuyerMaker,
  };
}

/** As requests give a bar. */
export function klineRow(bar: Bar, interval: string, writing: Writing): unknown[] {
  return [
    bar.start,
    writing.price(bar.open),
    writing.price(bar.high),
    writing.price(bar.low),
    writing.price(bar.close),
    writing.quantity(bar.volume),
    nextBarStart(interval, bar.start) - 1,
    writing.quote(bar.quoteVolume),
    bar.trades,
    writing.quantity(bar.takerBuyVolume),
    writing.quote(bar.takerBuyQuoteVolume),
    '0',
  ];
}

/** As the stream gives a bar. */
export function klineEvent(
  symbol: string,
  interval: string,
  bar: Bar,
  isClosed: boolean,
  now: number,
  writing: Writing,
): Record<string, unknown> {
  return {
    e: 'kline',
    E: now,
    s: symbol,
    k: {
      t: bar.start,
      T: nextBarStart(interval, bar.start) - 1,
      s: symbol,
      i: interval,
      f: bar.firstTradeId,
      L: bar.lastTradeId,
      o: writing.price(bar.open),
      c: writing.price(bar.close),
      h: writing.price(bar.high),
      l: writing.price(bar.low),
      v: writing.quantity(bar.volume),
      q: writing.quote(bar.quoteVolume),
      V: writing.quantity(bar.takerBuyVolume),
      Q: writing.quote(bar.takerBuyQuoteVolume),
      n: bar.trades,
      x: isClosed,
      B: '0',
    },
  };
}

/** As requests give the best prices. */
export function bookTickerRecord({ instrument, book }: Market, writing: Writing): Record<string, unknown> {
  const [[bid, bidQuantity], [ask, askQuantity]] = [book.best('buy') ?? [0n, 0n], book.best('sell') ?? [0n, 0n]];
  return {
    symbol: instrument.symbol,
    bidPrice: writing.price(bid),
    bidQty: writing.quantity(bidQuantity),
    askPrice: writing.price(ask),
    askQty: writing.quantity(askQuantity),
  };
}

/** As requests give the last price. */
export function priceRecord({ instrument, trades }: Market, writing: Writing): Record<string, unknown> {
  return { symbol: instrument.symbol, price: writing.price(trades.last?.price ?? 0n) };
}
