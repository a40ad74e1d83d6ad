/**
 * A book kept from a snapshot that is fetched beside the stream of its updates, as Binance describes it (spot, "How to
 * manage a local order book correctly"; USDT-M futures, with `pu`). Each update must follow the one before it by its ids:
 *
 *     snapshot lastUpdateId 218     {U: 208, u: 224}  {U: 225, u: 237}  ...
 *
 * A snapshot names neither its symbol nor its time. So it is taken in when an update meets it by its ids, and until then
 * the book goes on as it was: a snapshot of another symbol, or of long ago, changes nothing.
 *
 * Updates up to the book's id are known already. One that leaves ids out is a gap: it and its successors wait, the
 * book is stale, and either the missing update comes late and links them up, or a new snapshot does. One with lower ids
 * and a later event time says that the venue's ids began anew: the book is stale until a snapshot of the new ids, also
 * when these reach the old ones. One such update alone may be wrong: the old ids may go on, if they do so exactly.
 */

import { type BookSnapshot, type DepthUpdate, meets } from '../messages.ts';
import type { FrameCounts, Tally } from '../tally.ts';
import { type Book, type BookState, MAX_LEVELS, type UpdateOutcome } from './book.ts';
import { BookSide } from './book-side.ts';

/** Most updates that wait for a snapshot or a missing one: 500 s of a feed with 10 a second. */
export const MAX_WAITING_UPDATES = 5_000;
/** Most snapshots that wait for an update that meets them. */
export const MAX_WAITING_SNAPSHOTS = 8;
/** How long before an update a snapshot may have come that holds it: beyond what any answer or delay takes. */
const MAX_LEAD_MS = 60_000;

/** What waits, and where it came from, for the tally. */
interface Waiting<Message> {
  readonly message: Message;
  readonly place: string;
}

