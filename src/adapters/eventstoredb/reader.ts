/**
 * Reads a tape in EventStoreDB. The server leaves out what it can by names of streams or types; the rest is left out
 * here. A stream is read by revisions where the place to begin is known by revision, and else out of `$all`.
 */

import { StreamNotFoundError } from '@eventstore/db-client';
import type { ReadStream } from '@eventstore/db-client/dist/streams/utils/ReadStream.js';
import { categoryOf } from '../../domain/streams.ts';
import type { ReadQuery } from '../../ports/event-store.ts';
import { comparePositions, START, type StoredEvent } from '../../tape/envelope.ts';
import type { Connection } from './connection.ts';
import { fromWire, type ReadBack } from './events.ts';
import { type Page, type PageRead, ReadAhead } from './read-ahead.ts';
import type { AllQuery, ServerFilter } from './read-requests.ts';
import type { EventAnswer } from './wire-events.ts';

/** Events that are asked for at once where some of them may be left out. */
const PAGE = 500;
/** Places in streams that are remembered. */
const MAX_PLACES = 20_000;

export class TapeOfStreams {
  readonly #connection: Connection;
  readonly #readAhead: ReadAhead;
  /** The revision at a position of a stream, for those that were handed out last. */
  readonly #places = new Map<string, number>();
  /** False once the server was seen to give events of streams no position. */
  #hasPositions = true;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#readAhead = new ReadAhead(connection.time);
  }

  /** As `EventStore.read`. */
  async read(query: ReadQuery): Promise<StoredEvent[]> {
    if (!Number.isSafeInteger(query.limit) || query.limit < 0) throw new RangeError(`${query.limit} is not a limit`);
    if (query.after !== undefined) assertPosition(query.after);
    if (query.limit === 0 || query.categories?.length === 0 || query.types?.length === 0) return [];
    const { stream } = query;
    if (stream !== undefined && this.#hasPositions) {
      const found = await this.#readStream(stream, query);
      if (found !== undefined) return found;
    }
    return this.#readAll(query);
  }

  /** Position of the last event, or START. */
  async head(): Promise<string> {
    const { events } = await this.#all({ from: undefined, isBackward: true, count: 1, filter: 'no-system-streams' });
    return events[0]?.stored.position ?? START;
  }

  /** The first event on the tape of which `isWanted` is true. Reads the whole tape where there is none. */
  async find(isWanted: (event: StoredEvent) => boolean): Promise<StoredEvent | undefined> {
    for (let after: string | undefined; ; ) {
      const page = await this.#readAll({ after, limit: PAGE });
      const found = page.find(isWanted);
      if (found !== undefined || page.length < PAGE) return found;
      after = page.at(-1)?.position;
    }
  }

  /** Events of a stream from a revision on, whether or not the server gives them positions. */
  async revisions(stream: string, from: number, count: number): Promise<readonly ReadBack[]> {
    return (await this.#stream(stream, BigInt(from), false, count)).events;
  }

  /** The event at a revision of a stream. */
  async at(stream: string, revision: number): Promise<StoredEvent | undefined> {
    const [event] = await this.revisions(stream, revision, 1);
    if (event === undefined || event.hasPosition) return event?.stored;
    return { ...event.stored, position: await this.positionOf(stream, revision) };
  }

  /** Where an event of a stream is in `$all`. */
  async positionOf(stream: string, revision: number): Promise<string> {
    const [event] = await this.revisions(stream, revision, 1);
    if (event?.hasPosition) return event.stored.position;
    this.#hasPositions = false;
    // An event that was just written, or written again, is near the end.
    for (let before: string | undefined; ; ) {
      const page = await this.#readAll({ stream, after: before, isBackward: true, limit: PAGE });
      const found = page.find((read) => read.revision === revision);
      if (found !== undefined) return found.position;
      before = page.at(-1)?.position;
      if (before === undefined) throw new Error(`revision ${revision} of "${stream}" is not in $all`);
    }
  }

  /** Remembers that the event at `position` of `stream` has this revision, for reads that go on from there. */
  remember(stream: string, position: string, revision: number): void {
    if (this.#places.size >= MAX_PLACES) {
      for (const key of this.#places.keys()) {
        this.#places.delete(key);
        if (this.#places.size < MAX_PLACES * 0.9) break;
      }
    }
    this.#places.set(`${stream} ${position}`, revision);
  }

  /** Undefined when the place to begin is not known by revision, or the server gives no positions. */
  async #readStream(stream: string, query: ReadQuery): Promise<StoredEvent[] | undefined> {
    const { after, isBackward = false, limit } = query;
    const place = after === undefined ? undefined : this.#places.get(`${stream} ${after}`);
    if (after !== undefined && place === undefined) return undefined;
    let next = place === undefined ? undefined : place + (isBackward ? -1 : 1);
    const found: StoredEvent[] = [];
    const count = isSelective(query) ? Math.max(limit, PAGE) : limit;
    while (next === undefined || next >= 0) {
      const page = await this.#stream(stream, next === undefined ? undefined : BigInt(next), isBackward, count);
      for (const { stored, hasPosition } of page.events) {
        if (!hasPosition) {
          this.#hasPositions = false;
          return undefined;
        }
        if (fits(stored, query)) found.push(stored);
        if (found.length === limit) break;
      }
      const last = page.events.at(-1)?.stored;
      if (last === undefined || !page.isFull || found.length === limit) break;
      next = last.revision + (isBackward ? -1 : 1);
    }
    const last = found.at(-1);
    if (last !== undefined) this.remember(stream, last.position, last.revision);
    return found;
  }

  async #readAll(query: ReadQuery): Promise<StoredEvent[]> {
    const { isBackward = false, limit } = query;
    const filter = serverFilter(query);
    const found: StoredEvent[] = [];
    const size = isSelective(query) ? Math.max(limit, PAGE) : limit;
    for (let after = query.after; ; ) {
      if (after === START && isBackward) break;
      const from = after === undefined || after === START ? undefined : BigInt(after);
      // Forward, the server begins with the event at the position itself.
      const count = from === undefined ? size : size + 1;
      const page = await this.#all({ from, isBackward, count, filter });
      for (const { stored } of page.events) {
        const isBeyond = after === undefined || comparePositions(stored.position, after) * (isBackward ? -1 : 1) > 0;
        if (isBeyond && fits(stored, query)) found.push(stored);
        if (found.length === limit) break;
      }
      const last = page.events.at(-1)?.stored.position;
      if (found.length === limit || last === undefined || !page.isFull) break;
      after = last;
    }
    const last = found.at(-1);
    if (last !== undefined && query.stream !== undefined) this.remember(query.stream, last.position, last.revision);
    return found;
  }

  #all(query: AllQuery): Promise<Page> {
    return this.#readAhead.page(this.#pageOfAll(query));
  }

  #pageOfAll(query: AllQuery): PageRead {
    const { from, isBackward, count, filter } = query;
    const { callMs, searchMs } = this.#connection.timeouts;
    const first = from === undefined ? 0 : 1;
    const read = (events: number): Promise<Page> =>
      this.#connection.call(
        'a read of the tape failed',
        (client, heard) => collect(client.readFiltered({ ...query, count: events }), events, heard),
        filter === 'no-system-streams' ? callMs : searchMs,
      );
    return {
      key: JSON.stringify([from?.toString(), isBackward, count - first, filter]),
      size: count - first,
      read: () => read(count),
      readMany: async (events) => {
        const page = await read(events + first);
        return page.events.filter(({ stored }) => stored.position !== from?.toString());
      },
      next: (events) => {
        const last = events.at(-1)?.stored.position;
        return last === undefined ? undefined : this.#pageOfAll({ ...query, from: BigInt(last), count: count - first + 1 });
      },
    };
  }

  #stream(stream: string, from: bigint | undefined, isBackward: boolean, count: number): Promise<Page> {
    return this.#readAhead.page(this.#pageOfStream(stream, from, isBackward, count));
  }

  #pageOfStream(stream: string, from: bigint | undefined, isBackward: boolean, count: number): PageRead {
    const read = (events: number): Promise<Page> =>
      this.#connection.call(`a read of the stream "${stream}" failed`, (client, heard) =>
        collect(client.readRevisions({ stream, from, isBackward, count: events }), events, heard),
      );
    return {
      key: JSON.stringify([stream, from?.toString(), isBackward, count]),
      size: count,
      read: () => read(count),
      readMany: async (events) => (await read(events)).events,
      next: (events) => {
        const last = events.at(-1)?.stored.revision;
        const next = last === undefined ? -1 : last + (isBackward ? -1 : 1);
        return next < 0 ? undefined : this.#pageOfStream(stream, BigInt(next), isBackward, count);
      },
    };
  }
}

