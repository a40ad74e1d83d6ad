/**
 * A book kept from a snapshot and the updates that follow it, as Binance describes it (spot, "How to manage a local
 * order book correctly"; USDT-M futures, with `pu`). Each update must follow the one before it by its ids:
 *
 *     snapshot lastUpdateId 218     {U: 208, u: 224}  {U: 225, u: 237}  ...
 *
 * Updates up to the book's id are known already. One that leaves ids out is a gap: it and its successors wait, the
 * book is stale, and either the missing update comes late and links them up, or a new snapshot does.
 */

import { BookSide } from './book-side.ts';
import type { BookSnapshot, DepthUpdate } from './messages.ts';
import type { Tally } from './tally.ts';

/** `syncing`: never complete yet. `stale`: not to be trusted, because of a gap or because bid and ask cross. */
export type BookState = 'syncing' | 'valid' | 'stale';

/** Most updates that wait for a snapshot or a missing one: 500 s of a feed with 10 a second. */
export const MAX_WAITING_UPDATES = 5_000;
/** Most levels of a side; those farthest from the best are dropped first. */
export const MAX_LEVELS = 50_000;

export class OrderBook {
  readonly bids = new BookSide('bids');
  readonly asks = new BookSide('asks');
  readonly #tally: Tally;
  #waiting: DepthUpdate[] = [];
  /** The last update applied, -1 before a snapshot. */
  #id = -1;
  /** No update was applied since the snapshot. */
  #isFresh = false;
  #wasValid = false;
  #time: number | null = null;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Id of the last update applied, or of the snapshot; -1 before any. */
  get updateId(): number {
    return this.#id;
  }

  /** Event time of the last update applied since the snapshot, epoch ms; null when there was none. */
  get eventTime(): number | null {
    return this.#time;
  }

  get hasGap(): boolean {
    return this.#id >= 0 && this.#waiting.length > 0;
  }

  /** Does the best bid reach the best ask? */
  get isCrossed(): boolean {
    const bid = this.bids.best;
    const ask = this.asks.best;
    return bid !== undefined && ask !== undefined && bid >= ask;
  }

  /**
   * A crossed book whose ids show that nothing is missing is the venue's own; it is valid again as soon as the
   * venue's updates part bid and ask.
   */
  get state(): BookState {
    if (this.#id >= 0 && !this.hasGap && !this.isCrossed) return 'valid';
    return this.#wasValid || this.isCrossed ? 'stale' : 'syncing';
  }

  /** Starts again from a snapshot; one that is older than the book would only lose what is known. */
  reset(snapshot: BookSnapshot): void {
    if (snapshot.updateId < this.#id) {
      this.#tally.note('old-snapshot', `the snapshot of update ${snapshot.updateId} is older than the book, at ${this.#id}`);
      return;
    }
    this.bids.clear();
    this.asks.clear();
    this.bids.set(snapshot.bids);
    this.asks.set(snapshot.asks);
    this.#id = snapshot.updateId;
    this.#isFresh = true;
    this.#time = null;
    this.#settle();
  }

  /** Takes an update in: applies it with all that waited for it, or lets it wait, or drops it as known. */
  apply(update: DepthUpdate): void {
    if (this.#id >= 0 && this.#isKnown(update)) {
      this.#tally.note('duplicate-depth', `updates ${update.firstId} to ${update.lastId} came before`);
    } else if (this.#id >= 0 && this.#isNext(update)) {
      this.#applyNext(update);
      this.#settle();
    } else {
      this.#wait(update);
    }
  }

  #isKnown(update: DepthUpdate): boolean {
    return this.#isFresh && update.previousId !== null ? update.lastId < this.#id : update.lastId <= this.#id;
  }

  #isNext(update: DepthUpdate): boolean {
    if (update.previousId === null) return update.firstId <= this.#id + 1;
    if (update.previousId === this.#id) return true;
    return this.#isFresh && update.firstId <= this.#id && this.#id <= update.lastId;
  }

  #applyNext(update: DepthUpdate): void {
    this.bids.set(update.bids);
    this.asks.set(update.asks);
    this.#id = update.lastId;
    this.#time = update.eventTime;
    this.#isFresh = false;
    const dropped = this.bids.trim(MAX_LEVELS) + this.asks.trim(MAX_LEVELS);
    if (dropped > 0) this.#tally.note('book-level-dropped', `a side of the book has more than ${MAX_LEVELS} levels`);
  }

  /** Applies what waited and follows now. */
  #settle(): void {
    let next = 0;
    for (; next < this.#waiting.length; next++) {
      const update = this.#waiting[next] as DepthUpdate;
      if (this.#isKnown(update)) continue;
      if (!this.#isNext(update)) break;
      this.#applyNext(update);
    }
    if (next > 0) this.#waiting.splice(0, next);
    if (this.state === 'valid') this.#wasValid = true;
  }

  /** Keeps an update for later, in the order of ids. */
  #wait(update: DepthUpdate): void {
    const waiting = this.#waiting;
    if (this.#id >= 0 && waiting.length === 0) {
      this.#tally.note('depth-gap', `update ${update.firstId} comes after ${this.#id}: those between are missing`);
    }
    let place = waiting.length;
    while (place > 0 && (waiting[place - 1] as DepthUpdate).firstId > update.firstId) place--;
    if (waiting[place - 1]?.lastId === update.lastId) {
      this.#tally.note('duplicate-depth', `updates ${update.firstId} to ${update.lastId} came before`);
      return;
    }
    waiting.splice(place, 0, update);
    if (waiting.length > MAX_WAITING_UPDATES) {
      waiting.shift();
      this.#tally.note(
        'depth-buffer-full',
        `more than ${MAX_WAITING_UPDATES} updates wait for a snapshot: the oldest is dropped`,
      );
    }
  }
}
