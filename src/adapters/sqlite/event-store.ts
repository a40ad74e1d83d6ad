/**
 * The tape in one SQLite file. Appends that are waiting are written in one transaction (group commit): each succeeds
 * or fails by itself, and is answered when all of them are on the disk. Several processes may use one file at once;
 * SQLite's write lock puts them in one order.
 */

import type { DatabaseSync } from 'node:sqlite';
import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Time, Timer } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type {
  Appended,
  CommitHook,
  ExpectedRevision,
  LockingEventStore,
  ReadQuery,
  SubscribeOptions,
  Subscription,
  TapeReader,
  TapeSection,
} from '../../ports/event-store.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import { isRefusal, serializeEvents } from '../rules/append-rules.ts';
import { TapeSubscription } from '../rules/subscription.ts';
import { SqliteCheckpoint } from './checkpoint.ts';
import { explainFailure, LOCK_WAIT_MS, makePlaceGuard, readPatiently, writeTransaction } from './file.ts';
import { RecentEvents } from './recent-events.ts';
import { StoredRows } from './stored-rows.ts';
import { openTapeFile, openTapeFileToRead } from './tape-file.ts';
import { TapeWriter } from './tape-writer.ts';

/** How often to look whether another process has appended. */
const LOOK_EVERY_MS = 5;
/** Appends and exclusive sections that may wait; more are refused. */
const MAX_WAITING = 10_000;
/** A group ends with the append that reaches this many events, so that nobody waits long for the others. */
const GROUP_EVENTS = 2_000;

export interface SqliteTapeOptions {
  /** For messages. */
  readonly file: string;
  readonly time: Time;
  /** Milliseconds to wait for other processes' write lock. */
  readonly lockWaitMs?: number;
}

/** Work that waits for the write lock. */
interface Job {
  /** Runs within the transaction; an error that it throws ends the transaction. */
  readonly run: () => void;
  /** The transaction is durable. */
  readonly committed: () => void;
  readonly failed: (error: unknown) => void;
  /** Events of an append; a section is alone in its transaction. */
  readonly size: number | 'alone';
}

/** Opens the tape in a file, making it where it is absent. Throws StoreError for what a person has to mend. */
export async function openSqliteEventStore(file: string, time: Time): Promise<LockingEventStore> {
  return new SqliteEventStore(await openTapeFile(file, time), { file, time });
}

/** Opens the tape in a file that is there, for reading only. Throws StoreError for what a person has to mend. */
export async function openSqliteTapeToRead(file: string, time: Time): Promise<TapeReader> {
  return new SqliteEventStore(await openTapeFileToRead(file, time), { file, time });
}

export class SqliteEventStore implements LockingEventStore {
  readonly traits = { hasLock: true, hasOwnIndex: true } as const;
  readonly tail = null;
  readonly maxWaiting = MAX_WAITING;
  readonly openPipeline = (): null => null;
  readonly #db: DatabaseSync;
  readonly #rows: StoredRows;
  readonly #recent: RecentEvents;
  readonly #writer: TapeWriter;
  readonly #file: string;
  readonly #time: Time;
  readonly #lockWaitMs: number;
  readonly #assertInPlace: () => void;
  readonly #checkpoint: SqliteCheckpoint;
  readonly #waiting: Job[] = [];
  #draining: Promise<void> | undefined;
  #hook: CommitHook | null = null;
  #isClosed = false;
  readonly #subscriptions = new Set<TapeSubscription>();
  #seenVersion: number | undefined;
  #looking: Timer | undefined;