async function collect(answer: ReadStream<EventAnswer>, count: number, heard: () => void): Promise<Page> {
  const events: ReadBack[] = [];
  let received = 0;
  // It is emitted when it may have no other listener any more, and would end the process.
  answer.on('error', () => undefined);
  try {
    for await (const told of answer) {
      heard();
      received++;
      const event = fromWire(told);
      if (event !== undefined) events.push(event);
    }
  } catch (error) {
    if (!(error instanceof StreamNotFoundError)) throw error;
  }
  return { events, isFull: received >= count };
}

function serverFilter({ stream, categories, types }: ReadQuery): ServerFilter {
  if (stream !== undefined) return { on: 'stream', prefixes: [stream] };
  if (categories !== undefined) return { on: 'stream', prefixes: [...new Set(categories)] };
  if (types !== undefined) return { on: 'type', prefixes: types };
  return 'no-system-streams';
}

/** Does it ask for more than the server can look at? */
function isSelective({ stream, categories, types, idBeginning, correlationId, from, to }: ReadQuery): boolean {
  const filters = [stream, categories, types].filter((filter) => filter !== undefined).length;
  return filters > 1 || idBeginning !== undefined || correlationId !== undefined || from !== undefined || to !== undefined;
}

function fits({ id, stream, type, metadata }: StoredEvent, query: ReadQuery): boolean {
  return (
    (query.stream === undefined || stream === query.stream) &&
    (query.categories === undefined || query.categories.includes(categoryOf(stream))) &&
    (query.types === undefined || query.types.includes(type)) &&
    (query.idBeginning === undefined || id.startsWith(query.idBeginning)) &&
    (query.correlationId === undefined || metadata.correlationId === query.correlationId) &&
    (query.from === undefined || metadata.occurredAt >= query.from) &&
    (query.to === undefined || metadata.occurredAt < query.to)
  );
}

/** Throws RangeError for what is none of a tape's. */
export function assertPosition(position: string): void {
  if (!/^\d{1,19}$/.test(position)) throw new RangeError(`"${position}" is not a position of this tape`);
}
