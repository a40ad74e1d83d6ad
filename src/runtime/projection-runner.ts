/**
 * Keeps one read model beside the tape. Takes events in batches, folds the documents that they are about, and commits
 * them and then the checkpoint. Documents are guarded by their position, so a batch that is delivered again, or a
 * second runner of the same projection, changes nothing.
 */

import { epochMs } from '../domain/time.ts';
import type { Clock, DocumentWrite, EventStore, ReadStore, Subscription } from '../ports.ts';
import { foldDocument } from '../projections/fold.ts';
import { collectionOf, type Projection } from '../projections/projection.ts';
import { comparePositions, type RecordedEvent } from '../tape/envelope.ts';
import { loadParked, PARKED, type Parked, parkedWrite } from './parked-events.ts';

/** Reads and writes of the read store that fail are tried again this often, waiting longer each time. */
const MAX_TRIES = 8;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;
/** Most callers that may wait for a position at once; further ones are told at once that it is not reached. */
const MAX_WAITERS = 10_000;

export interface RunnerOptions {
  readonly clock: Clock;
  /** Waits between tries; the tests' own returns at once. */
  readonly wait?: ((ms: number) => Promise<void>) | undefined;
}

export interface ProjectionProgress {
  readonly projection: string;
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

interface Waiter {
  readonly position: string;
  readonly done: (reached: boolean) => void;
}

/** Starts a projection from its checkpoint. The caller must watch `ended`. */
export async function startProjection(
  projection: Projection,
  events: EventStore,
  reads: ReadStore,
  options: RunnerOptions,
): Promise<ProjectionRunner> {
  const collection = collectionOf(projection);
  await reads.prepare([{ name: collection, indexes: projection.indexes }, PARKED]);
  const checkpoint = await reads.checkpoint(collection);
  const parked = await loadParked(reads, collection);
  return new ProjectionRunner(projection, events, reads, options, checkpoint, parked);
}

export class ProjectionRunner {
  /** Resolves when closed; rejects when the tape or the read store failed for good. */
  readonly ended: Promise<void>;
  private readonly projection: Projection;
  private readonly collection: string;
  private readonly reads: ReadStore;
  private readonly clock: Clock;
  private readonly wait: (ms: number) => Promise<void>;
  private readonly parked: Map<string, Parked>;
  private readonly waiters = new Set<Waiter>();
  private readonly subscription: Subscription;
  private position: string;
  private committed: string;
  private lastRecordedAt: string | null = null;
  private caughtUp = false;
  private retries = 0;
  /** The write of a bare checkpoint that is under way. */
  private checkpointing: Promise<void> = Promise.resolve();

  /** Use `startProjection`. */
  constructor(
    projection: Projection,
    events: EventStore,
    reads: ReadStore,
    options: RunnerOptions,
    checkpoint: string,
    parked: Map<string, Parked>,
  ) {
    this.projection = projection;
    this.collection = collectionOf(projection);
    this.reads = reads;
    this.clock = options.clock;
    this.wait = options.wait ?? sleep;
    this.parked = parked;
    this.position = checkpoint;
    this.committed = checkpoint;
    let fail: (error: unknown) => void = () => {};
    const failed = new Promise<void>((_resolve, reject) => {
      fail = reject;
    });
    this.subscription = events.subscribe({
      after: checkpoint,
      categories: projection.categories,
      onEvents: (batch, position) => this.take(batch, position),
      onCaughtUp: (position) => {
        this.caughtUp = true;
        this.advance(position);
        this.checkpointing = this.checkpointing.then(() => this.keepPosition()).catch(fail);
      },
    });
    this.ended = Promise.race([this.subscription.ended, failed]);
  }

