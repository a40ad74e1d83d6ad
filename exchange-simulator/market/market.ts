import type { Amount } from '../core/amount.ts';
import type { Bars } from './bars.ts';
import { Book } from './book.ts';
import type { Instrument, MarketStatus } from './instrument.ts';
import type { DepthChanged, MarketEvent, TradePrinted } from './market-event.ts';
import { Trades } from './trades.ts';

export interface MarketListener {
  /** The book has changed already. */
  depth?(change: DepthChanged): void;
  /** The trade is in the history already. */
  trade?(trade: TradePrinted): void;
  /** Ids of the book have begun again. `isHidden`: the venue shows no level of it until it changes. */
  reset?(isHidden: boolean): void;
}

/** How many changes of the book can be looked back at: an hour at one each 100 ms. */
const MOST_CHANGES = 36_000;

/** One instrument's truth: its book, its trades and its bars, and who is told of changes. */
export class Market {
  readonly instrument: Instrument;
  readonly book = new Book();
  readonly trades = new Trades();
  readonly bars: Bars;
  status: MarketStatus = 'trading';
  readonly #listeners = new Set<MarketListener>();
  readonly #changes: DepthChanged[] = [];
  /** The book before the first of `#changes`. */
  readonly #earliest = new Book();
  /** Ids of users' trades, and of prints that are no trades, stand between the recorded ones, which move up by their number. */
  #insertedIds = 0;
  #lastTradeId = 0;

  constructor(instrument: Instrument, bars: Bars) {
    this.instrument = instrument;
    this.bars = bars;
  }

  /** The last trade's id without the inserted ones, as a recording counts. */
  get lastRecordedTradeId(): number {
    return this.#lastTradeId - this.#insertedIds;
  }

  /** Listeners are called in the order in which they came; the function returned ends it. */
  observe(listener: MarketListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A snapshot replaces the book without a word to listeners: it begins a market, or one after a reset of ids. */
  apply(event: MarketEvent): void {
    if (event.kind === 'snapshot') {
      this.book.replace(event.bids, event.asks, event.lastId);
      this.#earliest.replace(event.bids, event.asks, event.lastId);
      this.#changes.length = 0;
    } else if (event.kind === 'depth') {
      this.#change(event);
    } else {
      this.#add({ ...event, id: event.id + this.#insertedIds });
    }
  }

  /** A trade of one of the exchange's users, with the next id. */
  print(at: number, price: Amount, quantity: Amount, isBuyerMaker: boolean): TradePrinted {
    const trade: TradePrinted = { kind: 'trade', at, id: this.takeTradeId(), price, quantity, isBuyerMaker };
    this.#add(trade);
    return trade;
  }

  /** The next id of a trade, for a print that is none: no trade will have it. */
  takeTradeId(): number {
    this.#insertedIds += 1;
    this.#lastTradeId += 1;
    return this.#lastTradeId;
  }

  /** The book as it was when `lastId` was its last id; undefined when no change ended with it, or too long ago. */
  bookAt(lastId: number): Book | undefined {
    const book = new Book();
    book.replace(
      this.#earliest.top('buy', Number.POSITIVE_INFINITY),
      this.#earliest.top('sell', Number.POSITIVE_INFINITY),
      this.#earliest.lastId,
    );
    for (const change of this.#changes) {
      if (book.lastId === lastId) return book;
      book.change(change.bids, change.asks, change.lastId);
    }
    return book.lastId === lastId ? book : undefined;
  }

  /** Ids of the book begin again at `lastId`, as after a restart of the venue's service. */
  resetIds(at: number, lastId: number, isHidden: boolean): void {
    const [bids, asks] = [this.book.top('buy', Number.POSITIVE_INFINITY), this.book.top('sell', Number.POSITIVE_INFINITY)];
    this.apply({ kind: 'snapshot', at, lastId, bids, asks });
    for (const listener of this.#listeners) listener.reset?.(isHidden);
  }

  #change(event: DepthChanged): void {
    // Recorded ids follow on those of the recording; after a reset, or past its end, they follow on the book's own.
    const shift = this.book.lastId - event.previousId;
    const change =
      shift === 0
        ? event
        : { ...event, previousId: this.book.lastId, firstId: event.firstId + shift, lastId: event.lastId + shift };
    this.book.change(change.bids, change.asks, change.lastId);
    this.#changes.push(change);
    if (this.#changes.length > MOST_CHANGES) {
      const first = this.#changes.shift() as DepthChanged;
      this.#earliest.change(first.bids, first.asks, first.lastId);
    }
    for (const listener of this.#listeners) listener.depth?.(change);
  }

  #add(trade: TradePrinted): void {
    this.#lastTradeId = trade.id;
    this.trades.add(trade);
    this.bars.add(trade);
    for (const listener of this.#listeners) listener.trade?.(trade);
  }
}
