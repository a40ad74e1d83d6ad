/** What Tapedeck needs from the machines behind it. One contract suite per port runs against every adapter. */

import type { TapeEvent } from './domain/catalogue.ts';
import { UserError } from './domain/user-error.ts';
import type { RecordedEvent } from './tape/envelope.ts';
import type { Publication } from './tape/publication.ts';

/** The revision that a stream must have for an append: its last one, or none at all. */
export type ExpectedRevision = number | 'no-stream';

export interface Appended {
  /** Revision of the last event of this append in its stream. */
  readonly revision: number;
  /** Position of the last event of this append. */
  readonly position: string;
  /** True when these very events were there already, at this revision: nothing was written. */
  readonly already: boolean;
}

/** The stream is not at the expected revision, and what is there is not what was to be appended. */
export class WrongExpectedRevisionError extends Error {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  /** The stream's last revision, or `no-stream`. */
  readonly actual: ExpectedRevision;

  constructor(stream: string, expected: ExpectedRevision, actual: ExpectedRevision) {
    super(`stream "${stream}" is at ${actual}, not at ${expected}`);
    this.stream = stream;
    this.expected = expected;
    this.actual = actual;
  }
}

/** The first events of an append are there at their revisions and later ones are not: somebody wrote something else. */
export class PartialOverlapError extends Error {
  readonly stream: string;
  constructor(stream: string, revision: number) {
    super(`stream "${stream}" holds another event at revision ${revision} than the one that is appended again`);
    this.stream = stream;
  }
}

/** A store that cannot be opened or written for a reason outside Tapedeck: says what, where and what to do. */
export class StoreError extends UserError {}

/** The engines behind the ports, as a person knows them. */
export type EngineName = 'event store' | 'read store' | 'Kafka';

/**
 * An engine across the network does not answer, or says that it cannot serve now: it may be back later, and then the
 * same may be asked again. Whether a write was made is not known. Thrown for absence only, as against what waiting does
 * not mend (StoreError): a wrong address, refused credentials, a server too old. Opening a store waits for nobody: it is
 * the first call that throws this.
 */
export class StoreUnavailableError extends UserError {
  readonly engine: EngineName;

  /** `message` says which engine, where (without secrets), what was tried and what came of it. */
  constructor(engine: EngineName, message: string, options?: ErrorOptions) {
    super(message, options);
    this.engine = engine;
  }
}

/** A recording that cannot be opened or is none: says which file, what is wrong and what to do. */
export class RecordingError extends UserError {}

