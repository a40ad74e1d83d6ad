/**
 * Hands every event of the tape on, exactly once and in order. A batch and the position that it reaches are published in
 * one transaction. A new session fences earlier ones before it reads how far they came. So nothing is lost or doubled,
 * whatever fails when: after any error the relay opens a new session, and goes on where that says.
 */

import type { Logger } from 'pino';
import { UserError } from '../../domain/user-error.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { FencedError, type PublishedPosition, type Publisher, type PublisherSession } from '../../ports/publisher.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import { type Backoff, backoffMs, pause } from '../../waiting.ts';
import { type Lag, lagBehind } from '../process/lag.ts';
import { tapeName } from '../process/tape-name.ts';
import { RelayQueue } from './relay-queue.ts';

/** Most of one transaction. */
const MAX_BATCH_EVENTS = 2_000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

const BACKOFF: Backoff = { firstMs: 500, longestMs: 30_000 };
/** A relay that was fenced lets the other one work before it tries again. */
const FENCED_BACKOFF: Backoff = { firstMs: 10_000, longestMs: 10_000 };

/** The published events are of another tape; the message says what tells them apart, and what to do. */
export class OtherTapePublishedError extends UserError {
  constructor(difference: string) {
    super(
      `what the relay has published belongs to another tape: ${difference}. Put the tape back that it was made of, or publish under another prefix (TAPEDECK_KAFKA=...?prefix=NAME)`,
    );
  }
}

export interface RelayDependencies {
  readonly events: Pick<EventStore, 'read' | 'head' | 'subscribe'>;
  readonly publisher: Publisher;
  readonly time: Time;
  readonly log: Logger;
  /** Told of each transaction: events, and how long it took. */
  readonly onPublished?: ((events: number, ms: number) => void) | undefined;
  /** Told of each change, with the reason where it waits. */
  readonly onState?: ((state: RelayState, reason: string | null) => void) | undefined;
  /** A fault that only a person can mend is waited for, too, instead of ending the relay at its first try. */
  readonly isPatient?: boolean | undefined;
}

/** `opening`: a session is being opened; `waiting`: something failed, and it is tried again after a while. */
export type RelayState = 'opening' | 'relaying' | 'waiting' | 'ended';

export interface RelayProgress {
  readonly state: RelayState;
  /** Why it waits, or did before it opened the session that it is opening; null while it relays. */
  readonly reason: string | null;
  /** Of the last event published; null while that is not known. */
  readonly position: string | null;
  /** Read from the tape and not published yet. */
  readonly queuedEvents: number;
  readonly queuedBytes: number;
  /** Sessions that ended with an error. */
  readonly failures: number;
}

/** Starts to hand events on. The caller must watch `ended`. */
export function startRelay(dependencies: RelayDependencies): Relay {
  return new Relay(dependencies);
}

export class Relay {
  /** Resolves when closed; rejects when a person has to do something first. */
  readonly ended: Promise<void>;
  readonly #dependencies: RelayDependencies;
  readonly #closing = new AbortController();
  #state: RelayState = 'opening';
  #reason: string | null = null;
  #position: string | null = null;
  #queue: RelayQueue | null = null;
  #failures = 0;
  /** Failures in a row. */
  #failed = 0;
  #wasOpen = false;

  /** Use `startRelay`. */
  constructor(dependencies: RelayDependencies) {
    this.#dependencies = dependencies;
    this.ended = this.#run().finally(() => this.#become('ended'));
  }

  progress(): RelayProgress {
    const { events, bytes } = this.#queue?.queued ?? { events: 0, bytes: 0 };
    return {
      state: this.#state,
      reason: this.#reason,
      position: this.#position,
      queuedEvents: events,
      queuedBytes: bytes,
      failures: this.#failures,
    };
  }

