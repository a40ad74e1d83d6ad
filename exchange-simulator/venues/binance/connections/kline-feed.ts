import type { Exchange } from '../../../exchange/exchange.ts';
import { barStart, isInterval } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import { klineEvent } from '../records.ts';
import type { Writing } from '../writing.ts';
import type { Topics } from './topics.ts';

/** Sends the bars of all intervals that somebody listens to: the one that has closed, and the open one at its pace. */
export class KlineFeed {
  readonly #exchange: Exchange;
  readonly #topics: Topics;
  readonly #writing: Writing;
  /** The start of the last bar that was sent, by stream. */
  readonly #bars = new Map<string, number>();

  constructor(exchange: Exchange, topics: Topics, writing: Writing) {
    this.#exchange = exchange;
    this.#topics = topics;
    this.#writing = writing;
  }

  /** `isDue`: whether the open bar of an interval is to be sent now; after one that has closed it always is. */
  send(market: Market, isDue: (interval: string) => boolean): void {
    const prefix = `${market.instrument.symbol.toLowerCase()}@kline_`;
    const now = this.#exchange.now();
    for (const interval of this.#topics.after(prefix).filter(isInterval)) {
      const stream = prefix + interval;
      const start = barStart(interval, now);
      const last = this.#bars.get(stream);
      this.#bars.set(stream, start);
      const isNew = last !== undefined && last < start;
      if (isNew) this.#kline(market, stream, interval, last, true);
      if (isNew || isDue(interval)) this.#kline(market, stream, interval, start, false);
    }
  }

  #kline(market: Market, stream: string, interval: string, start: number, isClosed: boolean): void {
    const now = this.#exchange.now();
    const bar = market.bars.at(interval, start, now);
    if (bar === undefined) return;
    this.#topics.publish(stream, () => klineEvent(market.instrument.symbol, interval, bar, isClosed, now, this.#writing));
  }
}