  /** `db` is an open tape file, and the store's from here on. */
  constructor(db: DatabaseSync, options: SqliteTapeOptions) {
    this.#db = db;
    this.#rows = new StoredRows(db);
    this.#recent = new RecentEvents(this.#rows, (read) => this.#reading(read));
    this.#writer = new TapeWriter(db, this.#rows, options.time);
    this.#file = options.file;
    this.#time = options.time;
    this.#lockWaitMs = options.lockWaitMs ?? LOCK_WAIT_MS;
    this.#assertInPlace = makePlaceGuard(options.file, 'tape');
    this.#checkpoint = new SqliteCheckpoint(options.file);
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    const serialized = serializeEvents(stream, events);
    return new Promise((resolve, reject) => {
      let settle = (): void => {};
      this.#enqueue({
        size: serialized.length,
        run: () => {
          const outcome = attempt(() => this.#writer.append(stream, expected, serialized));
          // A refusal wrote nothing and is this append's alone; any other error may have left half of it.
          if ('error' in outcome && !isRefusal(outcome.error)) throw outcome.error;
          settle = 'error' in outcome ? () => reject(outcome.error) : () => resolve(outcome.value);
        },
        committed: () => settle(),
        failed: reject,
      });
    });
  }

  async exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      let result: T;
      this.#enqueue({
        size: 'alone',
        run: () => {
          result = this.#writer.section(work);
        },
        committed: () => resolve(result),
        failed: reject,
      });
    });
  }

  beforeCommit(hook: CommitHook): () => void {
    if (this.#hook !== null) throw new Error(`the tape ${this.#file} has a commit hook already`);
    this.#hook = hook;
    return () => {
      this.#hook = null;
    };
  }

  async read(query: ReadQuery): Promise<RecordedEvent[]> {
    return this.#reading(() => this.#rows.read(query));
  }

  async byId(id: string): Promise<RecordedEvent | undefined> {
    return this.#reading(() => this.#rows.byId(id));
  }

  async at(stream: string, revision: number): Promise<RecordedEvent | undefined> {
    return this.#reading(() => this.#rows.at(stream, revision));
  }

  async head(): Promise<string> {
    // The answer would be the head of a file that is gone.
    this.#assertInPlace();
    return String(this.#reading(() => this.#rows.last().position));
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#assertOpen();
    const subscription = new TapeSubscription(this.#time, this.#recent, options);
    this.#subscriptions.add(subscription);
    const remove = (): void => {
      this.#subscriptions.delete(subscription);
      if (this.#subscriptions.size === 0) this.#stopLooking();
    };
    subscription.ended.then(remove, remove);
    this.#looking ??= this.#time.every(LOOK_EVERY_MS, () => this.#look(), { isAwaited: false });
    return subscription;
  }

  hasten(): void {}

  /** Ends subscriptions, finishes what is waiting, then lets go of the file. Not to be awaited within a handler. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    while (this.#draining !== undefined) await this.#draining;
    this.#isClosed = true;
    this.#stopLooking();
    await this.#checkpoint.close();
    if (this.#db.isOpen) this.#db.close();
  }

  // --- Writing ---

  #enqueue(job: Job): void {
    this.#assertOpen();
    if (this.#waiting.length >= MAX_WAITING) {
      throw new StoreError(
        `the tape ${this.#file} has ${MAX_WAITING} appends waiting: the disk is too slow or another process holds the lock; append less at once`,
      );
    }
    this.#waiting.push(job);
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Appends of the same loop of events join the group.
    await this.#time.nextLoop();
    while (this.#waiting.length > 0) await this.#commitGroup();
    this.#draining = undefined;
  }

  /** Writes what waits in one transaction, with the hook behind its appends where it `mayHook`. */
  async #commitGroup(mayHook = true): Promise<void> {
    let group: readonly Job[] = [];
    let before = 0;
    const hooked: { hook: CommitHook | null; hasWorked: boolean } = { hook: null, hasWorked: false };
    try {
      await writeTransaction(this.#db, this.#time, this.#lockWaitMs, () => {
        // Chosen when the lock is there: what came during the wait is written with the rest.
        group = this.#takeGroup();
        this.#assertInPlace();
        this.#writer.refresh();
        before = this.#writer.position;
        for (const job of group) job.run();
        // Whoever took it back while the lock was waited for has done with it.
        if (!mayHook || this.#hook === null || this.#writer.position === before || group[0]?.size === 'alone') return;
        hooked.hook = this.#hook;
        hooked.hasWorked = this.#writer.runHook(hooked.hook);
      });
    } catch (error) {
      this.#writer.forget();
      if (hooked.hook !== null) {
        if (hooked.hasWorked) hooked.hook.undone(error);
        // By themselves they may fit: what the hook appends may be large.
        this.#waiting.unshift(...group);
        return this.#commitGroup(false);
      }
      const failed = group.length > 0 ? group : this.#waiting.splice(0);
      const reason = explainFailure(error, 'tape', this.#file);
      for (const job of failed) job.failed(reason);
      return;
    }
    if (hooked.hasWorked) hooked.hook?.committed();
    for (const job of group) job.committed();
    const written = this.#writer.position - before;
    if (written === 0) return;
    this.#checkpoint.noteWritten(written);
    // Those who appended are answered before those who follow read.
    void this.#time.nextLoop().then(() => this.#wakeAll());
  }

  #takeGroup(): Job[] {
    let count = 0;
    let events = 0;
    for (const { size } of this.#waiting) {
      if (size === 'alone' && count > 0) break;
      count += 1;
      if (size === 'alone') break;
      events += size;
      if (events >= GROUP_EVENTS) break;
    }
    return this.#waiting.splice(0, count);
  }

  // --- Reading ---

  #reading<T>(read: () => T): T {
    this.#assertOpen();
    try {
      return readPatiently(this.#db, read);
    } catch (error) {
      throw explainFailure(error, 'tape', this.#file);
    }
  }

  /** Has another process appended? A look costs microseconds. */
  #look(): void {
    const version = attempt(() => this.#rows.dataVersion());
    // A tape that cannot be read any more wakes them too: they fail with the reason.
    if ('value' in version && version.value === this.#seenVersion) return;
    this.#seenVersion = 'value' in version ? version.value : undefined;
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  #stopLooking(): void {
    this.#looking?.cancel();
    this.#looking = undefined;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError(`the tape ${this.#file} is closed`);
  }
}

function attempt<T>(work: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}
