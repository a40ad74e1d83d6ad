/**
 * Appends of evidence that are on their way together. An append of one event that is refused was made by another recorder
 * of the same feed, and what follows it may land. Of several events, only some may be there: what follows such an append
 * in another stream waits for its answer, so that no piece is seen without those before it.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { AppendPipeline, EventStore, ExpectedRevision } from '../../ports/event-store.ts';
import { factHash, type KnownStream } from './known-streams.ts';

/** Appends without an answer. */
const MAX_IN_FLIGHT = 64;

/** An append, and what was known of its stream before. */
export interface SentAppend {
  readonly known: KnownStream;
  readonly events: readonly TapeEvent[];
  readonly revision: ExpectedRevision;
  readonly position: string | undefined;
  /** Null once it is there; undefined while it has no answer. */
  failure: { readonly error: unknown } | null | undefined;
}

export class PipelinedAppends {
  readonly #store: EventStore;
  #pipeline: AppendPipeline | null = null;
  /** In their order, since `settled` was called last. */
  #sent: SentAppend[] = [];
  readonly #inFlight = new Map<SentAppend, Promise<void>>();
  #hasFailed = false;
  /** The first append of the pipeline is there. */
  #isWarm = false;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /**
   * Sends the events behind what was sent before, once there is room, and has `known` count them as there. False where an
   * append has failed: they are not sent.
   */
  async send(known: KnownStream, events: readonly TapeEvent[]): Promise<boolean> {
    while (!this.#hasFailed && !this.#hasRoomFor(known)) await this.#inFlight.values().next().value;
    if (this.#hasFailed) return false;
    this.#pipeline ??= this.#store.openPipeline();
    const { revision, position } = known;
    const append: SentAppend = { known, events, revision, position, failure: undefined };
    const answer = this.#store.append(known.stream, revision, events, this.#pipeline ?? undefined).then(
      (appended) => {
        append.failure = null;
        known.position = appended.position;
        this.#isWarm = true;
      },
      (error: unknown) => {
        append.failure = { error };
        this.#hasFailed = true;
      },
    );
    this.#sent.push(append);
    this.#inFlight.set(
      append,
      answer.then(() => {
        this.#inFlight.delete(append);
      }),
    );
    known.revision = (revision === 'no-stream' ? -1 : revision) + events.length;
    for (const event of events) known.facts.set(event.id, factHash(event));
    return true;
  }

  /**
   * What was sent, once all of it is answered. Where some failed, their streams are known as they were before the first of
   * those was sent, and a new pipeline begins with the next append.
   */
  async settled(): Promise<readonly SentAppend[]> {
    await Promise.all(this.#inFlight.values());
    const sent = this.#sent;
    this.#sent = [];
    if (this.#hasFailed) {
      for (const append of sent.toReversed()) if (append.failure !== null) takeBack(append);
      [this.#pipeline, this.#isWarm, this.#hasFailed] = [null, false, false];
    }
    return sent;
  }

  #hasRoomFor({ stream }: KnownStream): boolean {
    if (this.#inFlight.size === 0) return true;
    if (!this.#isWarm || this.#inFlight.size >= MAX_IN_FLIGHT) return false;
    for (const { known, events } of this.#inFlight.keys()) if (events.length > 1 && known.stream !== stream) return false;
    return true;
  }
}

function takeBack({ known, events, revision, position }: SentAppend): void {
  [known.revision, known.position] = [revision, position];
  for (const { id } of events) known.facts.delete(id);
}
