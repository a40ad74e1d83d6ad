/**
 * A tape that finds events by stream and type alone, together with the index of its events that is kept among the read
 * models: as such it answers by id, correlation and time too, without reading the whole tape. What the index does not
 * have yet is read from the tape, so its lag shows in the time that an answer takes, not in the answer.
 */

import type { EventStore, ReadQuery } from '../ports/event-store.ts';
import { ForwardingEventStore } from '../ports/forwarding.ts';
import { eventsOf } from '../ports/pages.ts';
import type { FieldValue, FindQuery, ReadStore } from '../ports/read-store.ts';
import { eventIndex, type IndexedEvent, placeOf } from '../projections/event-index.ts';
import { collectionOf, readBuilds } from '../runtime/projections/builds.ts';
import { comparePositions, laterPosition, type RecordedEvent, START } from '../tape/envelope.ts';

/** Events that are fetched side by side. */
const FETCH = 16;
/** After every key. */
const LAST_KEY = '\u{ffff}';

/** The index as far as it may be relied on. */
interface Known {
  readonly collection: string;
  /** Everything up to this position is in it. */
  readonly upTo: string;
}

/** `store` itself where it finds events without an index. */
export function withEventIndex(store: EventStore, reads: ReadStore): EventStore {
  return store.traits.hasOwnIndex ? store : new IndexedEventStore(store, reads);
}

class IndexedEventStore extends ForwardingEventStore {
  readonly #index: EventIndex;

  constructor(store: EventStore, reads: ReadStore) {
    super(store);
    this.#index = new EventIndex(store, reads);
  }

  override read(query: ReadQuery): Promise<RecordedEvent[]> {
    return isForIndex(query) ? this.#index.read(query) : super.read(query);
  }

  override byId(id: string): Promise<RecordedEvent | undefined> {
    return this.#index.byId(id);
  }
}

/** A stream is short, and a category the store finds by itself; a rare type it would search the whole tape for. */
function isForIndex({ stream, categories, types, idBeginning, correlationId, from, to }: ReadQuery): boolean {
  if (stream !== undefined) return false;
  // The index has one range at a time.
  if (idBeginning !== undefined) return from === undefined && to === undefined;
  if (correlationId !== undefined || from !== undefined || to !== undefined) return true;
  return types !== undefined && categories === undefined;
}

class EventIndex {
  readonly #store: EventStore;
  readonly #reads: ReadStore;

  constructor(store: EventStore, reads: ReadStore) {
    this.#store = store;
    this.#reads = reads;
  }

  async byId(id: string): Promise<RecordedEvent | undefined> {
    const known = await this.#known();
    if (known === undefined) return this.#store.byId(id);
    const [found] = await this.#find(known, { equal: { id }, after: undefined, isBackward: false, limit: 1 });
    if (found !== undefined) return found;
    for await (const event of this.#newer({}, known.upTo)) if (event.id === id) return event;
    return undefined;
  }

  async read(query: ReadQuery): Promise<RecordedEvent[]> {
    const known = await this.#known();
    // The store itself refuses a query that is none.
    if (known === undefined || query.limit <= 0 || query.categories?.length === 0 || query.types?.length === 0) {
      return this.#store.read(query);
    }
    return query.isBackward ? this.#backward(query, known) : this.#forward(query, known);
  }

  async #forward(query: ReadQuery, known: Known): Promise<RecordedEvent[]> {
    const { after = START, limit } = query;
    const found = comparePositions(after, known.upTo) < 0 ? await this.#find(known, searchOf(query, limit)) : [];
    if (found.length === limit) return found;
    for await (const event of this.#newer(query, laterPosition(after, known.upTo))) {
      found.push(event);
      if (found.length === limit) break;
    }
    return found;
  }

  async #backward(query: ReadQuery, known: Known): Promise<RecordedEvent[]> {
    const { after: before, limit } = query;
    const found: RecordedEvent[] = [];
    for await (const event of this.#newer(query, known.upTo)) {
      if (before !== undefined && comparePositions(event.position, before) >= 0) break;
      found.push(event);
      if (found.length > limit) found.shift();
    }
    found.reverse();
    if (found.length < limit) found.push(...(await this.#find(known, searchOf(query, limit - found.length))));
    return found;
  }

  /** Where the index lies that serves, and how far it is; undefined when there is none. */
  async #known(): Promise<Known | undefined> {
    const builds = (await readBuilds(this.#reads, [eventIndex.name])).get(eventIndex.name);
    if (builds === undefined) return undefined;
    const collection = collectionOf(eventIndex, builds.serving);
    const upTo = await this.#reads.checkpoint(collection);
    return upTo === START ? undefined : { collection, upTo };
  }

  async #find({ collection, upTo }: Known, { isBackward, after, ...search }: Search): Promise<RecordedEvent[]> {
    // Documents are written before the checkpoint: what lies beyond it may not be all there.
    const last = placeOf(upTo);
    const first = isBackward && (after === undefined || comparePositions(after, upTo) > 0) ? last : after && placeOf(after);
    // Forward beyond the position, backward before it, or from the end of what is all there.
    const key = isBackward ? (first === last && after !== upTo ? LAST_KEY : '') : LAST_KEY;
    const found = await this.#reads.find({
      collection,
      ...search,
      sort: { field: 'place', isDescending: isBackward },
      after: first === undefined ? undefined : { value: first, key },
    });
    const places = found.map(({ document }) => document as unknown as IndexedEvent).filter(({ place }) => place <= last);
    const events: RecordedEvent[] = [];
    for (let from = 0; from < places.length; from += FETCH) {
      events.push(...(await Promise.all(places.slice(from, from + FETCH).map((place) => this.#fetch(place)))));
    }
    return events;
  }

  async #fetch({ id, stream, revision }: IndexedEvent): Promise<RecordedEvent> {
    const event = await this.#store.at(stream, revision);
    if (event?.id === id) return event;
    throw new Error(
      `the index of events has ${id} at revision ${revision} of "${stream}", where the tape has ${event?.id ?? 'none'}`,
    );
  }

  /** Events after a position that fit the query, from the tape itself. */
  #newer(query: Omit<ReadQuery, 'limit'>, upTo: string): AsyncGenerator<RecordedEvent> {
    return eventsOf(this.#store, { ...query, isBackward: false, after: upTo });
  }
}

interface Search {
  readonly equal?: Record<string, FieldValue | readonly FieldValue[]>;
  readonly range?: FindQuery['range'];
  readonly after: string | undefined;
  readonly isBackward: boolean;
  readonly limit: number;
}

function searchOf(query: ReadQuery, limit: number): Search {
  const { categories, types, correlationId, after, isBackward = false } = query;
  return {
    equal: {
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(categories === undefined ? {} : { category: [...categories] }),
      ...(types === undefined ? {} : { type: [...types] }),
    },
    range: rangeOf(query),
    after,
    isBackward,
    limit,
  };
}

function rangeOf({ idBeginning, from, to }: ReadQuery): FindQuery['range'] {
  if (idBeginning !== undefined) return { field: 'id', from: idBeginning, to: `${idBeginning}${LAST_KEY}` };
  return from === undefined && to === undefined ? undefined : { field: 'occurredAt', from, to };
}
