/** The tape: one ordered log of events in streams. One contract suite runs against every adapter. */

import type { TapeEvent } from '../domain/catalogue.ts';
import type { RecordedEvent } from '../tape/envelope.ts';

/** The revision that a stream must have for an append: its last one, or none at all. */
export type ExpectedRevision = number | 'no-stream';

export interface Appended {
  /** Revision of the last event of this append in its stream. */
  readonly revision: number;
  /** Position of the last event of this append. */
  readonly position: string;
  /** True when these very events were there already, at this revision: nothing was written. */
  readonly isRepeated: boolean;
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

/** What became of an append of a pipeline is not known, or it was not sent since one before it had failed. */
export class PipelineBrokenError extends Error {}

/**
 * Appends that are on their way together, and land in the order in which they are given: after a crash the first of them
 * are there. The first append of all goes alone, and is answered before the next is given. The first that fails breaks it.
 * None is made again, and none that is given later is sent. Those that are on their way may land all the same, but for
 * those to the stream of one that was refused.
 */
export interface AppendPipeline {
  readonly isBroken: boolean;
}

export interface ReadQuery {
  /** Events after this position (before it, when backward); from the start (the end) when absent. */
  readonly after?: string | undefined;
  readonly stream?: string | undefined;
  /** Only events of these categories. */
  readonly categories?: readonly string[] | undefined;
  readonly types?: readonly string[] | undefined;
  readonly correlationId?: string | undefined;
  /** Only events whose ids begin so. */
  readonly idBeginning?: string | undefined;
  /** `occurredAt` at or after `from` and before `to`, ISO 8601 UTC. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly isBackward?: boolean | undefined;
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

/** The part of the tape's end that a store keeps in memory, for its followers. */
export interface TailWindow {
  readonly kept: Amount;
  /** Above it the oldest events are dropped. Followers that are further back read from the store. */
  readonly keptLimit: Amount;
}

/** The capabilities of a tape's reader. */
export interface TapeTraits {
  /**
   * It finds events by id, correlation and time by itself. Else it looks through the whole tape for them, and an index
   * of its events is kept among the read models.
   */
  readonly hasOwnIndex: boolean;
}

/** The capabilities of a store. */
export interface EventStoreTraits extends TapeTraits {
  /** It has a write lock that can be held: it is a LockingEventStore. Else several machines may append at any time. */
  readonly hasLock: boolean;
}

/** The tape, to be looked at. */
export interface TapeReader {
  readonly traits: TapeTraits;
  /** Null where those who follow are served from the store itself. */
  readonly tail: TailWindow | null;
  /** Events in order of position (of revision within one stream); at most `limit`. */
  read(query: ReadQuery): Promise<RecordedEvent[]>;
  /** The event with that id: the first on the tape, should there be several. */
  byId(id: string): Promise<RecordedEvent | undefined>;
  /** The event at a revision of a stream, if there is one. */
  at(stream: string, revision: number): Promise<RecordedEvent | undefined>;
  /** Position of the last event on the tape, or START. */
  head(): Promise<string>;
  subscribe(options: SubscribeOptions): Subscription;
  /**
   * The process is to end: calls to a store that is out of reach fail soon, with the error that they would have failed
   * with later. Where the store is always in reach it does nothing.
   */
  hasten(): void;
  close(): Promise<void>;
}

/** The tape. */
export interface EventStore extends TapeReader {
  readonly traits: EventStoreTraits;
  /** Most appends and sections that may wait at once; more are refused. Null where a store has no queue of its own. */
  readonly maxWaiting: number | null;
  /**
   * Appends events to one stream, all or none, exactly after `expected`. Appending the same ids again at the same
   * revision succeeds without writing. Throws WrongExpectedRevisionError or PartialOverlapError.
   *
   * As part of a pipeline it is sent behind those that were given to it before, without waiting for their answers. What is
   * there already is refused as well then. Throws PipelineBrokenError.
   */
  append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[], pipeline?: AppendPipeline): Promise<Appended>;
  /** A new pipeline; null where each append is durable before the next is made. */
  openPipeline(): AppendPipeline | null;
}

/**
 * Takes part in the commits of appends: what it appends is durable with them, or not at all. No failure of it loses an
 * append. Calls come one after another; for each commit `within`, and then one of the others, which throws nothing, as soon as
 * that is known.
 */
export interface CommitHook {
  /** Called after the appends of a commit, before it is durable. Its own appends are undone when it throws. */
  within(section: TapeSection): void;
  /** The commit is durable. */
  committed(): void;
  /** The appends of `within` were undone: it threw, or the commit failed. The others are committed alone where possible. */
  undone(error: unknown): void;
}

/** The tape in a store whose write lock can be held. */
export interface LockingEventStore extends EventStore {
  readonly traits: EventStoreTraits & { readonly hasLock: true };
  /**
   * Runs `work` while nobody else, in this process or another, can append; all its appends become durable together
   * or, when it throws, not at all.
   */
  exclusively<T>(work: (section: TapeSection) => T): Promise<T>;
  /** Has the one hook take part in each commit of appends from now on, until what is returned is called; in no exclusive section. */
  beforeCommit(hook: CommitHook): () => void;
}

export function hasLock(store: EventStore): store is LockingEventStore {
  return store.traits.hasLock;
}
