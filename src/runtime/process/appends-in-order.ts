/**
 * Appends to several streams that are on their way together and land in their order: one round trip instead of one for
 * each. What is refused is there already, for streams of decisions have no other writer: what follows it may land. Of several
 * events, only some may be there: what follows such an append in another stream waits for its answer.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { AppendPipeline, EventStore, ExpectedRevision } from '../../ports/event-store.ts';

/** Appends without an answer. */
const MAX_IN_FLIGHT = 64;

export interface OneAppend {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly TapeEvent[];
}

/** Appends that keep their order: those by one pipeline, until the first of them has failed. */
interface Flight {
  readonly pipeline: AppendPipeline;
  /** Its first append is there. */
  isWarm: boolean;
  hasFailed: boolean;
  readonly inFlight: Set<Promise<void>>;
}

export class AppendsInOrder {
  readonly #store: EventStore;
  #flight: Flight | null = null;

  constructor(store: EventStore) {
    this.#store = store;
  }

  /**
   * Makes the appends, beside those of other calls, until one of any call has failed. Returns how many, from the first on,
   * are known to be there, once none of them is on its way: 0 where the store keeps none in flight.
   */
  async make(appends: readonly OneAppend[]): Promise<number> {
    const flight = this.#open();
    if (flight === null) return 0;
    const answers: Promise<boolean>[] = [];
    for (const [index, append] of appends.entries()) {
      // Asked right before it is sent: others wait for the same room.
      while (!flight.hasFailed && !hasRoom(flight)) await flight.inFlight.values().next().value;
      if (flight.hasFailed) break;
      answers.push(this.#send(append, flight));
      const next = appends[index + 1];
      if (append.events.length > 1 && next !== undefined && next.stream !== append.stream) await answers.at(-1);
    }
    const made = await Promise.all(answers);
    const failed = made.indexOf(false);
    return failed < 0 ? made.length : failed;
  }

  #open(): Flight | null {
    if (this.#flight !== null && !this.#flight.hasFailed) return this.#flight;
    const pipeline = this.#store.openPipeline();
    this.#flight = pipeline && { pipeline, isWarm: false, hasFailed: false, inFlight: new Set() };
    return this.#flight;
  }

  /** Tells whether it is known to be there. */
  #send({ stream, expected, events }: OneAppend, flight: Flight): Promise<boolean> {
    const made = this.#store.append(stream, expected, events, flight.pipeline).then(
      () => {
        flight.isWarm = true;
        return true;
      },
      () => {
        flight.hasFailed = true;
        return false;
      },
    );
    const landed = made.then(() => {
      flight.inFlight.delete(landed);
    });
    flight.inFlight.add(landed);
    return made;
  }
}

function hasRoom({ inFlight, isWarm }: Flight): boolean {
  return inFlight.size < (isWarm ? MAX_IN_FLIGHT : 1);
}
