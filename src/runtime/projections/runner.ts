/**
 * Keeps one build of a read model up with the tape: hands events to its documents in batches, and says how far they are.
 * A second runner of the same build changes nothing.
 */

import { epochMs } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore, Subscription } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, type RecordedEvent } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';
import { type BuildDocuments, type DocumentsProgress, openDocuments, type RunTarget } from './build-documents.ts';
import { FairTurns } from './fair-turns.ts';
import { PositionWaiters } from './position-waiters.ts';

/** Most events of one batch, and the time that it may keep the thread from everything else: more, and the next is smaller. */
const MAX_BATCH = 500;
const BATCH_MS = 50;

/**
 * At the end of the tape, the time from one batch to the next: what comes in between is taken together. It grows with the
 * batch, for where much comes, a commit of a few events costs more than they do.
 */
const GAP_MS = 20;
const GAP_MS_PER_EVENT = 1;
const LONGEST_GAP_MS = 150;
/** Other work of this thread that must not wait, such as the engine, runs between two batches. */
const turns = new FairTurns();

export interface RunnerOptions {
  readonly time: Time;
  /** The first event that cannot be applied ends the runner with UnappliedEventError, instead of being parked. */
  readonly isStrict?: boolean | undefined;
  /** Told of each batch once it is committed, and how long that took. */
  readonly onBatch?: ((events: number, ms: number) => void) | undefined;
}

export interface RunnerProgress extends DocumentsProgress {
  /** The last event delivered and committed, handled or not. */
  readonly position: string;
  /** Everything that was on the tape has been delivered. */
  readonly caughtUp: boolean;
  /** Age of the last delivered event by the time it was recorded; 0 when caught up, null before the first. */
  readonly lagMs: number | null;
}

/** Starts a build's runner from its checkpoint. The caller must watch `ended`. */
export async function startRunner(
  target: RunTarget,
  events: EventStore,
  reads: ReadStore,
  options: RunnerOptions,
): Promise<ProjectionRunner> {
  const closing = new AbortController();
  const { time, isStrict = false } = options;
  const documents = await openDocuments(target, events, reads, { time, isStrict, signal: closing.signal });
  return new ProjectionRunner(documents, target.projection, events, options, closing);
}

export class ProjectionRunner {
  /** Resolves when closed; rejects when the tape or the read store failed for good. */
  readonly ended: Promise<void>;
  readonly #documents: BuildDocuments;
  readonly #options: RunnerOptions;
  readonly #time: Time;
  readonly #waiters: PositionWaiters;
  readonly #subscription: Subscription;
  #position: string;
  #lastRecordedAt: string | null = null;
  #isCaughtUp = false;
  readonly #closing: AbortController;
  #keeping: Promise<void> | undefined;
  /** When a position alone was committed last, and how long that one had waited. */
  #keptAt = Number.NEGATIVE_INFINITY;
  #keptAfterMs = GAP_MS;
  #batchSize = MAX_BATCH;
  /** The last call of the documents: the next begins when it is done. */
  #queue: Promise<void> = Promise.resolve();

  /** Use `startRunner`. */
  constructor(
    documents: BuildDocuments,
    projection: Pick<Projection, 'categories'>,
    events: EventStore,
    options: RunnerOptions,
    closing: AbortController,
  ) {
    this.#documents = documents;
    this.#options = options;
    this.#time = options.time;
    this.#closing = closing;
    this.#waiters = new PositionWaiters(options.time);
    this.#position = documents.checkpoint;
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    this.#subscription = events.subscribe({
      after: documents.checkpoint,
      categories: projection.categories,
      onEvents: async (batch, position) => {
        const began = this.#time.monotonic();
        await turns.next(this.#time);
        await this.#serially(() => this.#apply(batch, position));
        if (batch.length < MAX_BATCH) await this.#rest(gapAfter(batch.length) - (this.#time.monotonic() - began));
      },
      onCaughtUp: (position) => {
        this.#isCaughtUp = true;
        this.#advance(position);
        this.#keeping ??= this.#keepSoon();
        this.#keeping.catch(fail);
      },
    });
    this.ended = Promise.race([this.#subscription.ended, failed]);
  }

  progress(): RunnerProgress {
    return { position: this.#position, caughtUp: this.#isCaughtUp, lagMs: this.#lagMs(), ...this.#documents.progress() };
  }

  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean> {
    if (comparePositions(this.#position, position) >= 0) return Promise.resolve(true);
    return this.#waiters.wait(position, timeoutMs);
  }

  /** Takes up again the documents whose parked events somebody else has applied since. */
  readmitParked(): Promise<void> {
    return this.#serially(() => this.#documents.readmitParked(MAX_BATCH));
  }

  /** Commits the position: at the tape's end it may have moved over events that changed nothing. */
  keep(): Promise<void> {
    return this.#serially(() => this.#documents.keep(this.#position));
  }

  /** Finishes the batch in hand, keeps its checkpoint and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#subscription.close();
    await this.#keeping?.catch(() => {});
    await this.#queue;
    // Events that changed nothing have moved the position alone. What cannot be kept is read again by the next start.
    await this.keep().catch(() => {});
    this.#waiters.giveUp();
  }

  #serially(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Applies what the tape handed over, in batches of a size that none keeps the process from everything else for long. */
  async #apply(events: readonly RecordedEvent[], position: string): Promise<void> {
    this.#isCaughtUp = false;
    // What is left when it is to close is handed over again by the next start.
    for (let from = 0; from < events.length && !this.#closing.signal.aborted; ) {
      const batch = events.slice(from, from + this.#batchSize);
      from += batch.length;
      const began = this.#time.monotonic();
      const upTo = from < events.length ? (batch.at(-1)?.position ?? position) : position;
      const busyMs = await this.#documents.apply(batch, upTo);
      this.#lastRecordedAt = batch.at(-1)?.recordedAt ?? this.#lastRecordedAt;
      this.#advance(upTo);
      this.#options.onBatch?.(batch.length, this.#time.monotonic() - began);
      if (busyMs > BATCH_MS) this.#batchSize = Math.max(1, Math.floor(this.#batchSize / 2));
      else if (busyMs < BATCH_MS / 4) this.#batchSize = Math.min(MAX_BATCH, this.#batchSize * 2);
      if (from < events.length) await this.#time.nextLoop();
    }
  }

  /** Lets others come in, for so long or until this is closed. */
  async #rest(ms: number): Promise<void> {
    if (ms > 0) await pause(this.#time, ms, this.#closing.signal);
    await turns.next(this.#time);
  }

  /** Positions that move on and on over events of others are committed less and less often. */
  async #keepSoon(): Promise<void> {
    const isSoonAgain = this.#time.monotonic() - this.#keptAt < 2 * this.#keptAfterMs;
    this.#keptAfterMs = isSoonAgain ? Math.min(2 * this.#keptAfterMs, LONGEST_GAP_MS) : GAP_MS;
    await this.#rest(this.#keptAfterMs);
    this.#keeping = undefined;
    await this.keep();
    this.#keptAt = this.#time.monotonic();
  }

  #advance(position: string): void {
    if (comparePositions(position, this.#position) <= 0) return;
    this.#position = position;
    this.#waiters.advance(position);
  }

  #lagMs(): number | null {
    if (this.#isCaughtUp) return 0;
    if (this.#lastRecordedAt === null) return null;
    return Math.max(0, this.#time.now() - epochMs(this.#lastRecordedAt));
  }
}

function gapAfter(events: number): number {
  return Math.min(GAP_MS + events * GAP_MS_PER_EVENT, LONGEST_GAP_MS);
}
