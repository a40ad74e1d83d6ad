/** One side of a book: its levels in order, the best last, so that what changes most is quickest to change. */

import type { Levels } from './frames.ts';

export class BookSide {
  /** Of bids the prices, of asks their negatives, ascending either way; room for more behind `count`. */
  private keys: Float64Array<ArrayBuffer> = new Float64Array(1024);
  private count = 0;
  /** By key. */
  private readonly quantities = new Map<number, string>();
  private readonly sign: 1 | -1;

  constructor(side: 'bids' | 'asks') {
    this.sign = side === 'bids' ? 1 : -1;
  }

  get size(): number {
    return this.count;
  }

  /** The best price, or undefined when the side is empty. */
  get best(): number | undefined {
    return this.count === 0 ? undefined : (this.keys[this.count - 1] as number) * this.sign;
  }

  clear(): void {
    this.count = 0;
    this.quantities.clear();
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
    const excess = this.count - limit;
    if (excess <= 0) return 0;
    for (let i = 0; i < excess; i++) this.quantities.delete(this.keys[i] as number);
    this.keys.copyWithin(0, excess, this.count);
    this.count = limit;
    return excess;
  }

  /** The best `most` levels, best first. */
  top(most: number): Levels {
    const prices: number[] = [];
    const quantities: string[] = [];
    for (let i = this.count - 1; i >= 0 && prices.length < most; i--) {
      const key = this.keys[i] as number;
      prices.push(key * this.sign);
      quantities.push(this.quantities.get(key) as string);
    }
    return { prices, quantities };
  }

  private setLevel(price: number, quantity: string): void {
    const key = price * this.sign;
    if (quantity === '0') {
      if (this.quantities.delete(key)) this.removeAt(this.placeOf(key));
      return;
    }
    const { size } = this.quantities;
    this.quantities.set(key, quantity);
    if (this.quantities.size !== size) this.insertAt(this.placeOf(key), key);
  }

  /** The first place whose key is not below `key`. */
  private placeOf(key: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.keys[middle] as number) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private removeAt(place: number): void {
    this.keys.copyWithin(place, place + 1, this.count);
    this.count--;
  }

  private insertAt(place: number, key: number): void {
    if (this.count === this.keys.length) {
      const wider = new Float64Array(2 * this.count);
      wider.set(this.keys);
      this.keys = wider;
    }
    this.keys.copyWithin(place + 1, place, this.count);
    this.keys[place] = key;
    this.count++;
  }
}
