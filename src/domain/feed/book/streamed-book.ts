/**
 * A book whose snapshots come in the stream of its updates, as of OKX and Bybit. Each update names the one before it, and
 * follows when that is the last applied, whether its own id is higher, the same (nothing has changed) or lower (the
 * venue's ids began anew):
 *
 *     snapshot 10   {10 -> 12}  {12 -> 12}  {12 -> 3}  {3 -> 5}  ...
 *
 * A snapshot is the book from then on. What is earlier than the book, by the venue's time, is known already, a snapshot
 * too. What is later and does not follow shows that something is missing: the book is stale until it has reached that.
 * Ids that have begun anew twice may come to the same numbers: where all between the two is lost, and the stream goes on with
 * just the next one, nothing tells. On one connection no frame is lost, and a new connection begins with a snapshot.
 *
 * Where the venue sends a checksum, a book with another one is not the venue's: it is stale until the next snapshot.
 *
 * The venue keeps the book at a number of levels: it tells which come in and which go out at its end, so that all of them
 * are known. Those beyond are not in it.
 */

import type { BookSnapshot, DepthUpdate } from '../messages.ts';
import type { FrameCounts, Tally } from '../tally.ts';
import { type Book, type BookState, MAX_LEVELS, type UpdateOutcome } from './book.ts';
import { BookSide } from './book-side.ts';
import { bookChecksum } from './checksum.ts';

/** Where a stream is: by the venue's time, and of the same millisecond by the id. */
interface Place {
  readonly time: number;
  readonly id: number;
}

export class StreamedBook implements Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  readonly #tally: Tally;
  readonly #priceScale: number;
  #updates: FrameCounts | undefined;
  /** Of the last snapshot or update applied; null before any. */
  #place: Place | null = null;
  /** Before a snapshot, and after a checksum that is another: no update makes it good. */
  #isLost = true;
  /** The latest frame that did not follow; null once the book has reached it. */
  #missed: Place | null = null;
  #wasValid = false;
  #resetTime: number | null = null;

  /** `tick`: the instrument's, in units; `priceScale`: decimal places of a unit. */
  constructor(tally: Tally, tick: number, priceScale: number) {
    this.#tally = tally;
    this.#priceScale = priceScale;
    this.bids = new BookSide('bids', tick);
    this.asks = new BookSide('asks', tick);
  }

  get updateId(): number {
    return this.#place?.id ?? -1;
  }

  get eventTime(): number | null {
    return this.#place?.time ?? null;
  }

  get resetTime(): number | null {
    return this.#resetTime;
  }

  get hasGap(): boolean {
    return this.#place !== null && (this.#isLost || this.#missed !== null);
  }

  get isQuoteKnown(): boolean {
    return this.bids.isBestKnown && this.asks.isBestKnown;
  }

  get state(): BookState {
    const bid = this.bids.best;
    const ask = this.asks.best;
    const isCrossed = bid !== undefined && ask !== undefined && bid >= ask;
    if (this.#place !== null && !this.hasGap && !isCrossed) return 'valid';
    return this.#wasValid || isCrossed ? 'stale' : 'syncing';
  }

  /** Makes the snapshot the book, unless it is of the past. */
  applySnapshot(snapshot: BookSnapshot): boolean {
    const { updateId, eventTime, bids, asks, checksum } = snapshot;
    if (eventTime === undefined) throw new Error('a snapshot in a stream tells its time');
    const place = { time: eventTime, id: updateId };
    if (this.#place !== null && !isLater(place, this.#place) && !(this.#isLost && eventTime === this.#place.time)) {
      this.#tally.note('past-snapshot', `the snapshot of update ${updateId} is older than the book`, 'snapshot');
      return false;
    }
    this.bids.reset(bids, false);
    this.asks.reset(asks, false);
    this.#isLost = false;
    if (this.#moveTo(place, checksum, 'snapshot')) this.#tally.noteFrame('snapshot', 'used');
    return true;
  }

  apply(update: DepthUpdate): UpdateOutcome {
    const place = { time: update.eventTime, id: update.lastId };
    if (this.#place !== null) {
      if (this.#follows(update, this.#place)) return this.#applyNext(update, place);
      if (!isLater(place, this.#place)) {
        this.#tally.note('duplicate-depth', `update ${update.lastId} came before`);
        return 'dropped';
      }
    }
    this.#noteMissed(place);
    return 'breaks';
  }

  /** Nothing waits. */
  drop(): void {}

  /** Without a link it is the checksum that tells whether something is missing. */
  #follows({ eventTime, lastId, previousId }: DepthUpdate, { time, id }: Place): boolean {
    if (this.#isLost || eventTime < time) return false;
    return previousId === null ? lastId > id : previousId === id;
  }

  #applyNext(update: DepthUpdate, place: Place): UpdateOutcome {
    this.bids.set(update.bids);
    this.asks.set(update.asks);
    if (!this.#moveTo(place, update.checksum, 'depthUpdate')) return 'breaks';
    this.#updates ??= this.#tally.countsOf('depthUpdate');
    this.#updates.used++;
    return 'applied';
  }

  #noteMissed(place: Place): void {
    if (this.#isLost) this.#tally.note('depth-without-snapshot', `update ${place.id} comes where no book is known`);
    else {
      if (this.#missed === null) {
        this.#tally.note('depth-gap', `update ${place.id} does not follow ${this.updateId}: those between are missing`);
      }
      this.#tally.noteFrame('depthUpdate', 'dropped');
    }
    if (this.#missed === null || isLater(place, this.#missed)) this.#missed = place;
  }

  /** Says how far the book is now. Returns whether it is the venue's; unless it is, the frame is counted as dropped. */
  #moveTo(place: Place, checksum: number | undefined, kind: string): boolean {
    if (this.#place !== null && place.id < this.#place.id) this.#resetTime = place.time;
    this.#place = place;
    if (this.#missed !== null && !isLater(this.#missed, place)) this.#missed = null;
    const dropped = this.bids.trim(MAX_LEVELS) + this.asks.trim(MAX_LEVELS);
    if (dropped > 0) this.#tally.note('book-level-dropped', `a side of the book has more than ${MAX_LEVELS} levels`);
    if (checksum !== undefined) this.#check(checksum, place, kind);
    if (!this.#wasValid) this.#wasValid = this.state === 'valid';
    return !this.#isLost;
  }

  #check(checksum: number, { id }: Place, kind: string): void {
    const ours = bookChecksum(this.bids, this.asks, this.#priceScale);
    if (ours === checksum) return;
    this.#isLost = true;
    this.#tally.note('checksum-mismatch', `the book at ${id} has the checksum ${ours}, the venue's has ${checksum}`, kind);
  }
}

function isLater(a: Place, b: Place): boolean {
  return a.time > b.time || (a.time === b.time && a.id > b.id);
}
