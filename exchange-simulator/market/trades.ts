import type { TradePrinted } from './market-event.ts';

/** Neighbouring trades of one taker order at one price. */
export interface AggregateTrade {
  readonly id: number;
  readonly price: bigint;
  readonly quantity: bigint;
  readonly firstId: number;
  readonly lastId: number;
  readonly at: number;
  readonly isBuyerMaker: boolean;
}

/** How many trades are kept, and how many aggregates. */
const MOST = 200_000;

/** The latest trades of a market, by id and by time. */
export class Trades {
  readonly #trades: TradePrinted[] = [];
  readonly #aggregates: AggregateTrade[] = [];
  #lastAggregate = 0;
  #isSealed = false;

  add(trade: TradePrinted): void {
    this.#trades.push(trade);
    this.#aggregate(trade);
    // In large pieces: to take one off the front each time would move all the others.
    if (this.#trades.length > MOST * 1.5) this.#trades.splice(0, this.#trades.length - MOST);
    if (this.#aggregates.length > MOST * 1.5) this.#aggregates.splice(0, this.#aggregates.length - MOST);
  }

  get last(): TradePrinted | undefined {
    return this.#trades.at(-1);
  }

  get lastId(): number | undefined {
    return this.last?.id;
  }

  /** The aggregate of which the last trade is part so far. */
  get lastAggregate(): AggregateTrade | undefined {
    return this.#aggregates.at(-1);
  }

  /** The next trade begins another aggregate: this one has been published. */
  sealAggregate(): void {
    this.#isSealed = true;
  }

  latest(count: number): TradePrinted[] {
    return this.#trades.slice(-count);
  }

  /** In order, from the first id that is not below `id`. */
  from(id: number, count: number): TradePrinted[] {
    const start = firstIndex(this.#trades, (trade) => trade.id >= id);
    return this.#trades.slice(start, start + count);
  }

  /** Those at `start` or later. */
  since(start: number): TradePrinted[] {
    return this.#trades.slice(firstIndex(this.#trades, (trade) => trade.at >= start));
  }

  latestAggregates(count: number): AggregateTrade[] {
    return this.#aggregates.slice(-count);
  }

  aggregatesFrom(id: number, count: number): AggregateTrade[] {
    const start = firstIndex(this.#aggregates, (trade) => trade.id >= id);
    return this.#aggregates.slice(start, start + count);
  }

  /** Those from `start` to `end`, both included. */
  aggregatesBetween(start: number, end: number, count: number): AggregateTrade[] {
    const first = firstIndex(this.#aggregates, (trade) => trade.at >= start);
    const last = firstIndex(this.#aggregates, (trade) => trade.at > end);
    return this.#aggregates.slice(first, Math.min(last, first + count));
  }

  #aggregate(trade: TradePrinted): void {
    const last = this.#aggregates.at(-1);
    const isSameOrder =
      last !== undefined &&
      !this.#isSealed &&
      last.at === trade.at &&
      last.price === trade.price &&
      last.isBuyerMaker === trade.isBuyerMaker &&
      last.lastId + 1 === trade.id;
    const { price, quantity, at, isBuyerMaker } = trade;
    if (isSameOrder) {
      this.#aggregates[this.#aggregates.length - 1] = { ...last, quantity: last.quantity + quantity, lastId: trade.id };
    } else {
      this.#isSealed = false;
      this.#lastAggregate += 1;
      this.#aggregates.push({ id: this.#lastAggregate, price, quantity, firstId: trade.id, lastId: trade.id, at, isBuyerMaker });
    }
  }
}

/** The index of the first for which `isReached`, in a list where it stays true once it is. */
function firstIndex<T>(list: readonly T[], isReached: (item: T) => boolean): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isReached(list[middle] as T)) high = middle;
    else low = middle + 1;
  }
  return low;
}
