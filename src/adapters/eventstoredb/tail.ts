/**
 * The one subscription of a process: everything that is appended, by whomever, kept for a while, so that all who follow
 * the tape are served from memory. A follower that is further back reads from the server until it has come near.
 * A subscription ends without a sign, cleanly or not at all: every end is a drop, and a silence is looked into.
 */

import { categoryOf } from '../../domain/streams.ts';
import type { Amount, TailWindow } from '../../ports/event-store.ts';
import { comparePositions, laterPosition, type RecordedEvent, readEvent, START, type StoredEvent } from '../../tape/envelope.ts';
import { backoffMs, pause } from '../../waiting.ts';
import type { TapeClient, TapeSubscription } from './client.ts';
import type { Connection } from './connection.ts';
import { fromWire } from './events.ts';
import { finalFailure } from './failures.ts';
import type { TapeOfStreams } from './reader.ts';
import { weightOf } from './weight.ts';

export interface TailLimits {
  /** Most events that are kept; a fifth of them is let go at once. */
  readonly maxKept: number;
  /** Most that they take in memory, about. */
  readonly maxKeptBytes: number;
  /** How long nothing must come until the tape's end is asked for, while it is not known to be reached. */
  readonly settleMs: number;
  /** The same while it is: a subscription can fall silent. */
  readonly silenceMs: number;
}

export const USUAL_TAIL_LIMITS: TailLimits = { maxKept: 20_000, maxKeptBytes: 32_000_000, settleMs: 50, silenceMs: 5_000 };

/** Events that come next, and how far they reach: beyond the last of them, what comes is of other categories. */
export interface Next {
  readonly events: readonly RecordedEvent[];
  readonly position: string;
}

/** An event in memory. What all who follow would find out of it each is kept with it. */
class KeptEvent {
  readonly stored: StoredEvent;
  readonly category: string;
  #read: RecordedEvent | undefined;

  constructor(stored: StoredEvent) {
    this.stored = stored;
    this.category = categoryOf(stored.stream);
  }

  /** In today's shape. Throws as `readEvent`, for those alone who want it. */
  read(): RecordedEvent {
    this.#read ??= readEvent(this.stored);
    return this.#read;
  }
}

interface Live {
  /** The server has said that all is there, or was asked. */
  hasCaughtUp: boolean;
  readonly subscription: TapeSubscription;
}

export class TapeTail implements TailWindow {
  readonly #connection: Connection;
  readonly #tape: TapeOfStreams;
  readonly #limits: TailLimits;
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  #kept: KeptEvent[] = [];
  #bytes = 0;
  /** The events in memory come after this position; undefined until the first look at the tape. */
  #after: string | undefined;
  /** Of the last event that came. */
  #position = START;
  #isCaughtUp = false;
  #lastCame = 0;
  /** How many subscriptions there were. */
  subscriptions = 0;

  constructor(connection: Connection, tape: TapeOfStreams, limits: TailLimits) {
    this.#connection = connection;
    this.#tape = tape;
    this.#limits = limits;
  }

  /** It knows where it begins. It may have come further already than it keeps. */
  get hasBegun(): boolean {
    return this.#after !== undefined || this.#failed !== undefined;
  }