export class OrderBook implements Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  readonly #tally: Tally;
  #updates: FrameCounts | undefined;
  /** In the order of ids. */
  #waiting: Waiting<DepthUpdate>[] = [];
  /** In the order in which they came: no update has met them. */
  #snapshots: Waiting<BookSnapshot>[] = [];
  /** The last update applied, -1 before a snapshot. */
  #id = -1;
  #wasValid = false;
  #time: number | null = null;
  #resetTime: number | null = null;
  /** How many updates tell of ids that began anew since the last one was applied: from two on it is sure. */
  #anew = 0;

  /** `tick`: the instrument's, in units. */
  constructor(tally: Tally, tick: number) {
    this.#tally = tally;
    this.bids = new BookSide('bids', tick);
    this.asks = new BookSide('asks', tick);
  }

  /** Id of the last update applied, or of the snapshot; -1 before any. */
  get updateId(): number {
    return this.#id;
  }

  /** Event time of the last update applied, epoch ms; null when there was none. */
  get eventTime(): number | null {
    return this.#time;
  }

  /** Event time of the first update after the venue's ids last began anew, epoch ms; null when they never did. */
  get resetTime(): number | null {
    return this.#resetTime;
  }

  get hasGap(): boolean {
    return this.#id >= 0 && (this.#waiting.length > 0 || this.#anew > 1);
  }

  /** Does the best bid reach the best ask? */
  get isCrossed(): boolean {
    const bid = this.bids.best;
    const ask = this.asks.best;
    return bid !== undefined && ask !== undefined && bid >= ask;
  }

  /** Are the best bid and ask known to be the best? Not where the levels that the snapshot told of a side are gone. */
  get isQuoteKnown(): boolean {
    return this.bids.isBestKnown && this.asks.isBestKnown;
  }

  /**
   * A crossed book whose ids show that nothing is missing is the venue's own: updates that part bid and ask mend it.
   */
  get state(): BookState {
    if (this.#id >= 0 && !this.hasGap && !this.isCrossed) return 'valid';
    return this.#wasValid || this.isCrossed ? 'stale' : 'syncing';
  }

  /** Takes a snapshot in: at once where an update meets it that waits, else when one does. Returns whether it is taken. */
  applySnapshot(snapshot: BookSnapshot): boolean {
    const { updateId } = snapshot;
    if (updateId < this.#id) {
      this.#tally.note('old-snapshot', `the snapshot of update ${updateId} is older than the book, at ${this.#id}`);
    }
    const waiting = { message: snapshot, place: this.#tally.place };
    this.#snapshots.push(waiting);
    if (this.#snapshots.length > MAX_WAITING_SNAPSHOTS) this.#dropSnapshots(1);
    const met = this.#waiting.find(({ message }) => !this.#isPast(message) && meets(message, updateId));
    if (met !== undefined) this.#link(waiting, met.message);
    else if (this.#id < 0) this.#startFrom(snapshot);
    return met !== undefined;
  }

  /** Takes an update in: applies it with all that waited for it, or lets it wait, or drops it as known. */
  apply(update: DepthUpdate): UpdateOutcome {
    if (this.#snapshots.length > 0) {
      const { lastId, receivedAt } = update;
      // Updates stay behind them: they are of other ids, which these would reach one day.
      this.#dropForeign((snapshot) => snapshot.updateId > lastId && receivedAt - snapshot.receivedAt > MAX_LEAD_MS);
      const snapshot = this.#snapshots.findLast(({ message }) => !this.#isPast(update) && meets(update, message.updateId));
      if (snapshot !== undefined) {
        if (this.#isReset(update)) this.#noteBreak(update);
        this.#link(snapshot, update);
        return 'applied';
      }
    }
    if (this.#isNext(update)) {
      this.#applyNext(update);
      this.#settle();
      return 'applied';
    }
    if (this.#isPast(update)) {
      this.#noteDuplicate(update);
      return 'dropped';
    }
    return this.#wait(update);
  }

  /** Counts what still waits as dropped: nothing more comes. */
  drop(): void {
    for (const { message: update, place } of this.#waiting.splice(0)) {
      if (this.#time !== null) this.#tally.noteFrame('depthUpdate', 'dropped');
      else
        this.#tally.note(
          'depth-without-snapshot',
          `no snapshot links up with updates ${update.firstId} to ${update.lastId}`,
          'depthUpdate',
          place,
        );
    }
    this.#dropSnapshots(this.#snapshots.length);
  }

  /** Lower ids are the past, unless they come with a later time. */
  #isPast({ lastId, eventTime }: DepthUpdate): boolean {
    if (this.#time === null || lastId > this.#id) return false;
    return (lastId === this.#id && this.#anew === 0) || eventTime <= this.#time;
  }

  /** Of one that is not the past. */
  #isReset({ lastId }: DepthUpdate): boolean {
    return this.#time !== null && lastId < this.#id;
  }

  #isNext({ firstId, lastId, previousId }: DepthUpdate): boolean {
    if (this.#time === null || lastId <= this.#id || this.#anew > 1) return false;
    if (previousId !== null) return previousId === this.#id;
    return this.#anew === 0 ? firstId <= this.#id + 1 : firstId === this.#id + 1;
  }

  /** Makes the snapshot the book, as of the update that meets it. */
  #link(snapshot: Waiting<BookSnapshot>, met: DepthUpdate): void {
    if (this.#isReset(met) || this.#anew > 1) this.#resetTime = met.eventTime;
    this.#startFrom(snapshot.message);
    this.#dropSnapshots(this.#snapshots.indexOf(snapshot));
    this.#snapshots.shift();
    this.#tally.noteFrame('snapshot', 'used');
    this.#waiting = this.#waiting.filter(({ message }) => message !== met);
    this.#applyNext(met);
    this.#settle();
  }

  #startFrom({ updateId, bids, asks }: BookSnapshot): void {
    // Both sides are cut after the same number of levels, so the shorter one is whole.
    const most = Math.max(bids.prices.length, asks.prices.length);
    this.bids.reset(bids, most > 0 && bids.prices.length === most);
    this.asks.reset(asks, most > 0 && asks.prices.length === most);
    this.#id = updateId;
    if (!this.#wasValid) this.#wasValid = this.state === 'valid';
  }

  #applyNext(update: DepthUpdate): void {
    this.bids.set(update.bids);
    this.asks.set(update.asks);
    this.#id = update.lastId;
    this.#time = update.eventTime;
    this.#anew = 0;
    this.#updates ??= this.#tally.countsOf('depthUpdate');
    this.#updates.used++;
    const bid = this.bids.best;
    const ask = this.asks.best;
    if (bid !== undefined && ask !== undefined && bid < ask) {
      this.bids.learn(ask);
      this.asks.learn(bid);
    }
    const dropped = this.bids.trim(MAX_LEVELS) + this.asks.trim(MAX_LEVELS);
    if (dropped > 0) this.#tally.note('book-level-dropped', `a side of the book has more than ${MAX_LEVELS} levels`);
  }

  /** Applies what waited and follows now, and drops what can follow no more. */
  #settle(): void {
    if (this.#waiting.length > 0) {
      this.#waiting = this.#waiting.filter(({ message: update, place }) => {
        if (this.#isNext(update)) this.#applyNext(update);
        else if (this.#isPast(update)) this.#tally.noteFrame('depthUpdate', 'dropped');
        else if (this.#isStray(update)) this.#noteStray(update, place);
        else return true;
        return false;
      });
    }
    if (!this.#wasValid) this.#wasValid = this.state === 'valid';
  }

  /** Higher ids with an earlier time: of the ids before they began anew, or wrong. */
  #isStray({ lastId, eventTime }: DepthUpdate): boolean {
    return this.#time !== null && lastId > this.#id && eventTime < this.#time;
  }

  /** Keeps an update for later, in the order of ids. */
  #wait(update: DepthUpdate): UpdateOutcome {
    const waiting = this.#waiting;
    if (this.#isStray(update)) {
      this.#noteStray(update);
      return 'dropped';
    }
    this.#noteBreak(update);
    let place = waiting.length;
    while (place > 0 && (waiting[place - 1] as Waiting<DepthUpdate>).message.firstId > update.firstId) place--;
    if (waiting[place - 1]?.message.lastId === update.lastId) {
      this.#noteDuplicate(update);
      return 'dropped';
    }
    // The old ids go on above the last one: an update that begins below is of the new ones, a snapshot above of the old.
    if (this.#isReset(update) && this.#anew === 0) this.#dropForeign(({ updateId }) => updateId > this.#id);
    if (this.#isReset(update) || (this.#anew > 0 && update.firstId <= this.#id)) this.#anew++;
    waiting.splice(place, 0, { message: update, place: this.#tally.place });
    if (waiting.length > MAX_WAITING_UPDATES) {
      waiting.shift();
      this.#tally.note(
        'depth-buffer-full',
        `more than ${MAX_WAITING_UPDATES} updates wait for a snapshot: the oldest is dropped`,
      );
    }
    return 'waits';
  }

  /** Notes where the ids leave some out, or begin anew: once until the book goes on. */
  #noteBreak(update: DepthUpdate): void {
    const lowest = this.#waiting[0]?.message.lastId ?? Number.POSITIVE_INFINITY;
    const highest = this.#waiting.at(-1)?.message.lastId ?? Number.NEGATIVE_INFINITY;
    if (this.#anew < 2 && this.#id >= 0 && update.lastId > this.#id && highest <= this.#id) {
      this.#tally.note('depth-gap', `update ${update.firstId} comes after ${this.#id}: those between are missing`);
    } else if (this.#isReset(update) && lowest > this.#id) {
      this.#tally.note('depth-reset', `update ${update.firstId} comes after ${this.#id}, at a later time: the ids begin anew`);
    }
  }

  #noteStray({ firstId, lastId }: DepthUpdate, place?: string): void {
    const detail = `updates ${firstId} to ${lastId} come after ${this.#id} by their ids, and before it by their time`;
    this.#tally.note('stray-depth', detail, 'depthUpdate', place);
  }

  #noteDuplicate({ firstId, lastId }: DepthUpdate): void {
    this.#tally.note('duplicate-depth', `updates ${firstId} to ${lastId} came before`);
  }

  /** Gives up snapshots that wait. */
  #dropForeign(isForeign: (snapshot: BookSnapshot) => boolean): void {
    for (const snapshot of this.#snapshots.filter(({ message }) => isForeign(message))) this.#noteUnmet(snapshot);
    this.#snapshots = this.#snapshots.filter(({ message }) => !isForeign(message));
  }

  /** Gives up the first `count` of the snapshots that wait. */
  #dropSnapshots(count: number): void {
    for (const snapshot of this.#snapshots.splice(0, count)) this.#noteUnmet(snapshot);
  }

  #noteUnmet({ message, place }: Waiting<BookSnapshot>): void {
    this.#tally.note('unmet-snapshot', `no update meets the snapshot of update ${message.updateId}`, 'snapshot', place);
  }
}
