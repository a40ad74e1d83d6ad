/**
 * Keeps one build of a read model beside the tape. Takes events in batches, folds the documents that they are about,
 * and commits them and then the checkpoint. Documents are guarded by their position, so a batch that is delivered
 * again, or a second runner of the same build, changes nothing.
 */

import { epochMs } from '../../domain/time.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore, Subscription } from '../../ports/event-store.ts';
import type { DocumentWrite, ReadStore } from '../../ports/read-store.ts';
import { foldDocument } from '../../projections/fold.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, type RecordedEvent } from '../../tape/envelope.ts';
import { backoffMs, pause } from '../../waiting.ts';
import { LeaseLostError } from '../leases/lease.ts';
import { FairTurns } from './fair-turns.ts';
import { applyParked, loadParked, NOTHING_PARKED, type Parked, parkedWrite } from './parked-events.ts';
import { PositionWaiters } from './position-waiters.ts';

/** Reads and writes of the read store that fail are tried again this often, waiting longer each time. */
const MAX_TRIES = 8;
/** Most events of one batch, and the time that it may keep the thread from everything else: more, and the next is smaller. */
const MAX_BATCH = 500;
const BATCH_MS = 50;

/** At the end of the tape, the time from one batch to the next: what comes in between is taken together. */
const GAP_MS = 20;
/** Whatever runs in this thread and must not wait, such as the engine, comes between two batches. */
const turns = new FairTurns();

/** In a rebuild, the first event that cannot be applied stops it. */
export class UnappliedEventError extends UserError {
  constructor(collection: string, key: string | null, event: RecordedEvent, error: unknown) {
    const about = key === null ? 'the documents that it is about cannot be told' : `its document is "${key}"`;
    const reason = error instanceof Error ? error.message : String(error);
    super(
      `${event.type} ${event.id} of ${event.stream}, at position ${event.position}, cannot be applied to ${collection}, ${about}: ${reason}`,
    );
  }
}

export interface RunnerOptions {
  readonly time: Time;
  /** The first event that cannot be applied ends the runner with UnappliedEventError, instead of being parked. */
  readonly strict?: boolean | undefined;
  /** Told of each batch once it is committed, and how long that took. */
  readonly onBatch?: ((events: number, ms: number) => void) | undefined;
}

/** One build of a projection. */
export interface RunTarget {
  readonly projection: Projection;
  /** Its documents, such as `orders@1.2`; prepared. */
  readonly collection: string;
}

export interface RunnerProgress {
  /** The last event delivered and committed, handled or not. */
  readonly position: string;
  /** Everything that was on the tape has been delivered. */
  readonly caughtUp: boolean;
  /** Age of the last delivered event by the time it was recorded; 0 when caught up, null before the first. */
  readonly lagMs: number | null;
  /** Documents that stand still because of an event that could not be applied, and the events parked for them. */
  readonly parkedKeys: number;
  readonly parkedEvents: number;
  /** Failed calls of the read store that were tried again. */
  readonly retries: number;
}

/** Starts a build's runner from its checkpoint. The caller must watch `ended`. */
export async function startRunner(
  target: RunTarget,
  events: EventStore,
  reads: ReadStore,
  options: RunnerOptions,
): Promise<ProjectionRunner> {
  const checkpoint = await reads.checkpoint(target.collection);
  const parked = await loadParked(reads, target.collection);
  return new ProjectionRunner(target, events, reads, options, checkpoint, parked);
}

export class ProjectionRunner {
  /** Resolves when closed; rejects when the tape or the read store failed for good. */
  readonly ended: Promise<void>;
  readonly #projection: Projection;
  readonly #collection: string;
  readonly #events: EventStore;
  readonly #reads: ReadStore;
  readonly #options: RunnerOptions;
  readonly #time: Time;
  readonly #parked: Map<string, Parked>;
  readonly #waiters: PositionWaiters;
  readonly #subscription: Subscription;
  #position: string;
  #committed: string;
  #lastRecordedAt: string | null = null;
  #caughtUp = false;
  readonly #closing = new AbortController();
  #keeping: Promise<void> | undefined;
  #retries = 0;
  #batchSize = MAX_BATCH;
  /** How long the batch in hand has kept the thread: not while others did, nor while a read store elsewhere was at it. */
  #heldMs = 0;
  /** What is under way with the documents: one thing at a time. */
  #queue: Promise<void> = Promise.resolve();

