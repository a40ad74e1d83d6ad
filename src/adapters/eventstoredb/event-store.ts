/** The tape in EventStoreDB 22.10 or later, by exact revisions. */

import { type AppendResult, WrongExpectedVersionError } from '@eventstore/db-client';
import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError, StoreUnavailableError } from '../../ports/errors.ts';
import {
  type Appended,
  type AppendPipeline,
  type EventStore,
  type ExpectedRevision,
  PipelineBrokenError,
  type ReadQuery,
  type SubscribeOptions,
  type Subscription,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import { type RecordedEvent, readEvent } from '../../tape/envelope.ts';
import { assertRevision, judgeAppend, NO_REVISION, type SerializedEvent, serializeEvents } from '../rules/append-rules.ts';
import { parseEventStoreDbAddress } from './address.ts';
import { type CallTimeouts, type Client, type Connection, connect, DEFAULT_TIMEOUTS } from './connection.ts';
import { toWire, validPosition } from './events.ts';
import { TapeOfStreams } from './reader.ts';
import { TailSubscription } from './subscription.ts';
import { type TailLimits, TapeTail, USUAL_TAIL_LIMITS } from './tail.ts';

/** Appends that may wait for an answer; more are refused. */
const MAX_WAITING = 1_000;

export interface EventStoreDbOptions {
  readonly timeouts?: CallTimeouts;
  readonly tailLimits?: TailLimits;
}

/**
 * Opens the tape at `esdb://...` or `esdb+discover://...`, without waiting for the server. Throws StoreError for an
 * address that cannot be used.
 */
export function openEventStoreDb(address: string, time: Time, options: EventStoreDbOptions = {}): EventStoreDbTape {
  return new EventStoreDbTape(
    connect(address, parseEventStoreDbAddress(address), options.timeouts ?? DEFAULT_TIMEOUTS, time),
    options,
  );
}

/** Bound to one client: after an answer the server keeps the order of what that one has on its way, and of no other. */
class TapePipeline implements AppendPipeline {
  isBroken = false;
  isOpening = false;
  client: Client | undefined;
}

export class EventStoreDbTape implements EventStore {
  readonly traits = { hasLock: false, hasOwnIndex: false };
  readonly maxWaiting = MAX_WAITING;
  readonly connection: Connection;
  readonly tail: TapeTail;
  readonly #tape: TapeOfStreams;
  /** The last append to each stream that is under way: the next waits for it, so that they arrive in order. */
  readonly #lastWrites = new Map<string, Promise<unknown>>();
  #waiting = 0;
  readonly #subscriptions = new Set<TailSubscription>();
  #closing: Promise<void> | undefined;

  constructor(connection: Connection, { tailLimits }: EventStoreDbOptions) {
    this.connection = connection;
    this.#tape = new TapeOfStreams(connection);
    this.tail = new TapeTail(connection, this.#tape, tailLimits ?? USUAL_TAIL_LIMITS);
  }

  openPipeline(): AppendPipeline {
    return new TapePipeline();
  }

  async append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly TapeEvent[],
    pipeline?: AppendPipeline,
  ): Promise<Appended> {
    try {
      return await this.#append(stream, expected, events, pipeline instanceof TapePipeline ? pipeline : null);
    } catch (error) {
      if (pipeline instanceof TapePipeline) pipeline.isBroken = true;
      throw error;
    }
  }

  async read(query: ReadQuery): Promise<RecordedEvent[]> {
    this.#assertOpen();
    return (await this.#tape.read(query)).map(readEvent);
  }

  async byId(id: string): Promise<RecordedEvent | undefined> {
    this.#assertOpen();
    const stored = await this.#tape.find((event) => event.id === id);
    return stored === undefined ? undefined : readEvent(stored);
  }

  async at(stream: string, revision: number): Promise<RecordedEvent | undefined> {
    this.#assertOpen();
    const stored = await this.#tape.at(stream, revision);
    return stored === undefined ? undefined : readEvent(stored);
  }

  async head(): Promise<string> {
    this.#assertOpen();
    return this.#tape.head();
  }

  subscribe(options: SubscribeOptions): Subscription {
    this.#assertOpen();
    const subscription = new TailSubscription(this.connection.time, this.tail, this.#tape, options);
    this.#subscriptions.add(subscription);
    const remove = (): void => {
      this.#subscriptions.delete(subscription);
    };
    subscription.ended.then(remove, remove);
    return subscription;
  }

  hasten(): void {
    this.connection.hasten();
  }

  /** Ends subscriptions, finishes what is waiting, then lets go of the server. Not to be awaited within a handler. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await Promise.all(this.#lastWrites.values());
    await Promise.all([this.tail.close(), this.connection.release()]);
  }

  async #append(
    stream: string,
    expected: ExpectedRevision,
    events: readonly TapeEvent[],
    pipeline: TapePipeline | null,
  ): Promise<Appended> {
    this.#assertOpen();
    assertRevision(stream, expected);
    const serialized = serializeEvents(stream, events);
    if (this.#waiting >= MAX_WAITING) {
      // At once: there may be room for what is given to it next.
      if (pipeline !== null) pipeline.isBroken = true;
      throw new StoreUnavailableError(
        'event store',
        `EventStoreDB has ${MAX_WAITING} appends to answer: it is too slow, or away; append less at once`,
      );
    }
    this.#waiting++;
    const before = this.#lastWrites.get(stream) ?? Promise.resolve();
    const writing =
      pipeline === null
        ? before.then(() => this.#write(stream, expected, serialized))
        : this.#writeInOrder(pipeline, stream, expected, serialized);
    const settled = writing.catch(() => undefined);
    this.#lastWrites.set(stream, settled);
    try {
      return await writing;
    } finally {
      this.#waiting--;
      if (this.#lastWrites.get(stream) === settled) this.#lastWrites.delete(stream);
    }
  }

  /** All attempts send the same ids at the same revision: what an earlier one wrote is found, not written again. */
  async #write(stream: string, expected: ExpectedRevision, events: readonly SerializedEvent[]): Promise<Appended> {
    const wire = toWire(this.connection.time, events);
    const expectedRevision = wireRevision(expected);
    try {
      const result = await this.connection.call(`an append to "${stream}" failed and its outcome is unknown`, (client) =>
        client.appendToStream(stream, wire, { expectedRevision }),
      );
      return await this.#appended(stream, result);
    } catch (error) {
      if (!(error instanceof WrongExpectedVersionError)) throw error;
      const { actualVersion } = error;
      return this.#judge(stream, expected, events, actualVersion === 'no_stream' ? NO_REVISION : Number(actualVersion));
    }
  }

  /** In the order of the calls: nothing is waited for before it is sent. */
  async #writeInOrder(
    pipeline: TapePipeline,
    stream: string,
    expected: ExpectedRevision,
    events: readonly SerializedEvent[],
  ): Promise<Appended> {
    if (pipeline.isBroken) throw new PipelineBrokenError(`an append to "${stream}" was not sent, as one before it had failed`);
    if (pipeline.isOpening) throw new Error('the first append of a pipeline is not answered yet');
    pipeline.isOpening = pipeline.client === undefined;
    const wire = toWire(this.connection.time, events);
    try {
      const { outcome, client } = await this.connection.once(
        (opened) => opened.appendToStream(stream, wire, { expectedRevision: wireRevision(expected) }),
        pipeline.client,
      );
      [pipeline.client, pipeline.isOpening] = [client, false];
      return await this.#appended(stream, outcome);
    } catch (error) {
      if (error instanceof WrongExpectedVersionError) {
        const { actualVersion } = error;
        throw new WrongExpectedRevisionError(
          stream,
          expected,
          actualVersion === 'no_stream' ? 'no-stream' : Number(actualVersion),
        );
      }
      if (error instanceof StoreError) throw error;
      throw new PipelineBrokenError(`an append to "${stream}" failed and its outcome is unknown`, { cause: error });
    }
  }

  async #appended(stream: string, { nextExpectedRevision, position: at }: AppendResult): Promise<Appended> {
    const revision = Number(nextExpectedRevision);
    const position = validPosition(at?.commit)?.toString() ?? (await this.#tape.positionOf(stream, revision));
    this.#tape.remember(stream, position, revision);
    return { revision, position, isRepeated: false };
  }

  /** The stream is not at the expected revision: are these very events there? */
  async #judge(stream: string, expected: ExpectedRevision, events: readonly SerializedEvent[], last: number): Promise<Appended> {
    const first = (expected === 'no-stream' ? NO_REVISION : expected) + 1;
    const there = first > last ? [] : await this.#tape.revisions(stream, first, events.length);
    const idAt = (revision: number): string | undefined => there[revision - first]?.stored.id;
    const already = judgeAppend(stream, expected, events, last, idAt);
    if (already === undefined) throw new WrongExpectedRevisionError(stream, expected, expected);
    const revision = already.lastRevision;
    const position = there.at(-1)?.stored.position || (await this.#tape.positionOf(stream, revision));
    this.#tape.remember(stream, position, revision);
    return { revision, position, isRepeated: true };
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StoreError('the tape in EventStoreDB is closed');
  }
}

function wireRevision(expected: ExpectedRevision): 'no_stream' | bigint {
  return expected === 'no-stream' ? 'no_stream' : BigInt(expected);
}