  /** Everything that was on the tape, as far as the server has told, is among what came. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  get kept(): Amount {
    return { events: this.#kept.length, bytes: this.#bytes };
  }

  get keptLimit(): Amount {
    return { events: this.#limits.maxKept, bytes: this.#limits.maxKeptBytes };
  }

  /** `listener` is called whenever something has changed. The tail runs from the first one on. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    this.#running ??= this.#run().catch((error: unknown) => {
      this.#failed = { error };
      this.#tell();
    });
    return () => this.#listeners.delete(listener);
  }

  /**
   * The events of some categories, or all, after a position; undefined when they begin further back than memory does.
   * Throws why the tail ended.
   */
  next(after: string, limit: number, categories?: ReadonlySet<string>): Next | undefined {
    if (this.#failed !== undefined) throw this.#failed.error;
    if (this.#after === undefined || comparePositions(after, this.#after) < 0) return undefined;
    const events: RecordedEvent[] = [];
    let index = this.#indexAfter(after);
    for (; index < this.#kept.length && events.length < limit; index++) {
      const event = this.#kept[index] as KeptEvent;
      if (categories?.has(event.category) ?? true) events.push(event.read());
    }
    const last = this.#kept[index - 1]?.stored.position ?? after;
    return { events, position: laterPosition(after, last) };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    for (let attempt = 1; !signal.aborted; attempt++) {
      const before = this.#position;
      try {
        await this.#begin();
        await this.#connection.whileConnected((client, lost) => this.#follow(client, lost));
      } catch (error) {
        const final = finalFailure(error);
        if (final !== undefined) throw final;
      }
      this.#isCaughtUp = false;
      if (comparePositions(before, this.#position) < 0) attempt = 0;
      if (signal.aborted) return;
      const { time, timeouts } = this.#connection;
      await pause(time, backoffMs(time, Math.max(1, attempt), timeouts.backoff), signal);
    }
  }

  /** Begins at the tape's end: earlier events are read from the server. */
  async #begin(): Promise<void> {
    if (this.#after !== undefined) return;
    const head = await this.#tape.head();
    this.#after = head;
    this.#position = head;
    this.#isCaughtUp = true;
    this.#tell();
  }

  /** Returns when the subscription has ended; resumes after the last event that came, never at a checkpoint. */
  async #follow(client: TapeClient, lost: AbortSignal): Promise<void> {
    // A signal that has aborted already does not fire again.
    if (this.#closing.signal.aborted || lost.aborted) return;
    this.subscriptions++;
    const subscription = client.subscribeAfter(this.#position === START ? undefined : BigInt(this.#position));
    const end = (): void => {
      subscription.destroy();
    };
    const stops = [lost, this.#closing.signal];
    for (const stop of stops) stop.addEventListener('abort', end);
    // It is emitted when it may have no other listener any more, and would end the process.
    subscription.on('error', () => undefined);
    const live: Live = { hasCaughtUp: false, subscription };
    subscription.on('caughtUp', () => {
      live.hasCaughtUp = true;
      // The sign is parsed while an event before it may be on its way through the loop.
      void this.#connection.time.nextLoop().then(() => this.#settle(live));
    });
    subscription.on('fellBehind', () => {
      live.hasCaughtUp = false;
      this.#isCaughtUp = false;
    });
    const watch = this.#watch(live);
    try {
      for await (const told of subscription) {
        const event = fromWire(told);
        if (event !== undefined) this.#keep(event.stored);
        this.#settle(live);
      }
    } finally {
      watch.abort();
      for (const stop of stops) stop.removeEventListener('abort', end);
      await subscription.unsubscribe().catch(() => undefined);
    }
  }

  #settle({ hasCaughtUp, subscription }: Live): void {
    if (!hasCaughtUp || this.#isCaughtUp || subscription.readableLength > 0 || subscription.destroyed) return;
    this.#isCaughtUp = true;
    this.#tell();
  }

  #keep(event: StoredEvent): void {
    this.#lastCame = this.#connection.time.monotonic();
    if (comparePositions(event.position, this.#position) <= 0) return;
    this.#kept.push(new KeptEvent(event));
    this.#bytes += weightOf(event);
    this.#position = event.position;
    const { maxKept, maxKeptBytes } = this.#limits;
    while (this.#kept.length > maxKept || this.#bytes > maxKeptBytes) this.#letGo();
    this.#tell();
  }

  #letGo(): void {
    const gone = this.#kept.splice(0, Math.ceil(this.#kept.length / 5));
    for (const { stored } of gone) this.#bytes -= weightOf(stored);
    this.#after = (gone.at(-1) as KeptEvent).stored.position;
  }

  /** Asks for the tape's end when nothing comes: servers before 23.10 never say that all is there, and streams stall. */
  #watch(live: Live): AbortController {
    const over = new AbortController();
    const { time } = this.#connection;
    const { settleMs, silenceMs } = this.#limits;
    const watch = async (): Promise<void> => {
      let missing: string | undefined;
      let lastAsked = time.monotonic();
      for (let wait = settleMs; ; ) {
        await pause(time, this.#isCaughtUp ? silenceMs : wait, over.signal, { isAwaited: false });
        over.signal.throwIfAborted();
        // On a busy tape something comes all the time.
        const isQuiet = time.monotonic() - this.#lastCame >= settleMs;
        if (!isQuiet && (this.#isCaughtUp || time.monotonic() - lastAsked < silenceMs)) continue;
        lastAsked = time.monotonic();
        const head = await this.#tape.head();
        over.signal.throwIfAborted();
        if (comparePositions(head, this.#position) <= 0) {
          live.hasCaughtUp = true;
          this.#settle(live);
          [missing, wait] = [undefined, settleMs];
        } else if (missing === this.#position && wait >= silenceMs) {
          // There is more, and it does not come: it has stalled.
          live.subscription.destroy();
          return;
        } else {
          live.hasCaughtUp = false;
          this.#isCaughtUp = false;
          // A tape that grows while it is asked for is looked at again as soon: its end may be the next thing to come.
          const hasStood = missing === this.#position;
          [missing, wait] = [this.#position, hasStood ? Math.min(silenceMs, wait * 2) : settleMs];
        }
      }
    };
    // It ends with the subscription; a server that is away is seen by that.
    watch().catch(() => undefined);
    return over;
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #indexAfter(position: string): number {
    let low = 0;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePositions((this.#kept[middle] as KeptEvent).stored.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
