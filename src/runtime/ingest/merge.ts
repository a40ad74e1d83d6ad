/**
 * Several feeds as one run, by time. A feed's own order is kept: a piece counts with the greatest time of its feed so far.
 * Of pieces of the same time those of the feed that stands first come first.
 */

/** A piece of feed number `feed`, under the greatest time of that feed so far; null where the feed has come to its end. */
export interface Merged<Piece> {
  readonly feed: number;
  readonly time: number;
  readonly piece: Piece | null;
}

/** Merges feeds, each in batches in its own order. A batch that comes out holds all that is known to be next. */
export async function* mergeByTime<Piece>(
  feeds: readonly AsyncIterable<readonly Piece[]>[],
  timeOf: (piece: Piece) => number,
): AsyncGenerator<readonly Merged<Piece>[]> {
  const cursors = feeds.map((feed, index) => new Cursor(index, feed[Symbol.asyncIterator](), timeOf));
  /** Those that have a piece in hand, the next one last. */
  const queue: Cursor<Piece>[] = [];
  try {
    for (let emptied = cursors; emptied.length > 0; ) {
      const merged: Merged<Piece>[] = [];
      for (const cursor of emptied) {
        if (await cursor.fetch()) enqueue(queue, cursor);
        else merged.push({ feed: cursor.feed, time: cursor.time, piece: null });
      }
      emptied = [];
      // Which piece is next is known as long as every feed has one in hand.
      for (let cursor = queue.pop(); cursor !== undefined; cursor = queue.pop()) {
        merged.push(cursor.take());
        if (cursor.isEmpty()) emptied.push(cursor);
        else enqueue(queue, cursor);
        if (emptied.length > 0) break;
      }
      if (merged.length > 0) yield merged;
    }
  } finally {
    for (const cursor of cursors) await cursor.close();
  }
}

/** Where one feed is. */
class Cursor<Piece> {
  readonly feed: number;
  /** The greatest time so far, with that of the piece in hand. */
  time = Number.NEGATIVE_INFINITY;
  readonly #batches: AsyncIterator<readonly Piece[]>;
  readonly #timeOf: (piece: Piece) => number;
  #batch: readonly Piece[] = [];
  #next = 0;

  constructor(feed: number, batches: AsyncIterator<readonly Piece[]>, timeOf: (piece: Piece) => number) {
    this.feed = feed;
    this.#batches = batches;
    this.#timeOf = timeOf;
  }

  isEmpty(): boolean {
    return this.#next === this.#batch.length;
  }

  /** Gets the next batch that has pieces. False when the feed has come to its end. */
  async fetch(): Promise<boolean> {
    while (this.isEmpty()) {
      const { done, value } = await this.#batches.next();
      if (done) return false;
      [this.#batch, this.#next] = [value, 0];
    }
    this.#noteTime();
    return true;
  }

  take(): Merged<Piece> {
    const taken = { feed: this.feed, time: this.time, piece: this.#batch[this.#next] as Piece };
    this.#next++;
    if (!this.isEmpty()) this.#noteTime();
    return taken;
  }

  async close(): Promise<void> {
    await this.#batches.return?.();
  }

  #noteTime(): void {
    this.time = Math.max(this.time, this.#timeOf(this.#batch[this.#next] as Piece));
  }
}

function enqueue<Piece>(queue: Cursor<Piece>[], cursor: Cursor<Piece>): void {
  let [from, to] = [0, queue.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (comesBefore(cursor, queue[middle] as Cursor<Piece>)) from = middle + 1;
    else to = middle;
  }
  queue.splice(from, 0, cursor);
}

function comesBefore<Piece>(a: Cursor<Piece>, b: Cursor<Piece>): boolean {
  return a.time < b.time || (a.time === b.time && a.feed < b.feed);
}
