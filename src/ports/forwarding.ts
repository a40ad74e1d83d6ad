/**
 * Stores that forward every member to another one. A wrapper extends them and overrides what it changes, so that it
 * loses nothing else, whatever members the ports get.
 */

import type { RecordedEvent } from '../tape/envelope.ts';
import {
  type Appended,
  type AppendPipeline,
  type CommitHook,
  type EventStore,
  hasLock,
  type ReadQuery,
  type SubscribeOptions,
  type Subscription,
  type TailWindow,
  type TapeReader,
  type TapeSection,
} from './event-store.ts';
import type {
  CollectionDefinition,
  DocumentWrite,
  FindQuery,
  FoundDocument,
  FoundText,
  ReadDocument,
  ReadStore,
  ShownText,
} from './read-store.ts';

const NO_LOCK = 'this event store has no lock: ask its traits first';

export class ForwardingTapeReader<Inner extends TapeReader = TapeReader> implements TapeReader {
  readonly traits: Inner['traits'];
  readonly tail: TailWindow | null;
  protected readonly inner: Inner;

  constructor(inner: Inner) {
    this.traits = inner.traits;
    this.tail = inner.tail;
    this.inner = inner;
  }

  read(query: ReadQuery): Promise<RecordedEvent[]> {
    return this.inner.read(query);
  }

  byId(id: string): Promise<RecordedEvent | undefined> {
    return this.inner.byId(id);
  }

  at(stream: string, revision: number): Promise<RecordedEvent | undefined> {
    return this.inner.at(stream, revision);
  }

  head(): Promise<string> {
    return this.inner.head();
  }

  subscribe(options: SubscribeOptions): Subscription {
    return this.inner.subscribe(options);
  }

  hasten(): void {
    this.inner.hasten();
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

export class ForwardingEventStore extends ForwardingTapeReader<EventStore> implements EventStore {
  readonly maxWaiting: number | null;

  constructor(inner: EventStore) {
    super(inner);
    this.maxWaiting = inner.maxWaiting;
  }

  append(...args: Parameters<EventStore['append']>): Promise<Appended> {
    return this.inner.append(...args);
  }

  openPipeline(): AppendPipeline | null {
    return this.inner.openPipeline();
  }

  /** As that of a LockingEventStore. Rejects where the store has no lock: its traits say so. */
  async exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    if (!hasLock(this.inner)) throw new Error(NO_LOCK);
    return this.inner.exclusively(work);
  }

  /** As that of a LockingEventStore. Throws where the store has no lock: its traits say so. */
  beforeCommit(hook: CommitHook): () => void {
    if (!hasLock(this.inner)) throw new Error(NO_LOCK);
    return this.inner.beforeCommit(hook);
  }
}

export class ForwardingReadStore implements ReadStore {
  protected readonly inner: ReadStore;

  constructor(inner: ReadStore) {
    this.inner = inner;
  }

  prepare(collections: readonly CollectionDefinition[]): Promise<void> {
    return this.inner.prepare(collections);
  }

  load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>> {
    return this.inner.load(collection, keys);
  }

  loadText(collection: string, key: string): Promise<ShownText | undefined> {
    return this.inner.loadText(collection, key);
  }

  commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    return this.inner.commit(projection, writes, position);
  }

  checkpoint(projection: string): Promise<string> {
    return this.inner.checkpoint(projection);
  }

  find(query: FindQuery): Promise<FoundDocument[]> {
    return this.inner.find(query);
  }

  findTexts(query: FindQuery): Promise<readonly FoundText[]> {
    return this.inner.findTexts(query);
  }

  drop(projection: string, collections: readonly string[]): Promise<void> {
    return this.inner.drop(projection, collections);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
