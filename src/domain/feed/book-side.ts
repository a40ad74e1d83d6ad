/**
 * One side of a book. All its levels are in a map; the best of them, where most changes are and all reads, also in
 * order, as a window that is made again from the map in the rare case that it runs out.
 */

import { LevelMap } from './level-map.ts';
import type { Levels } from './messages.ts';
import type { Quantity } from './units.ts';

/** Levels in the window when it is made, and after it grew to twice as many. */
const WINDOW = 256;

export class BookSide {
  /** By key: of bids the price, of asks its negative. */
  readonly #levels = new LevelMap();
  /** The best keys, best first. */
  #window: Float64Array<ArrayBuffer> = new Float64Array(2 * WINDOW);
  #count = 0;
  /** What the next window is made in. */
  #spare: Float64Array<ArrayBuffer> = new Float64Array(2 * WINDOW);
  readonly #sign: 1 | -1;

  constructor(side: 'bids' | 'asks') {
    this.#sign = side === 'bids' ? 1 : -1;
  }

  get size(): number {
    return this.#levels.size;
  }

  /** The best price, or undefined when the side is empty. */
  get best(): number | undefined {
    this.#reach(1);
    return this.#count === 0 ? undefined : (this.#window[0] as number) * this.#sign;
  }

  clear(): void {
    this.#levels.clear();
    this.#count = 0;
  }

  /**
   * Sets each level's quantity; zero removes it. To remove what is not there is normal. Quick for levels that come best
   * first, as venues send them.
   */
  set(levels: Levels): void {
    for (let next = 0; next < levels.prices.length; ) next = this.#setRun(levels, next);
  }

  /** Removes the worst levels when there are more than `limit`, and an eighth of that beside; returns how many. */
  trim(limit: number): number {
    if (this.size <= limit) return 0;
    const excess = this.size - Math.floor((limit * 7) / 8);
    const sorted = this.#levels.sortedKeys();
    for (let i = 0; i < excess; i++) this.#levels.put(sorted[i] as number, 0);
    this.#count = Math.min(this.#count, this.size);
    return excess;
  }

  /** The best `most` levels, best first. */
  top(most: number): Levels {
    this.#reach(most);
    const prices: number[] = [];
    const quantities: Quantity[] = [];
    for (let i = 0; i < this.#count && i < most; i++) {
      const key = this.#window[i] as number;
      prices.push(key * this.#sign);
      quantities.push(this.#levels.get(key));
    }
    return { prices, quantities };
  }

  /**
   * Sets the levels from `first` on that come best first, and merges those that come or go into the window, in one pass
   * over both. Returns where the next such run begins.
   */
  #setRun({ prices, quantities }: Levels, first: number): number {
    const levels = this.#levels;
    const window = this.#window;
    const count = this.#count;
    const sign = this.#sign;
    this.#makeRoom(count + prices.length);
    const spare = this.#spare;
    const worst = this.#worstThatBelongs();
    let read = 0;
    let made = 0;
    let last = Number.POSITIVE_INFINITY;
    let i = first;
    for (; i < prices.length; i++) {
      const key = (prices[i] as number) * sign;
      if (key >= last) break;
      last = key;
      const quantity = quantities[i] as Quantity;
      if (!levels.put(key, quantity) || key < worst) continue;
      while (read < count && (window[read] as number) > key) spare[made++] = window[read++] as number;
      if (quantity === 0) read++;
      else spare[made++] = key;
    }
    if (made > 0 || read > 0) {
      while (read < count) spare[made++] = window[read++] as number;
      this.#spare = window;
      this.#window = spare;
      this.#count = made > 2 * WINDOW ? WINDOW : made;
    }
    return i;
  }

  /** A key below it has its place in the map alone: the window may not hold those between. */
  #worstThatBelongs(): number {
    if (this.#count === this.size) return Number.NEGATIVE_INFINITY;
    return this.#count === 0 ? Number.POSITIVE_INFINITY : (this.#window[this.#count - 1] as number);
  }

  /** Sees to it that the window holds `most` levels, or all that there are. */
  #reach(most: number): void {
    if (this.#count >= most || this.#count === this.size) return;
    const sorted = this.#levels.sortedKeys();
    this.#count = Math.min(sorted.length, Math.max(most, WINDOW));
    this.#makeRoom(this.#count);
    for (let i = 0; i < this.#count; i++) this.#spare[i] = sorted[sorted.length - 1 - i] as number;
    [this.#window, this.#spare] = [this.#spare, this.#window];
  }

  /** Sees to it that `spare` holds so many keys. */
  #makeRoom(keys: number): void {
    if (this.#spare.length < keys) this.#spare = new Float64Array(2 * keys);
  }
}
