/** The loop behind `subscribe`: it serves from the tail in memory, and reads from the server while it is further back. */

import { categoryOf } from '../../domain/streams.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import type { SubscribeOptions, Subscription } from '../../ports/event-store.ts';
import { comparePositions, laterPosition, readEvent, START, type StoredEvent } from '../../tape/envelope.ts';
import { onAbort, pause } from '../../waiting.ts';
import { assertPosition, type TapeOfStreams } from './reader.ts';
import type { TapeTail } from './tail.ts';

/** Events of one batch. */
const MAX_BATCH = 500;
/** Before a subscription that could not read tries again. */
const RETRY_MS = 1_000;

export class TailSubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #time: Time;
  readonly #tail: TapeTail;
  readonly #tape: TapeOfStreams;
  readonly #options: SubscribeOptions;
  readonly #categories: ReadonlySet<string> | undefined;
  readonly #closing = new AbortController();
  #position: string;
  /** The server searched in vain for too long: what it would leave out is read as well, so that each page is a step. */
  #isReadingAll = false;
  /** The last page that was read was full. */
  #wasFull = false;
  #isWoken = false;
  #wakeUp: (() => void) | undefined;

  constructor(time: Time, tail: TapeTail, tape: TapeOfStreams, options: SubscribeOptions) {
    this.#time = time;
    this.#tail = tail;
    this.#tape = tape;
    this.#options = options;
    this.#categories = options.categories === undefined ? undefined : new Set(options.categories);
    this.#position = options.after;
    // In a later microtask, so that no handler runs before `subscribe` has returned.
    this.ended = Promise.resolve().then(() => this.#run());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    // Its failure is told by `ended`.
    await this.ended.catch(() => undefined);
  }

  async #run(): Promise<void> {
    assertPosition(this.#position);
    const leave = this.#tail.listen(() => this.#wake());
    try {
      await this.#assertWithin();
      await this.#follow();
    } finally {
      leave();
    }
  }

  async #follow(): Promise<void> {
    let toldAt: string | undefined;
    while (!this.#closing.signal.aborted) {
      this.#isWoken = false;
      const next = this.#tail.next(this.#position, MAX_BATCH, this.#categories);
      if (next === undefined) {
        await this.#readOn();
        continue;
      }
      const { events, position } = next;
      const hasMoved = position !== this.#position;
      this.#isReadingAll = false;
      this.#position = position;
      if (events.length > 0) await this.#options.onEvents(events, position);
      if (events.length === MAX_BATCH) await this.#time.nextLoop();
      if (hasMoved) continue;
      if (this.#tail.isCaughtUp && toldAt !== this.#position) {
        toldAt = this.#position;
        this.#options.onCaughtUp?.(this.#position);
      }
      await this.#sleep();
    }
  }

  /** Reads a page by itself, up to the tape's end as it is now. */
  async #readOn(): Promise<void> {
    const page = await this.#untilAvailable(async () => {
      // Before the events: whatever is at or before it is then covered by them. Behind a full page there is mostly another.
      const head = this.#wasFull ? START : await this.#tape.head();
      const categories = this.#isReadingAll ? undefined : this.#options.categories;
      return { head, events: await this.#tape.read({ after: this.#position, categories, limit: MAX_BATCH }) };
    });
    if (page === undefined || this.#closing.signal.aborted) return;
    const { head, events } = page;
    const last = events.at(-1);
    const isFull = events.length === MAX_BATCH;
    const wasFull = this.#wasFull;
    this.#wasFull = isFull;
    this.#position = laterPosition(
      this.#position,
      last === undefined ? head : isFull ? last.position : laterPosition(head, last.position),
    );
    if (last === undefined && wasFull) return;
    if (last === undefined) {
      // At the tape's end before the tail has begun: it will tell when it has.
      if (!this.#tail.hasBegun) await this.#sleep();
      return;
    }
    const wanted = events.filter((event) => this.#isWanted(event));
    if (wanted.length > 0) await this.#options.onEvents(wanted.map(readEvent), this.#position);
    if (isFull) await this.#time.nextLoop();
  }

  #isWanted({ stream }: StoredEvent): boolean {
    return this.#categories?.has(categoryOf(stream)) ?? true;
  }

  async #assertWithin(): Promise<void> {
    const head = await this.#untilAvailable(() => this.#tape.head());
    if (head === undefined || comparePositions(this.#position, head) <= 0) return;
    throw new StoreError(
      `position ${this.#position} is past the end of the tape, ${head}: the checkpoint belongs to another tape; name that tape, or forget the checkpoint`,
    );
  }

  /** A server that is away is waited for, however long; undefined when it was closed meanwhile. */
  async #untilAvailable<T>(read: () => Promise<T>): Promise<T | undefined> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        return await this.#unlessClosed(read());
      } catch (error) {
        if (!(error instanceof StoreUnavailableError)) throw error;
        this.#isReadingAll = true;
        await pause(this.#time, RETRY_MS, signal);
      }
    }
    return undefined;
  }

  /** Undefined at once when it is closed meanwhile: a search can take a minute. */
  async #unlessClosed<T>(reading: Promise<T>): Promise<T | undefined> {
    const closed = Promise.withResolvers<undefined>();
    const stopListening = onAbort(this.#closing.signal, () => closed.resolve(undefined));
    try {
      return await Promise.race([reading, closed.promise]);
    } finally {
      stopListening();
    }
  }

  #wake(): void {
    this.#isWoken = true;
    this.#wakeUp?.();
  }

  async #sleep(): Promise<void> {
    if (this.#isWoken || this.#closing.signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    this.#wakeUp = undefined;
  }
}
