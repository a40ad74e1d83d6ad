/**
 * One side of a book. All its levels are in a map; the best of them, where most changes are and all reads, also in
 * order, as a window that is made again from the map in the rare case that it runs out.
 *
 * A venue cuts its snapshots after so many levels. What lies beyond the last of them is unknown, not empty: of those
 * levels a feed only ever tells which change, and between two of them there may be others. They come to be known where
 * the market goes: no bid is where an ask is, and what comes there later is told.
 */

import type { Levels } from '../messages.ts';
import type { Quantity } from '../units.ts';
import { LevelMap } from './level-map.ts';

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
  readonly #tick: number;
  /** Down to this key all levels are known. */
  #edge = Number.NEGATIVE_INFINITY;

  /** `tick` in units: between two prices a tick apart there is no other. */
  constructor(side: 'bids' | 'asks', tick: number) {
    this.#sign = side === 'bids' ? 1 : -1;
    this.#tick = tick;
  }

  get size(): number {
    return this.#levels.size;
  }

  /** The best price, or undefined when the side is empty. */
  get best(): number | undefined {
    this.#reach(1);
    return this.#count === 0 ? undefined : (this.#window[0] as number) * this.#sign;
  }

  /** Is the best price known to be the best? Not where there may be others before it that were never told. */
  get isBestKnown(): boolean {
    if (this.#edge === Number.NEGATIVE_INFINITY) return true;
    const { best } = this;
    return best !== undefined && best * this.#sign >= this.#edge - this.#tick;
  }

  /** Starts again from a snapshot's levels; `isCut` says that there may be others beyond them. */
  reset(levels: Levels, isCut: boolean): void {
    this.#levels.clear();
    this.#count = 0;
    this.set(levels);
    this.#edge = isCut ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
    if (isCut) for (const price of levels.prices) this.#edge = Math.min(this.#edge, price * this.#sign);
  }

  /** Learns the best price of the other side: from there on all levels are known, for now there is none. */
  learn(opposite: number): void {
    if (opposite * this.#sign < this.#edge) this.#edge = opposite * this.#sign;
  }

  /**
   * Sets each level's quantity; zero removes it. To remove what is not there is normal. Quick for levels that come best
   * first, as venues send them.
   */
  set(levels: Levels): void {
    for (let next = 0; next < levels.prices.length; ) next = this.#setRun(levels, next);
  }

  /**
   * Removes the worst levels when there are more than `limit`, and an eighth of that beside; returns how many. They are
   * unknown from then on.
   */
  trim(limit: number): number {
    if (this.size <= limit) return 0;
    const excess = this.size - Math.floor((limit * 7) / 8);
    const sorted = this.#levels.sortedKeys();
    for (let i = 0; i < excess; i++) this.#levels.put(sorted[i] as number, 0);
    this.#count = Math.min(this.#count, this.size);
    this.#edge = Math.max(this.#edge, sorted[excess] as number);
    return excess;
  }

  /** The best `most` levels, best first, as far as there can be no others between them. */
  top(most: number): Levels {
    this.#reach(most);
    const prices: number[] = [];
    const quantities: Quantity[] = [];
    let known = this.#edge;
    for (let i = 0; i < this.#count && i < most; i++) {
      const key = this.#window[i] as number;
      if (key < known - this.#tick) break;
      known = Math.min(known, key);
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
