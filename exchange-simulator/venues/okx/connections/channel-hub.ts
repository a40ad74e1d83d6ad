import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { AggregateFeed } from '../../../market/aggregate-feed.ts';
import type { Market } from '../../../market/market.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { levelsAsText, plain } from '../formats.ts';
import { instrumentRecord, typeOf } from '../instruments.ts';
import { candle, candleStart, isBar } from '../requests/candles.ts';
import { tradeRecord } from '../requests/market-routes.ts';
import { fundingRecord, indexRecord, markRecord } from '../requests/swap.ts';
import { tickerRecord } from '../requests/tickers.ts';
import { BookChannel } from './book-channel.ts';

/** What a channel says, without the `arg` that names it. */
export interface Push {
  readonly action?: 'snapshot' | 'update';
  readonly data: readonly unknown[];
}

export type Subscriber = (topic: string, push: Push) => void;

const SECOND = 1000;
/** How often the funding rate is sent, in seconds. */
const FUNDING_PACE = 60;
const CANDLE = 'candle';

/** Makes the messages of each channel and instrument once, and hands them to all who subscribed. Topics are `instId:channel`. */
export class ChannelHub {
  readonly #exchange: Exchange;
  readonly #subscribers = new Map<string, Set<Subscriber>>();
  readonly #books = new Map<string, BookChannel>();
  /** The start of the last candle that was sent, by topic. */
  readonly #candles = new Map<string, number>();
  /** The state of each instrument as it was sent last. */
  readonly #states = new Map<string, string>();
  #seconds = 0;
  /** Ends the timer of what is sent every second. */
  readonly stop: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    for (const market of exchange.markets.values()) {
      const { symbol } = market.instrument;
      this.#books.set(symbol, new BookChannel(exchange, market));
      this.#states.set(symbol, market.status);
      const aggregates = new AggregateFeed(market, (aggregate) => this.#aggregate(market, aggregate));
      market.observe({
        depth: () => {
          aggregates.seal();
          this.#depth(market);
        },
        // What follows the channel gets an update without levels, from the last id to the first of the new ones.
        reset: () => this.#depth(market),
        trade: (trade) => {
          aggregates.traded();
          this.#publish(`${symbol}:trades-all`, () => [tradeRecord(market, trade)]);
        },
      });
    }
    this.stop = every(exchange.clock, SECOND, () => this.#second());
  }

  subscribe(topic: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(topic) ?? new Set();
    this.#subscribers.set(topic, subscribers.add(subscriber));
    if (channelOf(topic) === 'books') this.#books.get(instrumentOf(topic))?.follow();
  }

  unsubscribe(topic: string, subscriber: Subscriber): void {
    const subscribers = this.#subscribers.get(topic);
    subscribers?.delete(subscriber);
    if (subscribers?.size === 0 && channelOf(topic) === 'books') this.#books.get(instrumentOf(topic))?.drop();
  }

  /** What a new subscription begins with; undefined where it waits for the first change. */
  first(topic: string): Push | undefined {
    const [channel, id] = [channelOf(topic), instrumentOf(topic)];
    const market = this.#exchange.markets.get(id);
    if (channel === 'books') {
      const snapshot = this.#books.get(id)?.snapshot();
      return snapshot === undefined ? undefined : { action: 'snapshot', data: [snapshot] };
    }
    const now = this.#exchange.now();
    if (market === undefined) return undefined;
    if (channel.startsWith(CANDLE)) return { data: [this.#candle(market, topic, candleStart(barOf(topic), now))] };
    const records: Readonly<Record<string, () => unknown>> = {
      books5: () => this.#levels(market, 5),
      'bbo-tbt': () => this.#levels(market, 1),
      tickers: () => tickerRecord(market, now),
      'index-tickers': () => indexRecord(this.#exchange, id, now),
      'mark-price': () => markRecord(market, now),
      'funding-rate': () => fundingRecord(market, now),
    };
    const record = records[channel];
    return record === undefined ? undefined : { data: [record()] };
  }

  #publish(topic: string, data: () => readonly unknown[], action?: 'update'): void {
    const subscribers = this.#subscribers.get(topic);
    if (subscribers === undefined || subscribers.size === 0) return;
    const made = action === undefined ? { data: data() } : { action, data: data() };
    for (const subscriber of [...subscribers]) subscriber(topic, made);
  }

  #depth(market: Market): void {
    const { symbol } = market.instrument;
    this.#publish(`${symbol}:bbo-tbt`, () => [this.#levels(market, 1)]);
    const update = this.#books.get(symbol)?.update();
    if (update !== undefined) this.#publish(`${symbol}:books`, () => [update], 'update');
    this.#publish(`${symbol}:books5`, () => [this.#levels(market, 5)]);
  }

  #levels({ book, instrument }: Market, count: number): Record<string, unknown> {
    return {
      asks: levelsAsText(book.top('sell', count)),
      bids: levelsAsText(book.top('buy', count)),
      instId: instrument.symbol,
      ts: String(this.#exchange.now()),
      seqId: book.lastId,
    };
  }

  /** The trades of one taker at one price, as one: their number, and the last one's id. */
  #aggregate(market: Market, aggregate: AggregateTrade): void {
    const { symbol } = market.instrument;
    this.#publish(`${symbol}:trades`, () => [
      {
        count: String(aggregate.lastId - aggregate.firstId + 1),
        instId: symbol,
        px: plain(aggregate.price),
        seqId: market.book.lastId,
        side: aggregate.isBuyerMaker ? 'sell' : 'buy',
        source: '0',
        sz: plain(aggregate.quantity),
        tradeId: String(aggregate.lastId),
        ts: String(aggregate.at),
      },
    ]);
  }

  #second(): void {
    this.#seconds += 1;
    const now = this.#exchange.now();
    for (const market of this.#exchange.markets.values()) {
      const { symbol } = market.instrument;
      this.#publish(`${symbol}:tickers`, () => [tickerRecord(market, now)]);
      this.#publish(`${symbol}:mark-price`, () => [markRecord(market, now)]);
      this.#publish(`${symbol}:index-tickers`, () => [indexRecord(this.#exchange, symbol, now)]);
      if (this.#seconds % FUNDING_PACE === 0) this.#publish(`${symbol}:funding-rate`, () => [fundingRecord(market, now)]);
      const quiet = this.#books.get(symbol)?.quiet();
      if (quiet !== undefined) this.#publish(`${symbol}:books`, () => [quiet], 'update');
      if (this.#states.get(symbol) !== market.status) {
        this.#states.set(symbol, market.status);
        this.#publish(`${typeOf(market)}:instruments`, () => [instrumentRecord(market)]);
      }
    }
    for (const [topic, subscribers] of this.#subscribers) {
      const market = this.#exchange.markets.get(instrumentOf(topic));
      if (subscribers.size > 0 && channelOf(topic).startsWith(CANDLE) && market !== undefined)
        this.#candlesOf(market, topic, now);
    }
  }

  /** The bar that has closed since, if any, and then the open one. */
  #candlesOf(market: Market, topic: string, now: number): void {
    const start = candleStart(barOf(topic), now);
    const last = this.#candles.get(topic) ?? start;
    this.#candles.set(topic, start);
    if (last < start) this.#publish(topic, () => [this.#candle(market, topic, last)]);
    this.#publish(topic, () => [this.#candle(market, topic, start)]);
  }

  #candle(market: Market, topic: string, start: number): readonly string[] {
    return candle(market, barOf(topic), start, this.#exchange.now()) ?? [];
  }
}

export function isCandleChannel(channel: string): boolean {
  return channel.startsWith(CANDLE) && isBar(channel.slice(CANDLE.length));
}

function instrumentOf(topic: string): string {
  return topic.slice(0, topic.indexOf(':'));
}

function channelOf(topic: string): string {
  return topic.slice(topic.indexOf(':') + 1);
}

function barOf(topic: string): string {
  return channelOf(topic).slice(CANDLE.length);
}
