/**
 * What is appended to a database from now on, as a tape of its own: the contract's tests each begin with an empty one,
 * and a server keeps what others have left.
 */

import { EVENT_TYPES, type TapeEvent } from '../../../src/domain/catalogue.ts';
import type {
  Appended,
  EventStore,
  ExpectedRevision,
  ReadQuery,
  SubscribeOptions,
  Subscription,
} from '../../../src/ports/event-store.ts';
import { ForwardingEventStore } from '../../../src/ports/forwarding.ts';
import { eventsOf } from '../../../src/ports/pages.ts';
import { comparePositions, type RecordedEvent, START } from '../../../src/tape/envelope.ts';

/** Past the end of any tape. */
const FAR = '8999999999999999999';
const KNOWN_TYPES = EVENT_TYPES.map(({ type }) => type);

/** `run` is in no name of a stream yet. */
export async function tapeSince(store: EventStore, run: string): Promise<EventStore> {
  return new TapeSince(store, run, await store.head());
}

class TapeSince extends ForwardingEventStore {
  readonly #run: string;
  readonly #begin: string;

  constructor(store: EventStore, run: string, begin: string) {
    super(store);
    this.#run = run;
    this.#begin = begin;
  }

  override append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    const own = events.map((event) => (event.stream === stream ? { ...event, stream: this.#inside(stream) } : event));
    return this.inner.append(this.#inside(stream), expected, own);
  }

  override async read(query: ReadQuery): Promise<RecordedEvent[]> {
    const { after, stream, isBackward } = query;
    const own = stream === undefined ? query : { ...query, stream: this.#inside(stream) };
    if (isBackward) return after === START ? [] : this.#backward(own);
    const events = await this.inner.read({ ...own, after: after === undefined ? this.#begin : this.#within(after) });
    return events.map((event) => this.#outside(event));
  }

  /** In small pages, so as not to come far into what others have left, such as an event of no known type. */
  async #backward({ types = KNOWN_TYPES, limit, after, ...query }: ReadQuery): Promise<RecordedEvent[]> {
    const found: RecordedEvent[] = [];
    for (let before = after === undefined ? undefined : this.#within(after); ; ) {
      const page = await this.inner.read({ ...query, types, after: before, limit: Math.min(limit - found.length, 20) });
      const own = page.filter(({ position }) => comparePositions(position, this.#begin) > 0);
      found.push(...own.map((event) => this.#outside(event)));
      if (page.length === 0 || own.length < page.length || found.length === limit) return found;
      before = page.at(-1)?.position;
    }
  }

  override async byId(id: string): Promise<RecordedEvent | undefined> {
    for await (const event of eventsOf(this, {})) if (event.id === id) return event;
    return undefined;
  }

  override async at(stream: string, revision: number): Promise<RecordedEvent | undefined> {
    const event = await this.inner.at(this.#inside(stream), revision);
    return event && this.#outside(event);
  }

  override async head(): Promise<string> {
    return this.#told(await this.inner.head());
  }

  override subscribe(options: SubscribeOptions): Subscription {
    return this.inner.subscribe({
      ...options,
      after: this.#within(options.after),
      onEvents: (events, position) =>
        options.onEvents(
          events.map((event) => this.#outside(event)),
          this.#told(position),
        ),
      onCaughtUp: (position) => options.onCaughtUp?.(this.#told(position)),
    });
  }

  /** What is before the beginning is of another tape. */
  #within(position: string): string {
    if (position === START) return this.#begin;
    return /^\d+$/.test(position) && comparePositions(position, this.#begin) < 0 ? FAR : position;
  }

  #told(position: string): string {
    return comparePositions(position, this.#begin) <= 0 ? START : position;
  }

  /** In the same category. */
  #inside(stream: string): string {
    return stream.includes('-') ? stream.replace('-', `-${this.#run}.`) : `${stream}-${this.#run}`;
  }

  #outside(event: RecordedEvent): RecordedEvent {
    const stream = event.stream.replace(`-${this.#run}.`, '-').replace(new RegExp(`-${this.#run}$`), '');
    return { ...event, stream };
  }
}
