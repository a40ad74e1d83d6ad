/** One side of a book: its levels in order, the best last, so that what changes most is quickest to change. */

import type { Levels } from './frames.ts';

export class BookSide {
  /** Of bids the prices, of asks their negatives: ascending either way. */
  private keys: number[] = [];
  private quantities: string[] = [];
  private readonly sign: 1 | -1;

  constructor(side: 'bids' | 'asks') {
    this.sign = side === 'bids' ? 1 : -1;
  }

  get size(): number {
    return this.keys.length;
  }

  /** The best price, or undefined when the side is empty. */
  get best(): number | undefined {
    const key = this.keys[this.keys.length - 1];
    return key === undefined ? undefined : key * this.sign;
  }

  clear(): void {
    this.keys = [];
    this.quantities = [];
  }

  /** Sets each level's quantity; zero removes it. To remove what is not there is normal. */
  set({ prices, quantities }: Levels): void {
    for (let i = 0; i < prices.length; i++) this.setLevel(prices[i] as number, quantities[i] as string);
  }

  /** Fills an empty side from levels that come best first. */
  fill({ prices, quantities }: Levels): void {
    for (let i = prices.length - 1; i >= 0; i--) this.setLevel(prices[i] as number, quantities[i] as string);
  }

  /** Removes the worst levels beyond `limit`; returns how many. */
  trim(limit: number): number {
    const excess = this.keys.length - limit;
    if (excess <= 0) return 0;
    this.keys.splice(0, excess);
    this.quantities.splice(0, excess);
    return excess;
  }

  /** The best `count` levels, best first. */
  top(count: number): Levels {
    const prices: number[] = [];
    const quantities: string[] = [];
    for (let i = this.keys.length - 1; i >= 0 && prices.length < count; i--) {
      prices.push((this.keys[i] as number) * this.sign);
      quantities.push(this.quantities[i] as string);
    }
    return { prices, quantities };
  }

  private setLevel(price: number, quantity: string): void {
    const key = price * this.sign;
    const { keys, quantities } = this;
    const last = keys.length - 1;
    let low = 0;
    let high = keys.length;
    if (last < 0 || key > (keys[last] as number)) low = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    const known = keys[low] === key;
    if (known && quantity !== '0') quantities[low] = quantity;
    else if (known) {
      keys.splice(low, 1);
      quantities.splice(low, 1);
    } else if (quantity !== '0') {
      keys.splice(low, 0, key);
      quantities.splice(low, 0, quantity);
    }
  }
}