  /** Use `startRunner`. */
  constructor(
    { projection, collection }: RunTarget,
    events: EventStore,
    reads: ReadStore,
    options: RunnerOptions,
    checkpoint: string,
    parked: Map<string, Parked>,
  ) {
    this.#projection = projection;
    this.#collection = collection;
    this.#events = events;
    this.#reads = reads;
    this.#options = options;
    this.#time = options.time;
    this.#waiters = new PositionWaiters(options.time);
    this.#parked = parked;
    this.#position = checkpoint;
    this.#committed = checkpoint;
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    this.#subscription = events.subscribe({
      after: checkpoint,
      categories: projection.categories,
      onEvents: async (batch, position) => {
        const began = this.#time.monotonic();
        await turns.next(this.#time);
        await this.#serially(() => this.#take(batch, position));
        if (batch.length < MAX_BATCH) await this.#rest(GAP_MS - (this.#time.monotonic() - began));
      },
      onCaughtUp: (position) => {
        this.#caughtUp = true;
        this.#advance(position);
        this.#keeping ??= this.#keepSoon();
        this.#keeping.catch(fail);
      },
    });
    this.ended = Promise.race([this.#subscription.ended, failed]);
  }

  progress(): RunnerProgress {
    let parkedEvents = 0;
    for (const parked of this.#parked.values()) parkedEvents += parked.events;
    return {
      position: this.#position,
      caughtUp: this.#caughtUp,
      lagMs: this.#lagMs(),
      parkedKeys: this.#parked.size,
      parkedEvents,
      retries: this.#retries,
    };
  }

  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean> {
    if (comparePositions(this.#position, position) >= 0) return Promise.resolve(true);
    return this.#waiters.wait(position, timeoutMs);
  }

  /** Takes up again the documents whose parked events somebody else has applied since. */
  readmitParked(): Promise<void> {
    return this.#serially(() => this.#readmit([...this.#parked.keys()].slice(0, MAX_BATCH)));
  }

  /** Commits the position, where it has moved over events that changed nothing. */
  keep(): Promise<void> {
    return this.#serially(() => this.#keepPosition());
  }

  /** Finishes the batch in hand, keeps its checkpoint and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#subscription.close();
    await this.#keeping?.catch(() => {});
    await this.#queue;
    this.#waiters.giveUp();
  }

  #serially(work: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Takes what the tape handed over, in batches of a size that none keeps the process from everything else for long. */
  async #take(events: readonly RecordedEvent[], position: string): Promise<void> {
    this.#caughtUp = false;
    for (let from = 0; from < events.length; ) {
      const batch = events.slice(from, from + this.#batchSize);
      from += batch.length;
      const began = this.#time.monotonic();
      this.#heldMs = 0;
      await this.#takeBatch(batch, from < events.length ? (batch.at(-1)?.position ?? position) : position);
      this.#options.onBatch?.(batch.length, this.#time.monotonic() - began);
      if (this.#heldMs > BATCH_MS) this.#batchSize = Math.max(1, Math.floor(this.#batchSize / 2));
      else if (this.#heldMs < BATCH_MS / 4) this.#batchSize = Math.min(MAX_BATCH, this.#batchSize * 2);
      if (from < events.length) await this.#time.nextLoop();
    }
  }

  async #takeBatch(events: readonly RecordedEvent[], position: string): Promise<void> {
    const writes: DocumentWrite[] = [];
    const parked = new Map<string, Parked>();
    const groups = this.#group(events, (event, error) => {
      parked.set(event.id, this.#park(null, this.#parked.get(event.id), [event], error, writes));
    });
    await this.#readmit([...groups.keys()].filter((key) => this.#parked.has(key)));
    const open = [...groups.keys()].filter((key) => !this.#parked.has(key));
    const stored = open.length === 0 ? new Map() : await this.#retrying(() => this.#reads.load(this.#collection, open));
    for (const [key, group] of groups) {
      const before = this.#parked.get(key);
      if (before !== undefined) {
        parked.set(key, this.#park(key, before, group, null, writes));
        continue;
      }
      const folded = this.#timed(() => foldDocument(this.#projection, stored.get(key), group));
      if (folded.document !== undefined) writes.push({ collection: this.#collection, key, document: folded.document });
      if (folded.parked.length > 0) parked.set(key, this.#park(key, undefined, folded.parked, folded.error, writes));
    }
    if (writes.length > 0) await this.#commit(writes, position);
    for (const [key, now] of parked) this.#parked.set(key, now);
    this.#lastRecordedAt = events[events.length - 1]?.recordedAt ?? this.#lastRecordedAt;
    this.#advance(position);
  }

  /** Of documents that stand still, those that have reached what held them: what is left for them is applied first. */
  async #readmit(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const stored = await this.#retrying(() => this.#reads.load(this.#collection, keys));
    for (const key of keys) {
      const { first, held } = this.#parked.get(key) ?? NOTHING_PARKED;
      const reached = stored.get(key)?._position;
      if (held && (first === null || reached === undefined || comparePositions(reached, first) < 0)) continue;
      await this.#retrying(() => applyParked(this.#projection, this.#collection, this.#events, this.#reads, key));
      const left = await this.#retrying(() => loadParked(this.#reads, this.#collection, key));
      const now = left.get(key);
      if (now === undefined) this.#parked.delete(key);
      else this.#parked.set(key, now);
    }
  }

  /** Events by the key of the document that they are about; one whose keys cannot be told is handed to `onKeyless`. */
  #group(
    events: readonly RecordedEvent[],
    onKeyless: (event: RecordedEvent, error: unknown) => void,
  ): Map<string, RecordedEvent[]> {
    const groups = new Map<string, RecordedEvent[]>();
    for (const event of events) {
      try {
        for (const key of this.#projection.keys(event)) {
          const group = groups.get(key);
          if (group === undefined) groups.set(key, [event]);
          else group.push(event);
        }
      } catch (error) {
        onKeyless(event, error);
      }
    }
    return groups;
  }

  /** Writes what is parked; events that were parked before a restart are not counted again. */
  #park(
    key: string | null,
    before: Parked | undefined,
    events: readonly RecordedEvent[],
    error: unknown,
    writes: DocumentWrite[],
  ): Parked {
    let parked = before ?? NOTHING_PARKED;
    for (const event of events) {
      if (parked.last !== null && comparePositions(event.position, parked.last) <= 0) continue;
      const isFirst = parked.first === null;
      if (isFirst && this.#options.strict === true) throw new UnappliedEventError(this.#collection, key, event, error);
      writes.push(parkedWrite(this.#collection, key, event, isFirst ? error : null));
      parked = { events: parked.events + 1, first: parked.first ?? event.position, last: event.position, held: true };
    }
    return parked;
  }

  /** Lets others come in, for so long or until this is closed. */
  async #rest(ms: number): Promise<void> {
    if (ms > 0) await pause(this.#time, ms, this.#closing.signal);
    await turns.next(this.#time);
  }

  async #keepSoon(): Promise<void> {
    await this.#rest(GAP_MS);
    this.#keeping = undefined;
    await this.keep();
  }

  /** At the tape's end the position may have moved over events that changed nothing: that is kept too. */
  async #keepPosition(): Promise<void> {
    if (comparePositions(this.#committed, this.#position) < 0) await this.#commit([], this.#position);
  }

  async #commit(writes: readonly DocumentWrite[], position: string): Promise<void> {
    await this.#retrying(() => this.#reads.commit(this.#collection, writes, position));
    this.#committed = position;
  }

  #advance(position: string): void {
    if (comparePositions(position, this.#position) <= 0) return;
    this.#position = position;
    this.#waiters.advance(position);
  }

  async #retrying<T>(call: () => Promise<T>): Promise<T> {
    for (let failed = 0; ; ) {
      try {
        return await this.#timed(call);
      } catch (error) {
        failed++;
        if (failed === MAX_TRIES || error instanceof LeaseLostError || this.#closing.signal.aborted) throw error;
        this.#retries++;
        await pause(this.#time, backoffMs(this.#time, failed));
      }
    }
  }

  /** Counts what `work` does before it returns, which of a call of the read store is what is done in this thread. */
  #timed<T>(work: () => T): T {
    const began = this.#time.monotonic();
    try {
      return work();
    } finally {
      this.#heldMs += this.#time.monotonic() - began;
    }
  }

  #lagMs(): number | null {
    if (this.#caughtUp) return 0;
    if (this.#lastRecordedAt === null) return null;
    return Math.max(0, this.#time.now() - epochMs(this.#lastRecordedAt));
  }
}
