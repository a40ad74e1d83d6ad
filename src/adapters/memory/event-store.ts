/** The tape in memory: the same rules and the same round trip through JSON, and gone with the process. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Metadata } from '../../domain/event.ts';
import { categoryOf } from '../../domain/streams.ts';
import { isoTime } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type {
  Appended,
  CommitHook,
  EventStore,
  EventStoreTraits,
  ExpectedRevision,
  ReadQuery,
  SubscribeOptions,
  Subscription,
  TapeSection,
} from '../../ports/event-store.ts';
import { type RecordedEvent, readEvent } from '../../tape/envelope.ts';
import { asExpected, judgeAppend, positionNumber, type SerializedEvent, serializeEvents } from '../rules/append-rules.ts';
import { runSection } from '../rules/section.ts';
import { TapeSubscription } from '../rules/subscription.ts';

export interface MemoryTapeOptions {
  readonly time: Time;
  /** False: as a store across machines is. */
  readonly hasLock: boolean;
}

interface Row extends SerializedEvent {
  readonly stream: string;
  readonly category: string;
  readonly revision: number;
  readonly recordedAt: string;
}

export function openMemoryEventStore(options: MemoryTapeOptions): EventStore {
  return new MemoryEventStore(options);
}

class MemoryEventStore implements EventStore {
  readonly traits: EventStoreTraits;
  readonly tail = null;
  readonly maxWaiting = null;
  readonly #time: Time;
  /** The event at position n is at n - 1. */
  readonly #rows: Row[] = [];
  /** Positions of a stream's events, by revision. */
  readonly #streams = new Map<string, number[]>();
  readonly #correlations = new Map<string, number[]>();
  readonly #ids = new Map<string, number[]>();
  readonly #subscriptions = new Set<TapeSubscription>();
  #hook: CommitHook | null = null;
  #isClosed = false;

  constructor(options: MemoryTapeOptions) {
    this.#time = options.time;
    this.traits = { hasLock: options.hasLock, hasOwnIndex: true };
  }

  openPipeline(): null {
    return null;
  }