  /** How far what is published is behind the tape. */
  async lag(): Promise<Lag> {
    if (this.#position === null) return { caughtUp: false, lagMs: null };
    const { events, time } = this.#dependencies;
    return lagBehind(events, time, this.#position, await events.head());
  }

  /** Finishes the transaction in hand and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    // Its failure is told by `ended`.
    await this.ended.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        this.#become('opening');
        await this.#relay(await this.#open());
      } catch (error) {
        if (signal.aborted) return;
        this.#failures++;
        this.#reason = error instanceof Error ? error.message : String(error);
        if (this.#isFinal(error)) throw error;
        await this.#waitAfter(error, signal);
      }
    }
  }

  /** A fault that only a person can mend, found at the first try. */
  #isFinal(error: unknown): boolean {
    if (this.#dependencies.isPatient === true || this.#failures > 1) return false;
    return error instanceof OtherTapePublishedError || (error instanceof StoreError && !this.#wasOpen);
  }

  #become(state: RelayState): void {
    this.#state = state;
    this.#dependencies.onState?.(state, this.#reason);
  }

  async #open(): Promise<PublisherSession> {
    const session = await this.#dependencies.publisher.open(this.#closing.signal);
    this.#wasOpen = true;
    return session;
  }

  async #relay(session: PublisherSession): Promise<void> {
    try {
      const after = await this.#resumeFrom(session.published);
      this.#position = after;
      this.#reason = null;
      this.#become('relaying');
      this.#dependencies.log.info({ after }, 'relay: goes on');
      await this.#handOn(session, after);
    } finally {
      this.#queue = null;
      await session
        .close()
        .catch((error: unknown) => this.#dependencies.log.debug({ err: error }, 'relay: closing a session failed'));
    }
  }

  /** Throws OtherTapePublishedError when what was published cannot be of this tape. */
  async #resumeFrom(published: PublishedPosition | null): Promise<string> {
    if (published === null) return START;
    const { events } = this.#dependencies;
    const tape = await tapeName(events);
    if (tape !== published.tape) {
      const own = tape === null ? 'is empty' : `begins with ${tape}`;
      throw new OtherTapePublishedError(`that one begins with event ${published.tape}, this one ${own}`);
    }
    const head = await events.head();
    if (comparePositions(published.position, head) <= 0) return published.position;
    throw new OtherTapePublishedError(`it reaches position ${published.position}, and this tape ends at ${head}`);
  }

  /** Reads ahead of the transaction in hand, as far as the queue has room. */
  async #handOn(session: PublisherSession, after: string): Promise<void> {
    const queue = new RelayQueue();
    this.#queue = queue;
    const onClosing = (): void => queue.close();
    const { signal } = this.#closing;
    signal.addEventListener('abort', onClosing);
    if (signal.aborted) onClosing();
    const subscription = this.#dependencies.events.subscribe({
      after,
      onEvents: async (events) => {
        for (const event of events) if (!(await queue.put(event))) return;
      },
    });
    subscription.ended.then(
      () => queue.fail(new Error('the subscription to the tape ended')),
      (error: unknown) => queue.fail(error),
    );
    try {
      await this.#publishFrom(queue, session);
    } finally {
      signal.removeEventListener('abort', onClosing);
      queue.close();
      await subscription.close();
    }
  }

  async #publishFrom(queue: RelayQueue, session: PublisherSession): Promise<void> {
    let tape: string | null = null;
    for (;;) {
      const batch = await queue.take(MAX_BATCH_EVENTS, MAX_BATCH_BYTES);
      const last = batch.at(-1);
      if (last === undefined) return;
      tape ??= await tapeName(this.#dependencies.events);
      if (tape === null) throw new Error('the tape has events, and then has none');
      const began = this.#dependencies.time.monotonic();
      await session.publish(
        batch.map(({ publication }) => publication),
        { tape, position: last.position },
      );
      this.#position = last.position;
      this.#failed = 0;
      queue.done(batch);
      this.#dependencies.onPublished?.(batch.length, this.#dependencies.time.monotonic() - began);
    }
  }

  async #waitAfter(error: unknown, signal: AbortSignal): Promise<void> {
    this.#become('waiting');
    const { time, log } = this.#dependencies;
    this.#failed++;
    const ms = Math.round(backoffMs(time, this.#failed, error instanceof FencedError ? FENCED_BACKOFF : BACKOFF));
    log.warn({ reason: this.#reason, waitMs: ms }, 'relay: tries again after a while');
    await pause(time, ms, signal);
  }
}