export interface ReadQuery {
  /** Events after this position (before it, when backward); from the start (the end) when absent. */
  readonly after?: string | undefined;
  readonly stream?: string | undefined;
  /** Only events of these categories. */
  readonly categories?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly correlationId?: string | undefined;
  /** `occurredAt` at or after `from` and before `to`, ISO 8601 UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly backward?: boolean | undefined;
  readonly limit: number;
}

/** Synchronous access within an exclusive section of an embedded store. */
export interface TapeSection {
  /** The same rules as `EventStore.append`; becomes durable, with all others of the section, when the section ends. */
  append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Appended;
  read(query: ReadQuery): RecordedEvent[];
  /** The last revision of a stream. */
  revisionOf(stream: string): ExpectedRevision;
  /** The event at a revision of a stream, if there is one. */
  at(stream: string, revision: number): RecordedEvent | undefined;
  /** The event of that id in that stream, if there is one. */
  find(stream: string, id: string): RecordedEvent | undefined;
}

export interface Subscription {
  /** Ends the subscription; no handler is called after it resolves. */
  close(): Promise<void>;
  /** Resolves when closed, rejects when the store or a handler failed. */
  readonly ended: Promise<void>;
}

export interface SubscribeOptions {
  /** Events after this position. */
  readonly after: string;
  readonly categories?: readonly string[] | undefined;
  /** Called with batches in order, one at a time; the next waits for it. */
  readonly onEvents: (events: readonly RecordedEvent[], position: string) => Promise<void> | void;
  /** Called each time everything that was on the tape has been handed over; `position` is the tape's last. */
  readonly onCaughtUp?: ((position: string) => void) | undefined;
}

/** So many events, and what they take in memory, about. */
export interface Amount {
  readonly events: number;
  readonly bytes: number;
}

/** What a store keeps in memory of the tape's end, for those who follow it. */
export interface FollowersFeed {
  readonly held: Amount;
  /** The oldest go when there would be more: whoever is further back has them read from the store. */
  readonly heldLimit: Amount;
}

/** The tape. */
export interface EventStore {
  /** Most appends and sections that may wait at once; more are refused. Absent where a store has no queue of its own. */
  readonly maxWaiting?: number | undefined;
  /** Absent where those who follow are served from the store itself. */
  readonly feed?: FollowersFeed | undefined;
  /**
   * Appends events to one stream, all or none, exactly after `expected`. Appending the same ids again at the same
   * revision succeeds without writing. Throws WrongExpectedRevisionError or PartialOverlapError.
   */
  append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended>;
  /** Events in order of position (of revision within one stream); at most `limit`. */
  read(query: ReadQuery): Promise<RecordedEvent[]>;
  /** The event with that id: the first on the tape, should there be several. */
  byId(id: string): Promise<RecordedEvent | undefined>;
  /**
   * The event at a revision of a stream, if there is one. Only where the store finds by stream and type alone, and
   * looks through the whole tape for an id, a correlation or a time: whoever has read models keeps an index there.
   */
  at?(stream: string, revision: number): Promise<RecordedEvent | undefined>;
  /** Position of the last event on the tape, or START. */
  head(): Promise<string>;
  subscribe(options: SubscribeOptions): Subscription;
  /**
   * Runs `work` while nobody else, in this process or another, can append; all its appends become durable together
   * or, when it throws, not at all. Absent where a store has no such lock.
   */
  exclusively?<T>(work: (section: TapeSection) => T): Promise<T>;
  /**
   * The process is to end: whatever is called, or was, while the store is out of reach, fails soon as it would have later.
   * Absent where no store is out of reach.
   */
  hasten?(): void;
  close(): Promise<void>;
}

/** The tape as those have it who only look at it. */
export type TapeReader = Pick<EventStore, 'feed' | 'read' | 'byId' | 'at' | 'head' | 'subscribe' | 'hasten' | 'close'>;

/**
 * A document of a read model. `_position` is the tape position of the last event that changed it. The fields that come
 * after it are the read model's own, for finding, sorting and changing the document: nobody else is shown them.
 */
export interface ReadDocument {
  readonly _position: string;
  readonly [field: string]: unknown;
}

/** Fields that can be filtered and sorted by, in order; values are strings, numbers or null. */
export type IndexDefinition = readonly string[];

export interface CollectionDefinition {
  /** Documents of another version or build live beside it: `orders@1.2`. */
  readonly name: string;
  readonly indexes: readonly IndexDefinition[];
}

export interface DocumentWrite {
  readonly collection: string;
  readonly key: string;
  readonly document: ReadDocument;
}

export type FieldValue = string | number | null;

export interface FindQuery {
  readonly collection: string;
  readonly equal?: Readonly<Record<string, FieldValue | readonly FieldValue[]>> | undefined;
  /** From inclusive, to exclusive. */
  readonly range?:
    | { readonly field: string; readonly from?: FieldValue | undefined; readonly to?: FieldValue | undefined }
    | undefined;
  /** The key breaks ties, so the order is total. */
  readonly sort: { readonly field: string; readonly descending: boolean };
  /** Sort value and key of the last document of the page before. */
  readonly after?: { readonly value: FieldValue; readonly key: string } | undefined;
  readonly limit: number;
}

export interface FoundDocument {
  readonly key: string;
  readonly document: ReadDocument;
}

/** A document as the text of its JSON, without `_position` and what comes after it. */
export interface ShownText {
  readonly text: string;
  /** `_position`. */
  readonly position: string;
}

export interface FoundText extends ShownText {
  readonly key: string;
  /** Of the field that was sorted by. */
  readonly value: FieldValue;
}

/** Where projections keep their documents. */
export interface ReadStore {
  /** Makes collections and indexes that are not there yet. */
  prepare(collections: readonly CollectionDefinition[]): Promise<void>;
  load(collection: string, keys: readonly string[]): Promise<ReadonlyMap<string, ReadDocument>>;
  /** The text of one document, for whom only hands it on; undefined when it is not there. */
  loadText(collection: string, key: string): Promise<ShownText | undefined>;
  /**
   * Writes whole documents, each only if the stored one is absent or at a lower `_position`, and then the checkpoint,
   * which never goes back. Returns the keys that were written, as `collection/key`.
   */
  commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>>;
  /** The last committed checkpoint of a projection, or START. */
  checkpoint(projection: string): Promise<string>;
  find(query: FindQuery): Promise<FoundDocument[]>;
  /** As `find`, for whom only hands the documents on. */
  findTexts(query: FindQuery): Promise<readonly FoundText[]>;
  /** Removes collections, those that are there, with all they hold, and forgets the checkpoint. */
  drop(projection: string, collections: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/** Who may do a piece of work at this time, of the instances that could; nobody's clock decides it. */
export interface LeaseRecord {
  /** The incarnation of the process that holds it; null once it was given back. */
  readonly owner: string | null;
  /** That process as a person finds it, such as `host-7:4711`. */
  readonly holder: string;
  /** Counts the owners that there were. */
  readonly epoch: number;
  /** Raised by the owner as long as it holds the lease, and by whoever takes it over. */
  readonly counter: number;
}

/** Where instances on the same stores agree on who does what. Safety never rests on it: it saves work. */
export interface Leases {
  /** Every lease that was ever taken, by its name. */
  read(): Promise<ReadonlyMap<string, LeaseRecord>>;
  /** Puts `next` in the place of the record with the counter `seen` (null: of none), or tells by false that it is not there. */
  compareAndSet(name: string, seen: number | null, next: LeaseRecord): Promise<boolean>;
  close(): Promise<void>;
}

/** How far a tape has been published. */
export interface PublishedPosition {
  /** Which tape, by its name: see `tapeName`. */
  readonly tape: string;
  readonly position: string;
}

/** A later session has taken this one's place: nothing that it publishes from then on is ever seen. */
export class FencedError extends Error {}

/** The only one that publishes, from its opening until a later one is opened. Dead after any error. */
export interface PublisherSession {
  /** Read after every earlier session was shut out; null when nothing was ever published. */
  readonly published: PublishedPosition | null;
  /** Publishes the whole batch in order, and that it reaches `reached`, or nothing. One call at a time. */
  publish(batch: readonly Publication[], reached: PublishedPosition): Promise<void>;
  close(): Promise<void>;
}

/** Where events are handed on to others. */
export interface Publisher {
  /**
   * Makes or checks what is needed there, shuts every earlier session out, then reads how far they came. Throws
   * StoreError for what only a person can put right, and StoreUnavailableError while nobody answers. Given up when
   * `signal` is aborted.
   */
  open(signal: AbortSignal): Promise<PublisherSession>;
}

/** What was published, as a consumer gets it. */
export interface PublishedRecord {
  readonly partition: number;
  readonly offset: string;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ConsumeOptions {
  /** From what is still there, or only what comes from now on. */
  readonly fromBeginning: boolean;
  /** End when everything that was there at the beginning has been handed over. */
  readonly untilEnd: boolean;
  readonly signal: AbortSignal;
  /** In order within a partition; false: enough. */
  readonly onRecords: (records: readonly PublishedRecord[]) => boolean;
}

/** A look at what was published: of transactions, those that are whole. */
export interface PublishedReader {
  /** True when the topic still has everything that was ever published on it. */
  isWhole(topic: string): Promise<boolean>;
  consume(topic: string, options: ConsumeOptions): Promise<void>;
}

/** Is told how much of a feed came in and how long some of it took: for figures, never for decisions. */
export interface FeedMeter {
  /** So many frames, candles or lines came in. */
  received(frames: number): void;
  /** One of them took so long: to be read, to be taken into the book, or into a bar. Told now and then only. */
  took(operation: 'parse' | 'book' | 'bar', ms: number): void;
}

/** What time it is, for edges; the domain has none. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}