  progress(): ProjectionProgress {
    let parkedEvents = 0;
    for (const parked of this.parked.values()) parkedEvents += parked.events;
    return {
      projection: this.collection,
      position: this.position,
      caughtUp: this.caughtUp,
      lagMs: this.lagMs(),
      parkedKeys: this.parked.size,
      parkedEvents,
      retries: this.retries,
    };
  }

  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean> {
    if (comparePositions(this.position, position) >= 0) return Promise.resolve(true);
    if (this.waiters.size >= MAX_WAITERS) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        done: (reached) => {
          clearTimeout(timer);
          this.waiters.delete(waiter);
          resolve(reached);
        },
      };
      const timer = setTimeout(() => waiter.done(false), timeoutMs);
      this.waiters.add(waiter);
    });
  }

  /** Finishes the batch in hand, keeps its checkpoint and stops. */
  async close(): Promise<void> {
    await this.subscription.close();
    await this.checkpointing;
    for (const waiter of [...this.waiters]) waiter.done(false);
  }

  private async take(events: readonly RecordedEvent[], position: string): Promise<void> {
    this.caughtUp = false;
    await this.checkpointing;
    const writes: DocumentWrite[] = [];
    const parked = new Map<string, Parked>();
    const groups = this.group(events, (event, error) => {
      parked.set(event.id, this.park(event.id, this.parked.get(event.id), [event], error, writes));
    });
    const open = [...groups.keys()].filter((key) => !this.parked.has(key));
    const stored = open.length === 0 ? new Map() : await this.retrying(() => this.reads.load(this.collection, open));
    for (const [key, group] of groups) {
      const before = this.parked.get(key);
      if (before !== undefined) {
        parked.set(key, this.park(key, before, group, null, writes));
        continue;
      }
      const folded = foldDocument(this.projection, stored.get(key), group);
      if (folded.document !== undefined) writes.push({ collection: this.collection, key, document: folded.document });
      if (folded.parked.length > 0) parked.set(key, this.park(key, undefined, folded.parked, folded.error, writes));
    }
    if (writes.length > 0) await this.commit(writes, position);
    for (const [key, now] of parked) this.parked.set(key, now);
    this.lastRecordedAt = events[events.length - 1]?.recordedAt ?? this.lastRecordedAt;
    this.advance(position);
  }

  /** Events by the key of the document that they are about; one whose keys cannot be told is handed to `onKeyless`. */
  private group(
    events: readonly RecordedEvent[],
    onKeyless: (event: RecordedEvent, error: unknown) => void,
  ): Map<string, RecordedEvent[]> {
    const groups = new Map<string, RecordedEvent[]>();
    for (const event of events) {
      try {
        for (const key of this.projection.keys(event)) {
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
  private park(
    key: string,
    before: Parked | undefined,
    events: readonly RecordedEvent[],
    error: unknown,
    writes: DocumentWrite[],
  ): Parked {
    let parked = before ?? { events: 0, last: null };
    for (const event of events) {
      if (parked.last !== null && comparePositions(event.position, parked.last) <= 0) continue;
      const cause = parked.events === 0 ? error : null;
      writes.push(parkedWrite(this.collection, key, event, cause));
      parked = { events: parked.events + 1, last: event.position };
    }
    return parked;
  }

  /** At the tape's end the position may have moved over events that changed nothing: that is kept too. */
  private async keepPosition(): Promise<void> {
    if (comparePositions(this.committed, this.position) < 0) await this.commit([], this.position);
  }

  private async commit(writes: readonly DocumentWrite[], position: string): Promise<void> {
    await this.retrying(() => this.reads.commit(this.collection, writes, position));
    this.committed = position;
  }

  private advance(position: string): void {
    if (comparePositions(position, this.position) <= 0) return;
    this.position = position;
    for (const waiter of [...this.waiters]) {
      if (comparePositions(this.position, waiter.position) >= 0) waiter.done(true);
    }
  }

  private async retrying<T>(call: () => Promise<T>): Promise<T> {
    for (let failed = 0; ; ) {
      try {
        return await call();
      } catch (error) {
        failed++;
        if (failed === MAX_TRIES) throw error;
        this.retries++;
        await this.wait(Math.min(FIRST_WAIT_MS * 2 ** (failed - 1), LONGEST_WAIT_MS));
      }
    }
  }

  private lagMs(): number | null {
    if (this.caughtUp) return 0;
    if (this.lastRecordedAt === null) return null;
    return Math.max(0, this.clock.now() - epochMs(this.lastRecordedAt));
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
