/** The settings in force, for requests that name an account or an instrument: read on from where it left off each time. */

import { evolveSettings, noSettings, type SettingsInForce } from '../domain/settings/in-force.ts';
import { SETTINGS_STREAM } from '../domain/streams.ts';
import type { Time } from '../ports/clock.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventPagesOf, eventsOf } from '../ports/pages.ts';
import { START } from '../tape/envelope.ts';

/** How long ago the settings may have been read that `recent` gives. */
const RECENT_MS = 50;

export class SettingsReader {
  readonly #events: EventStore;
  readonly #time: Pick<Time, 'monotonic'>;
  readonly #settings: SettingsInForce = noSettings();
  #after = START;
  /** One reading at a time, so that no event is taken in twice. */
  #reading: Promise<void> = Promise.resolve();
  /** The one that begins next: all who come before it does share it, so that nobody waits for more than two. */
  #next: Promise<void> | undefined;
  /** When the last reading that was whole began. */
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(events: EventStore, time: Pick<Time, 'monotonic'>) {
    this.#events = events;
    this.#time = time;
  }

  /** The settings in force on the tape now. The caller does not change them. */
  async inForce(): Promise<SettingsInForce> {
    this.#next ??= this.#readNext();
    await this.#next;
    return this.#settings;
  }

  /**
   * The settings as they were on the tape at most RECENT_MS ago, without a look at it each time: for callers to whom a
   * change that came in between makes no difference in the end. The caller does not change them.
   */
  async recent(): Promise<SettingsInForce> {
    return this.#time.monotonic() - this.#readAt <= RECENT_MS ? this.#settings : this.inForce();
  }

  #readNext(): Promise<void> {
    const begin = (): Promise<void> => {
      this.#next = undefined;
      return this.#readOn();
    };
    this.#reading = this.#reading.then(begin, begin);
    return this.#reading;
  }

  async #readOn(): Promise<void> {
    const began = this.#time.monotonic();
    // A page at once, because callers that hold the settings see them change.
    for await (const page of eventPagesOf(this.#events, { stream: SETTINGS_STREAM, after: this.#after })) {
      for (const event of page) {
        evolveSettings(this.#settings, event);
        this.#after = event.position;
      }
    }
    this.#readAt = began;
  }
}

/** The settings in force on the tape, and the revision of their stream. */
export async function readSettings(store: EventStore): Promise<{ settings: SettingsInForce; revision: number | 'no-stream' }> {
  const settings = noSettings();
  let revision: number | 'no-stream' = 'no-stream';
  for await (const event of eventsOf(store, { stream: SETTINGS_STREAM })) {
    evolveSettings(settings, event);
    revision = event.revision;
  }
  return { settings, revision };
}