  async append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    this.#assertOpen();
    const appended = this.#write(stream, expected, serializeEvents(stream, events));
    if (appended.isRepeated) return appended;
    this.#workWithin(this.#hook);
    this.#wakeAll();
    return appended;
  }

  async read(query: ReadQuery): Promise<RecordedEvent[]> {
    this.#assertOpen();
    return this.#page(query);
  }

  async byId(id: string): Promise<RecordedEvent | undefined> {
    this.#assertOpen();
    return this.#event(this.#ids.get(id)?.[0]);
  }

  async at(stream: string, revision: number): Promise<RecordedEvent | undefined> {
    this.#assertOpen();
    return this.#eventAt(stream, revision);
  }

  async head(): Promise<string> {
    this.#assertOpen();
    return String(this.#rows.length);
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#assertOpen();
    const subscription = new TapeSubscription(
      this.#time,
      {
        head: () => this.#rows.length,
        scan: (after, categories, limit) => this.#page({ after: String(after), categories, limit }),
      },
      options,
    );
    this.#subscriptions.add(subscription);
    const remove = (): void => {
      this.#subscriptions.delete(subscription);
    };
    subscription.ended.then(remove, remove);
    return subscription;
  }

  /** Only where `traits` say that there is a lock. */
  async exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return this.#section(work);
  }

  /** Only where `traits` say that there is a lock. */
  beforeCommit(hook: CommitHook): () => void {
    if (this.#hook !== null) throw new Error('the tape in memory has a commit hook already');
    this.#hook = hook;
    return () => {
      this.#hook = null;
    };
  }

  hasten(): void {}

  async close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    this.#isClosed = true;
  }

  #write(stream: string, expected: ExpectedRevision, events: readonly SerializedEvent[]): Appended {
    const positions = this.#streams.get(stream) ?? [];
    const last = positions.length - 1;
    const there = judgeAppend(stream, expected, events, last, (revision) => this.#rowAt(positions[revision])?.id);
    if (there !== undefined) {
      return { revision: there.lastRevision, position: String(positions[there.lastRevision]), isRepeated: true };
    }
    const now = isoTime(this.#time.now());
    const before = this.#rows.at(-1)?.recordedAt ?? '';
    const recordedAt = now > before ? now : before;
    const category = categoryOf(stream);
    for (const [offset, event] of events.entries()) {
      this.#rows.push({ ...event, stream, category, revision: last + 1 + offset, recordedAt });
      this.#index(this.#rows.length);
    }
    return { revision: last + events.length, position: String(this.#rows.length), isRepeated: false };
  }

  #index(position: number): void {
    const row = this.#rowAt(position) as Row;
    listIn(this.#streams, row.stream).push(position);
    listIn(this.#correlations, row.correlationId).push(position);
    listIn(this.#ids, row.id).push(position);
  }

  /** Takes the last event off again, when a section fails. */
  #removeLast(): void {
    const row = this.#rows.pop() as Row;
    removeLast(this.#streams, row.stream);
    removeLast(this.#correlations, row.correlationId);
    removeLast(this.#ids, row.id);
  }

  #workWithin(hook: CommitHook | null): void {
    if (hook === null) return;
    try {
      this.#section((section) => hook.within(section));
    } catch (error) {
      hook.undone(error);
      return;
    }
    hook.committed();
  }

  #section<T>(work: (section: TapeSection) => T): T {
    this.#assertOpen();
    const before = this.#rows.length;
    try {
      const tape: TapeSection = {
        append: (stream, expected, events) => this.#write(stream, expected, serializeEvents(stream, events)),
        read: (query) => this.#page(query),
        revisionOf: (stream) => asExpected((this.#streams.get(stream)?.length ?? 0) - 1),
        at: (stream, revision) => this.#eventAt(stream, revision),
        find: (stream, id) => this.#find(stream, id),
      };
      const result = runSection(tape, work);
      if (this.#rows.length > before) this.#wakeAll();
      return result;
    } catch (error) {
      while (this.#rows.length > before) this.#removeLast();
      throw error;
    }
  }

  #eventAt(stream: string, revision: number): RecordedEvent | undefined {
    return this.#event(this.#streams.get(stream)?.[revision]);
  }

  #find(stream: string, id: string): RecordedEvent | undefined {
    return this.#event(this.#ids.get(id)?.find((position) => this.#rowAt(position)?.stream === stream));
  }

  #page(query: ReadQuery): RecordedEvent[] {
    if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw new RangeError(`${query.limit} is not a limit`);
    const after = query.after === undefined ? undefined : positionNumber(query.after);
    const found: RecordedEvent[] = [];
    for (const position of this.#candidates(query, after)) {
      if (found.length >= query.limit) break;
      if (fits(this.#rowAt(position) as Row, query)) found.push(this.#event(position) as RecordedEvent);
    }
    return found;
  }

  /** Positions to look at, in the query's order, beyond `after`. */
  *#candidates(query: ReadQuery, after: number | undefined): Generator<number> {
    const listed =
      query.stream !== undefined
        ? (this.#streams.get(query.stream) ?? [])
        : query.correlationId !== undefined
          ? (this.#correlations.get(query.correlationId) ?? [])
          : undefined;
    const length = listed?.length ?? this.#rows.length;
    const at = (index: number): number => listed?.[index] ?? index + 1;
    // The first index beyond `after`, by halves: positions rise.
    const countWhere = (isBefore: (position: number) => boolean): number => {
      let low = 0;
      let high = length;
      while (low < high) {
        const middle = Math.floor((low + high) / 2);
        if (isBefore(at(middle))) low = middle + 1;
        else high = middle;
      }
      return low;
    };
    if (query.isBackward) {
      const end = after === undefined ? length : countWhere((position) => position < after);
      for (let index = end - 1; index >= 0; index--) yield at(index);
    } else {
      const start = after === undefined ? 0 : countWhere((position) => position <= after);
      for (let index = start; index < length; index++) yield at(index);
    }
  }

  #rowAt(position: number | undefined): Row | undefined {
    return position === undefined ? undefined : this.#rows[position - 1];
  }

  #event(position: number | undefined): RecordedEvent | undefined {
    const row = this.#rowAt(position);
    if (row === undefined) return undefined;
    return readEvent({
      id: row.id,
      stream: row.stream,
      revision: row.revision,
      position: String(position),
      type: row.type,
      schemaVersion: row.schemaVersion,
      data: JSON.parse(row.data) as Record<string, unknown>,
      metadata: JSON.parse(row.metadata) as Metadata,
      recordedAt: row.recordedAt,
    });
  }

  #wakeAll(): void {
    for (const subscription of this.#subscriptions) subscription.wake();
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new StoreError('the tape in memory is closed');
  }
}

function fits(row: Row, query: ReadQuery): boolean {
  return (
    (query.stream === undefined || row.stream === query.stream) &&
    (query.idBeginning === undefined || row.id.startsWith(query.idBeginning)) &&
    (query.correlationId === undefined || row.correlationId === query.correlationId) &&
    (query.categories === undefined || query.categories.includes(row.category)) &&
    (query.types === undefined || query.types.includes(row.type)) &&
    (query.from === undefined || row.occurredAt >= query.from) &&
    (query.to === undefined || row.occurredAt < query.to)
  );
}

function listIn(lists: Map<string, number[]>, name: string): number[] {
  const known = lists.get(name);
  if (known !== undefined) return known;
  const made: number[] = [];
  lists.set(name, made);
  return made;
}

function removeLast(lists: Map<string, number[]>, name: string): void {
  const list = lists.get(name);
  list?.pop();
  if (list?.length === 0) lists.delete(name);
}
