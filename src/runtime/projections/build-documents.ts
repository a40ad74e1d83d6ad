/**
 * The documents of one build of a read model: folds batches of events into them and commits them with the checkpoint.
 * Events that cannot be applied are parked, with all that follow for the same document. Documents are guarded by their
 * position, so a batch that is delivered again changes nothing.
 */

import { UserError } from '../../domain/user-error.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { DocumentWrite, ReadStore } from '../../ports/read-store.ts';
import { foldDocument } from '../../projections/fold.ts';
import type { Projection } from '../../projections/projection.ts';
import { damageIn } from '../../tape/damage.ts';
import { comparePositions, type RecordedEvent } from '../../tape/envelope.ts';
import { backoffMs, pause } from '../../waiting.ts';
import { LeaseLostError } from '../leases/lease.ts';
import { applyParked, loadParked, NOTHING_PARKED, type Parked, parkedWrite } from './parked-events.ts';

/** Reads and writes of the read store that fail are tried again this often, waiting longer each time. */
const MAX_TRIES = 8;

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

/** One build of a projection. */
export interface RunTarget {
  readonly projection: Projection;
  /** Its documents, such as `orders@1.2`; prepared. */
  readonly collection: string;
}

export interface DocumentsOptions {
  readonly time: Time;
  /** The first event that cannot be applied is thrown as UnappliedEventError, instead of being parked. */
  readonly isStrict: boolean;
  /** Nothing is tried again once it has aborted. */
  readonly signal: AbortSignal;
}

/** The documents that stand still, and the failure of the read store. */
export interface DocumentsProgress {
  /** Documents that stand still because of an event that could not be applied, and the events parked for them. */
  readonly parkedKeys: number;
  readonly parkedEvents: number;
  /** Failed calls of the read store that were tried again. */
  readonly retries: number;
}

/** Opens the documents where their checkpoint is. */
export async function openDocuments(
  target: RunTarget,
  events: EventStore,
  reads: ReadStore,
  options: DocumentsOptions,
): Promise<BuildDocuments> {
  const checkpoint = await reads.checkpoint(target.collection);
  const parked = await loadParked(reads, target.collection);
  return new BuildDocuments(target, events, reads, options, checkpoint, parked);
}

/** The caller makes one call at a time. */
export class BuildDocuments {
  readonly #projection: Projection;
  readonly #collection: string;
  readonly #events: EventStore;
  readonly #reads: ReadStore;
  readonly #options: DocumentsOptions;
  readonly #parked: Map<string, Parked>;
  #checkpoint: string;
  #retries = 0;
  /** How long the call in hand has kept the thread: not while others did, nor while a read store elsewhere was at it. */
  #busyMs = 0;

  /** Use `openDocuments`. */
  constructor(
    { projection, collection }: RunTarget,
    events: EventStore,
    reads: ReadStore,
    options: DocumentsOptions,
    checkpoint: string,
    parked: Map<string, Parked>,
  ) {
    this.#projection = projection;
    this.#collection = collection;
    this.#events = events;
    this.#reads = reads;
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#parked = parked;
  }

  /** The position that was committed last. */
  get checkpoint(): string {
    return this.#checkpoint;
  }

  progress(): DocumentsProgress {
    let parkedEvents = 0;
    for (const parked of this.#parked.values()) parkedEvents += parked.events;
    return { parkedKeys: this.#parked.size, parkedEvents, retries: this.#retries };
  }

  /** Applies a batch and commits it at `position`. Returns for how many milliseconds it has kept the thread. */
  async apply(events: readonly RecordedEvent[], position: string): Promise<number> {
    this.#busyMs = 0;
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
    return this.#busyMs;
  }

  /** Takes up again documents whose parked events somebody else has applied since, at most so many at once. */
  readmitParked(most: number): Promise<void> {
    return this.#readmit([...this.#parked.keys()].slice(0, most));
  }

  /** Commits the position, where it has moved over events that changed nothing. */
  async keep(position: string): Promise<void> {
    if (comparePositions(this.#checkpoint, position) < 0) await this.#commit([], position);
  }

  /** Of documents that stand still, those that have reached what held them: what is left for them is applied first. */
  async #readmit(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return;
    const stored = await this.#retrying(() => this.#reads.load(this.#collection, keys));
    for (const key of keys) {
      const { first, hasOwnError } = this.#parked.get(key) ?? NOTHING_PARKED;
      const reached = stored.get(key)?._position;
      if (hasOwnError && (first === null || reached === undefined || comparePositions(reached, first) < 0)) continue;
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
        const damage = damageIn(event);
        if (damage !== undefined) throw damage;
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
      if (isFirst && this.#options.isStrict) throw new UnappliedEventError(this.#collection, key, event, error);
      writes.push(parkedWrite(this.#collection, key, event, isFirst ? error : null));
      parked = { events: parked.events + 1, first: parked.first ?? event.position, last: event.position, hasOwnError: true };
    }
    return parked;
  }

  async #commit(writes: readonly DocumentWrite[], position: string): Promise<void> {
    await this.#retrying(() => this.#reads.commit(this.#collection, writes, position));
    this.#checkpoint = position;
  }

  async #retrying<T>(call: () => Promise<T>): Promise<T> {
    for (let failed = 0; ; ) {
      try {
        return await this.#timed(call);
      } catch (error) {
        failed++;
        if (failed === MAX_TRIES || error instanceof LeaseLostError || this.#options.signal.aborted) throw error;
        this.#retries++;
        await pause(this.#options.time, backoffMs(this.#options.time, failed), this.#options.signal);
      }
    }
  }

  /** Counts what `work` does before it returns, which of a call of the read store is what is done in this thread. */
  #timed<T>(work: () => T): T {
    const began = this.#options.time.monotonic();
    try {
      return work();
    } finally {
      this.#busyMs += this.#options.time.monotonic() - began;
    }
  }
}
