import { every } from '../../../core/clock.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Market } from '../../../market/market.ts';
import type { DepthChanged, Level, TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { BestPrices } from '../../binance/connections/best-prices.ts';
import { DepthBatch } from '../../binance/connections/depth-batch.ts';
import { KlineFeed } from '../../binance/connections/kline-feed.ts';
import { feedFrom, type MarketFeed } from '../../binance/connections/market-feed.ts';
import { Topics } from '../../binance/connections/topics.ts';
import { tradeEvent } from '../../binance/records.ts';
import { usdmAggregate, WRITING } from '../formats.ts';
import { markEvent } from '../funding.ts';

/** The end of a depth stream's name, and how often it sends what has changed, in milliseconds. */
const DEPTH_PACES: readonly (readonly [suffix: string, everyMs: number])[] = [
  ['@100ms', 100],
  ['', 250],
  ['@500ms', 500],
];
const PARTIAL = [5, 10, 20];

/** How often a bar that trades have changed is sent, in milliseconds. */
const BAR_PACE = 250;

const SECOND = 1000;
/** How often the slow stream of mark prices sends, in seconds. */
const MARK_PACE = 3;

/** Makes the events of all streams. */
export class StreamHub implements MarketFeed {
  readonly topics = new Topics();
  readonly #exchange: Exchange;
  /** Of each book, changes since the last event of each pace. */
  readonly #batches = new Map<Market, readonly DepthBatch[]>();
  readonly #bestPrices = new BestPrices();
  readonly #klines: KlineFeed;
  /** Markets whose bars are due to be sent. */
  readonly #traded = new Set<Market>();
  #seconds = 0;
  /** Ends the timer of the streams of whole seconds. */
  readonly stop: () => void;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    for (const market of exchange.markets.values()) {
      this.#batches.set(
        market,
        DEPTH_PACES.map(() => new DepthBatch()),
      );
      feedFrom(market, this);
    }
    this.#klines = new KlineFeed(exchange, this.topics, WRITING);
    exchange.faults.observe((fault) => {
      if (fault.kind === 'odd-print') for (const market of exchange.markets.values()) this.#oddPrint(market, fault.as);
    });
    this.stop = every(exchange.clock, SECOND, () => this.#second());
  }

  depth(market: Market, change: DepthChanged): void {
    const name = nameOf(market);
    this.topics.publish(`${name}@depth@0ms`, () => this.#depthUpdate(market, change));
    for (const [index, [suffix, pace]] of DEPTH_PACES.entries()) {
      const batch = this.#batches.get(market)?.[index] as DepthBatch;
      if (batch.isEmpty) this.#atNext(pace, () => this.#batched(market, suffix, batch.take()));
      batch.add(change);
    }
    const best = this.#bestPrices.changed(market);
    if (best === undefined) return;
    this.topics.publish(`${name}@bookTicker`, () => this.#bookTicker(market, change, best));
  }

  reset(market: Market): void {
    for (const batch of this.#batches.get(market) ?? []) batch.clear();
  }

  trade(market: Market, trade: TradePrinted): void {
    const event = (): Record<string, unknown> => tradeEvent(market.instrument.symbol, trade, this.#exchange.now(), WRITING);
    this.topics.publish(`${nameOf(market)}@trade`, () => ({ ...event(), X: 'MARKET' }));
    if (this.#traded.has(market)) return;
    this.#traded.add(market);
    this.#atNext(BAR_PACE, () => {
      this.#traded.delete(market);
      this.#klines.send(market, () => true);
    });
  }

  aggregate(market: Market, aggregate: AggregateTrade): void {
    this.topics.publish(`${nameOf(market)}@aggTrade`, () => ({
      e: 'aggTrade',
      E: this.#exchange.now(),
      s: market.instrument.symbol,
      ...usdmAggregate(aggregate),
      st: 1,
    }));
  }

  /** It is in no aggregate, no bar and no answer to a request. */
  #oddPrint(market: Market, as: 'insurance-fund' | 'empty'): void {
    const [id, at] = [market.takeTradeId(), this.#exchange.clock.now()];
    const { price = 0n, quantity = 0n } = as === 'empty' ? {} : (market.trades.last ?? {});
    const print: TradePrinted = { kind: 'trade', at, id, price, quantity, isBuyerMaker: false };
    const event = (): Record<string, unknown> => tradeEvent(market.instrument.symbol, print, this.#exchange.now(), WRITING);
    const X = as === 'empty' ? '' : 'INSURANCE_FUND';
    this.topics.publish(`${nameOf(market)}@trade`, () => ({ ...event(), X }));
  }

  /** When the clock next shows a multiple of `pace`. */
  #atNext(pace: number, action: () => void): void {
    const { clock } = this.#exchange;
    clock.after(pace - (clock.now() % pace), action);
  }

  #second(): void {
    this.#seconds += 1;
    for (const market of this.#exchange.markets.values()) {
      // A bar closes whether it was traded or not.
      this.#klines.send(market, () => false);
      this.#mark(market, '@1s');
      if (this.#seconds % MARK_PACE === 0) this.#mark(market, '');
    }
  }

  #batched(market: Market, suffix: string, change: DepthChanged | undefined): void {
    if (change === undefined) return;
    const name = nameOf(market);
    this.topics.publish(`${name}@depth${suffix}`, () => this.#depthUpdate(market, change));
    for (const count of PARTIAL) {
      const [bids, asks] = [market.book.top('buy', count), market.book.top('sell', count)];
      this.topics.publish(`${name}@depth${count}${suffix}`, () => this.#depthUpdate(market, { ...change, bids, asks }));
    }
  }

  /** Ids count the changes of all books: `pu` alone says what an update follows on. */
  #depthUpdate(market: Market, { at, previousId, firstId, lastId, bids, asks }: DepthChanged): Record<string, unknown> {
    return {
      e: 'depthUpdate',
      E: this.#exchange.now(),
      T: at,
      ...bothNames(market),
      U: firstId,
      u: lastId,
      pu: previousId,
      b: WRITING.levels(bids),
      a: WRITING.levels(asks),
    };
  }

  #bookTicker(market: Market, change: DepthChanged, best: { readonly bid: Level; readonly ask: Level }): Record<string, unknown> {
    const [[b, B], [a, A]] = WRITING.levels([best.bid, best.ask]) as [[string, string], [string, string]];
    return { e: 'bookTicker', u: change.lastId, ...bothNames(market), b, B, a, A, T: change.at, E: this.#exchange.now() };
  }

  #mark(market: Market, suffix: string): void {
    const event = (): Record<string, unknown> => markEvent(market, this.#exchange.now());
    this.topics.publish(`${nameOf(market)}@markPrice${suffix}`, event);
  }
}

function nameOf(market: Market): string {
  return market.instrument.symbol.toLowerCase();
}

/** The symbol, its pair and its kind. */
function bothNames({ instrument: { symbol } }: Market): Record<string, unknown> {
  return { s: symbol, ps: symbol, st: 1 };
}
