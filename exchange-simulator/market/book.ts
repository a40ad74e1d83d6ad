import type { Amount } from '../core/amount.ts';
import type { Level, Side } from './market-event.ts';

/** One side of a book, best price first. */
class BookSide {
  /** In rising order of `#sign * price`. */
  readonly #prices: Amount[] = [];
  readonly #quantities = new Map<Amount, Amount>();
  readonly #sign: bigint;

  constructor(side: Side) {
    this.#sign = side === 'buy' ? -1n : 1n;
  }

  set(price: Amount, quantity: Amount): void {
    const isKnown = this.#quantities.has(price);
    if (quantity > 0n) this.#quantities.set(price, quantity);
    else this.#quantities.delete(price);
    if (isKnown === quantity > 0n) return;
    const index = this.#indexOf(price);
    if (isKnown) this.#prices.splice(index, 1);
    else this.#prices.splice(index, 0, price);
  }

  quantityAt(price: Amount): Amount {
    return this.#quantities.get(price) ?? 0n;
  }

  top(count: number): Level[] {
    return this.#prices.slice(0, count).map((price) => [price, this.quantityAt(price)]);
  }

  best(): Level | undefined {
    const price = this.#prices[0];
    return price === undefined ? undefined : [price, this.quantityAt(price)];
  }

  get size(): number {
    return this.#prices.length;
  }

  clear(): void {
    this.#prices.length = 0;
    this.#quantities.clear();
  }

  #indexOf(price: Amount): number {
    let [low, high] = [0, this.#prices.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#sign * (this.#prices[middle] ?? 0n) < this.#sign * price) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Price levels with the id of the last change that they hold. */
export class Book {
  readonly #bids = new BookSide('buy');
  readonly #asks = new BookSide('sell');
  lastId = 0;

  /** Bids are of side `buy`. */
  set(side: Side, price: Amount, quantity: Amount): void {
    this.#side(side).set(price, quantity);
  }

  best(side: Side): Level | undefined {
    return this.#side(side).best();
  }

  /** Half way between the best prices; 0 where a side has none. */
  get middle(): Amount {
    const [bid, ask] = [this.best('buy')?.[0], this.best('sell')?.[0]];
    return bid === undefined || ask === undefined ? 0n : (bid + ask) / 2n;
  }

  /** The `count` best levels of a side, best first. */
  top(side: Side, count: number): Level[] {
    return this.#side(side).top(count);
  }

  quantityAt(side: Side, price: Amount): Amount {
    return this.#side(side).quantityAt(price);
  }

  levels(side: Side): number {
    return this.#side(side).size;
  }

  /** Puts all levels of a snapshot in the place of what is there. */
  replace(bids: readonly Level[], asks: readonly Level[], lastId: number): void {
    this.#bids.clear();
    this.#asks.clear();
    this.change(bids, asks, lastId);
  }

  change(bids: readonly Level[], asks: readonly Level[], lastId: number): void {
    for (const [price, quantity] of bids) this.#bids.set(price, quantity);
    for (const [price, quantity] of asks) this.#asks.set(price, quantity);
    this.lastId = lastId;
  }

  #side(side: Side): BookSide {
    return side === 'buy' ? this.#bids : this.#asks;
  }
}
