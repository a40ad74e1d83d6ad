import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Market } from '../../../market/market.ts';
import type { DepthChanged, TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { BestPrices } from '../../binance/connections/best-prices.ts';
import { DepthBatch } from '../../binance/connections/depth-batch.ts';
import { KlineFeed } from '../../binance/connections/kline-feed.ts';
import { feedFrom, type MarketFeed } from '../../binance/connections/market-feed.ts';
import { Topics } from '../../binance/connections/topics.ts';
import { aggregateRecord, tradeEvent } from '../../binance/records.ts';
import { decimal, WRITING } from '../formats.ts';
import { AVERAGE_MINUTES, averagePrice } from '../requests/symbols.ts';

const SECOND = 1000;
/** How often a bar that is open is sent: each second for bars of a second, each two for the others. */
const BAR_PACE = 2;

/** Makes the events of all streams. */
export class StreamHub implements MarketFeed {
  readonly topics = new Topics();
  readonly #exchange: Exchange;
  readonly #klines: KlineFeed;
  /** Changes of each book since the last event of the slow stream. */
  readonly #pending = new Map<Market, DepthBatch>();
  readonly #bestPrices = new BestPrices();
  #seconds = 0;
  /** Ends the timer of the streams of whole seconds. */
  readonly stop: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#klines = new KlineFeed(exchange, this.topics, WRITING);
    for (const market of exchange.markets.values()) {
      this.#pending.set(market, new DepthBatch());
      feedFrom(market, this);
    }
    this.stop = every(exchange.clock, SECOND, () => this.#second());
  }

  depth(market: Market, change: DepthChanged): void {
    const { symbol } = market.instrument;
    const name = symbol.toLowerCase();
    this.topics.publish(`${name}@depth@100ms`, () => this.#depthUpdate(symbol, change));
    for (const count of [5, 10, 20]) this.topics.publish(`${name}@depth${count}@100ms`, () => partial(market, count));
    this.#pending.get(market)?.add(change);
    const best = this.#bestPrices.changed(market);
    if (best === undefined) return;
    const [[b, B], [a, A]] = WRITING.levels([best.bid, best.ask]) as [[string, string], [string, string]];
    this.topics.publish(`${name}@bookTicker`, () => ({ u: change.lastId, s: symbol, b, B, a, A }));
  }

  reset(market: Market): void {
    this.#pending.get(market)?.clear();
  }

  trade({ instrument: { symbol } }: Market, trade: TradePrinted): void {
    const event = (): Record<string, unknown> => tradeEvent(symbol, trade, this.#exchange.now(), WRITING);
    this.topics.publish(`${symbol.toLowerCase()}@trade`, () => ({ ...event(), M: true }));
  }

  aggregate({ instrument: { symbol } }: Market, aggregate: AggregateTrade): void {
    const head = (): Record<string, unknown> => ({ e: 'aggTrade', E: this.#exchange.now(), s: symbol });
    this.topics.publish(`${symbol.toLowerCase()}@aggTrade`, () => ({
      ...head(),
      ...aggregateRecord(aggregate, WRITING),
      M: true,
    }));
  }

  #depthUpdate(symbol: string, { firstId, lastId, bids, asks }: DepthChanged): Record<string, unknown> {
    return {
      e: 'depthUpdate',
      E: this.#exchange.now(),
      s: symbol,
      U: firstId,
      u: lastId,
      b: WRITING.levels(bids),
      a: WRITING.levels(asks),
    };
  }

  #second(): void {
    this.#seconds += 1;
    for (const market of this.#exchange.markets.values()) {
      const { symbol } = market.instrument;
      const name = symbol.toLowerCase();
      const pending = this.#pending.get(market)?.take();
      if (pending !== undefined) this.topics.publish(`${name}@depth`, () => this.#depthUpdate(symbol, pending));
      for (const count of [5, 10, 20]) this.topics.publish(`${name}@depth${count}`, () => partial(market, count));
      this.topics.publish(`${name}@avgPrice`, () => this.#average(market));
      this.#klines.send(market, (interval) => interval === '1s' || this.#seconds % BAR_PACE === 0);
    }
  }

  #average(market: Market): Record<string, unknown> {
    const price = averagePrice(market, this.#exchange.clock.now()) ?? 0n;
    const [E, T] = [this.#exchange.now(), market.trades.last?.at ?? 0];
    return { e: 'avgPrice', E, s: market.instrument.symbol, i: `${AVERAGE_MINUTES}m`, w: decimal(price), T };
  }
}

function partial({ book }: Market, count: number): Record<string, unknown> {
  return { lastUpdateId: book.lastId, ...WRITING.top(book, count) };
}
