/**
 * Quantities by key, in two typed arrays with open addressing: several times as quick as a `Map`, which makes an object
 * of every number that is no small integer. What is removed keeps its slot, with a quantity of zero, until half of the
 * slots are used: most prices that go soon come again.
 */

import type { Quantity } from '../units.ts';

const FIRST_SLOTS = 1024;
/** A key that no level has. */
const FREE = 0;
/** Odd factors that spread the lower and the upper half of a key over the slots; their products fit 32 bits. */
const SPREAD_LOWER = 0x6a4d;
const SPREAD_UPPER = 0x4f1b;

export class LevelMap {
  #keys: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** In the same slots the quantities; NaN where it is a text, in `texts`. */
  #amounts: Float64Array<ArrayBuffer> = new Float64Array(FIRST_SLOTS);
  /** Quantities that are no safe integer of units. */
  readonly #texts = new Map<number, string>();
  #used = 0;
  #live = 0;

  /** How many keys have a quantity. */
  get size(): number {
    return this.#live;
  }

  clear(): void {
    this.#keys.fill(FREE);
    this.#texts.clear();
    this.#used = 0;
    this.#live = 0;
  }

  /** Sets the quantity of a key, which is not zero; zero removes it. Returns whether the key came or went by that. */
  put(key: number, quantity: Quantity): boolean {
    const slot = this.#slotOf(key);
    let wasLive = false;
    if (this.#keys[slot] === key) {
      wasLive = this.#amounts[slot] !== 0;
      if (this.#texts.size > 0) this.#texts.delete(key);
    } else {
      if (quantity === 0) return false;
      this.#keys[slot] = key;
      this.#used++;
    }
    this.#amounts[slot] = typeof quantity === 'number' ? quantity : Number.NaN;
    if (typeof quantity === 'string') this.#texts.set(key, quantity);
    const isLive = quantity !== 0;
    if (isLive === wasLive) return false;
    this.#live += isLive ? 1 : -1;
    if (2 * this.#used > this.#keys.length) this.#rebuild();
    return true;
  }

  /** Zero when there is none. */
  get(key: number): Quantity {
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) return 0;
    const amount = this.#amounts[slot] as number;
    return Number.isNaN(amount) ? (this.#texts.get(key) as string) : amount;
  }

  /** The keys that have a quantity, ascending. */
  sortedKeys(): Float64Array<ArrayBuffer> {
    const sorted = new Float64Array(this.#live);
    let count = 0;
    for (let slot = 0; slot < this.#keys.length; slot++) {
      if (this.#keys[slot] !== FREE && this.#amounts[slot] !== 0) sorted[count++] = this.#keys[slot] as number;
    }
    return sorted.sort();
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const keys = this.#keys;
    const mask = keys.length - 1;
    const lower = (key & 0xffff) * SPREAD_LOWER;
    const upper = ((key >>> 16) & 0xffff) * SPREAD_UPPER;
    let slot = ((lower ^ upper) >>> 6) & mask;
    while (keys[slot] !== FREE && keys[slot] !== key) slot = (slot + 1) & mask;
    return slot;
  }

  #rebuild(): void {
    const keys = this.#keys;
    const amounts = this.#amounts;
    let slots = FIRST_SLOTS;
    while (slots < 4 * this.#live) slots *= 2;
    this.#keys = new Float64Array(slots);
    this.#amounts = new Float64Array(slots);
    this.#used = this.#live;
    for (let old = 0; old < keys.length; old++) {
      const key = keys[old] as number;
      if (key === FREE || amounts[old] === 0) continue;
      const slot = this.#slotOf(key);
      this.#keys[slot] = key;
      this.#amounts[slot] = amounts[old] as number;
    }
  }
}
