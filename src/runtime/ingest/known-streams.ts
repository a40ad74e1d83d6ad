/** What the recorder knows of the streams that it writes to: just enough to tell a recorded fact from a new one. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore, ExpectedRevision } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { canonicalHash } from '../../tape/canonical-json.ts';

/** Streams that are remembered: a feed writes to three. */
const MAX_STREAMS = 1_000;
/** After that a stream is forgotten: on the next day a feed writes to others, and a day has a hundred thousand facts. */
const FORGET_AFTER_MS = 60_000;

export interface KnownStream {
  readonly stream: string;
  revision: ExpectedRevision;
  /** What comes after it is read where the stream is read on. */
  position: string | undefined;
  usedAt: number;
  /** By event id, a hash of what makes it the same fact. */
  readonly facts: Map<string, string>;
}

export class KnownStreams {
  readonly #store: Pick<EventStore, 'read'>;
  readonly #time: Time;
  /** In the order of their last use. */
  readonly #streams = new Map<string, KnownStream>();

  constructor(store: Pick<EventStore, 'read'>, time: Time) {
    this.#store = store;
    this.#time = time;
  }

  /** Reads the stream where it is not known. */
  async of(stream: string): Promise<KnownStream> {
    const usedAt = this.#time.monotonic();
    const before = this.#streams.get(stream);
    if (before === undefined) this.#forgetUnused(usedAt);
    const known = before ?? { stream, revision: 'no-stream', position: undefined, usedAt, facts: new Map() };
    if (before === undefined) await this.readOn(known);
    known.usedAt = usedAt;
    this.#streams.delete(stream);
    this.#streams.set(stream, known);
    return known;
  }

  /** Reads what has come since. Where that fails, the stream is not known any more. */
  async readOn(known: KnownStream): Promise<void> {
    this.#streams.delete(known.stream);
    for await (const event of eventsOf(this.#store, { stream: known.stream, after: known.position })) {
      known.facts.set(event.id, factHash(event));
      known.revision = event.revision;
      known.position = event.position;
    }
    this.#streams.set(known.stream, known);
  }

  forget({ stream }: KnownStream): void {
    this.#streams.delete(stream);
  }

  #forgetUnused(now: number): void {
    for (const [stream, { usedAt }] of this.#streams) {
      if (this.#streams.size < MAX_STREAMS && now - usedAt < FORGET_AFTER_MS) return;
      this.#streams.delete(stream);
    }
  }
}

export function factHash({ type, data, metadata }: TapeEvent): string {
  return canonicalHash({ type, data, causationId: metadata.causationId });
}
