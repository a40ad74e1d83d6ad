import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { AggregateFeed } from '../../../market/aggregate-feed.ts';
import { type Bar, barStart, isInterval, nextBarStart } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import type { DepthChanged, Level, TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { decimal, levelsAsText } from '../formats.ts';
import { AVERAGE_MINUTES, averagePrice } from '../requests/symbols.ts';

/** Gets the payload of an event of a stream that it subscribed to. */
export type Subscriber = (stream: string, payload: Record<string, unknown>) => void;

const SECOND = 1000;
/** How often a bar that is open is sent: each second for bars of a second, each two for the others. */
const BAR_PACE = 2;

/** Makes each stream's events once, and hands them to all who subscribed. A stream that does not exist is silent. */
export class StreamHub {
  readonly #exchange: Exchange;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  /** Changes of the book since the last event of the slow stream, by symbol. */
  readonly #pending = new Map<string, DepthChanged[]>();
  /** The last best prices and quantities that were sent, by symbol. */
  readonly #touch = new Map<string, string>();
  /** The start of the last bar that was sent, by stream. */
  readonly #bars = new Map<string, number>();
  #seconds = 0;
  /** Ends the timer of the streams of whole seconds. */
  readonly stop: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    for (const market of exchange.markets.values()) {
      const aggregates = new AggregateFeed(market, (aggregate) => this.#aggregate(market.instrument.symbol, aggregate));
      market.observe({
        depth: (change) => {
          aggregates.seal();
          this.#depth(market, change);
        },
        trade: (trade) => {
          this.#trade(market, trade);
          aggregates.traded();
        },
      });
    }
    this.stop = every(exchange.clock, SECOND, () => this.#second());
  }

  subscribe(stream: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(stream) ?? new Set();
    this.#subscribers.set(stream, subscribers.add(subscriber));
  }

  unsubscribe(stream: string, subscriber: Subscriber): void {
    this.#subscribers.get(stream)?.delete(subscriber);
  }

  #publish(stream: string, payload: () => Record<string, unknown>): void {
    const subscribers = this.#subscribers.get(stream);
    if (subscribers === undefined || subscribers.size === 0) return;
    const made = payload();
    for (const subscriber of [...subscribers]) subscriber(stream, made);
  }

  #depth(market: Market, change: DepthChanged): void {
    const { symbol } = market.instrument;
    const name = symbol.toLowerCase();
    this.#publish(`${name}@depth@100ms`, () => this.#depthUpdate(symbol, change));
    for (const count of [5, 10, 20]) this.#publish(`${name}@depth${count}@100ms`, () => partial(market, count));
    const pending = this.#pending.get(symbol) ?? [];
    pending.push(change);
    this.#pending.set(symbol, pending);
    const [[bid, bidQuantity], [ask, askQuantity]] = [market.book.best('buy') ?? [0n, 0n], market.book.best('sell') ?? [0n, 0n]];
    const touch = `${bid} ${bidQuantity} ${ask} ${askQuantity}`;
    if (this.#touch.get(symbol) === touch) return;
    this.#touch.set(symbol, touch);
    this.#publish(`${name}@bookTicker`, () => ({
      u: change.lastId,
      s: symbol,
      b: decimal(bid),
      B: decimal(bidQuantity),
      a: decimal(ask),
      A: decimal(askQuantity),
    }));
  }

  #depthUpdate(symbol: string, change: Pick<DepthChanged, 'firstId' | 'lastId' | 'bids' | 'asks'>): Record<string, unknown> {
    const { firstId, lastId, bids, asks } = change;
    return {
      e: 'depthUpdate',
      E: this.#exchange.now(),
      s: symbol,
      U: firstId,
      u: lastId,
      b: levelsAsText(bids),
      a: levelsAsText(asks),
    };
  }

  #trade(market: Market, trade: TradePrinted): void {
    const { symbol } = market.instrument;
    this.#publish(`${symbol.toLowerCase()}@trade`, () => ({
      e: 'trade',
      E: this.#exchange.now(),
      s: symbol,
      t: trade.id,
      p: decimal(trade.price),
      q: decimal(trade.quantity),
      T: trade.at,
      m: trade.isBuyerMaker,
      M: true,
    }));
  }

  #aggregate(symbol: string, aggregate: AggregateTrade): void {
    this.#publish(`${symbol.toLowerCase()}@aggTrade`, () => ({
      e: 'aggTrade',
      E: this.#exchange.now(),
      s: symbol,
      a: aggregate.id,
      p: decimal(aggregate.price),
      q: decimal(aggregate.quantity),
      f: aggregate.firstId,
      l: aggregate.lastId,
      T: aggregate.at,
      m: aggregate.isBuyerMaker,
      M: true,
    }));
  }

  #second(): void {
    this.#seconds += 1;
    for (const market of this.#exchange.markets.values()) {
      const { symbol } = market.instrument;
      const name = symbol.toLowerCase();
      const pending = this.#pending.get(symbol) ?? [];
      this.#pending.delete(symbol);
      if (pending.length > 0) this.#publish(`${name}@depth`, () => this.#depthUpdate(symbol, merged(pending)));
      for (const count of [5, 10, 20]) this.#publish(`${name}@depth${count}`, () => partial(market, count));
      this.#publish(`${name}@avgPrice`, () => this.#average(market));
      for (const [stream, subscribers] of this.#subscribers) {
        const interval = stream.slice(`${name}@kline_`.length);
        if (subscribers.size > 0 && stream.startsWith(`${name}@kline_`) && isInterval(interval))
          this.#klines(market, stream, interval);
      }
    }
  }

  #average(market: Market): Record<string, unknown> {
    const price = averagePrice(market, this.#exchange.clock.now()) ?? 0n;
    const [E, T] = [this.#exchange.now(), market.trades.last?.at ?? 0];
    return { e: 'avgPrice', E, s: market.instrument.symbol, i: `${AVERAGE_MINUTES}m`, w: decimal(price), T };
  }

  /** The bar that has closed since, if any, and then the open one at its pace. */
  #klines(market: Market, stream: string, interval: string): void {
    const now = this.#exchange.now();
    const start = barStart(interval, now);
    const last = this.#bars.get(stream);
    this.#bars.set(stream, start);
    const isNew = last !== undefined && last < start;
    if (isNew) this.#kline(market, stream, interval, last, true);
    if (isNew || interval === '1s' || this.#seconds % BAR_PACE === 0) this.#kline(market, stream, interval, start, false);
  }

  #kline(market: Market, stream: string, interval: string, start: number, isClosed: boolean): void {
    const bar = market.bars.at(interval, start, this.#exchange.now());
    if (bar === undefined) return;
    const { symbol } = market.instrument;
    const T = nextBarStart(interval, start) - 1;
    this.#publish(stream, () => ({
      e: 'kline',
      E: this.#exchange.now(),
      s: symbol,
      k: {
        t: start,
        T,
        s: symbol,
        i: interval,
        f: bar.firstTradeId,
        L: bar.lastTradeId,
        ...prices(bar),
        n: bar.trades,
        x: isClosed,
        B: '0',
      },
    }));
  }
}

function prices(bar: Bar): Record<string, string> {
  return {
    o: decimal(bar.open),
    c: decimal(bar.close),
    h: decimal(bar.high),
    l: decimal(bar.low),
    v: decimal(bar.volume),
    q: decimal(bar.quoteVolume),
    V: decimal(bar.takerBuyVolume),
    Q: decimal(bar.takerBuyQuoteVolume),
  };
}

function partial({ book }: Market, count: number): Record<string, unknown> {
  return { lastUpdateId: book.lastId, bids: levelsAsText(book.top('buy', count)), asks: levelsAsText(book.top('sell', count)) };
}

/** Several changes as one: of each level the last quantity. */
function merged(changes: readonly DepthChanged[]): Pick<DepthChanged, 'firstId' | 'lastId' | 'bids' | 'asks'> {
  const last = (side: 'bids' | 'asks'): Level[] => [...new Map(changes.flatMap((change) => change[side]))];
  return { firstId: changes[0]?.firstId ?? 0, lastId: changes.at(-1)?.lastId ?? 0, bids: last('bids'), asks: last('asks') };
}
