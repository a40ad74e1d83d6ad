/** The settings in force, for requests that name an account or an instrument: read on from where it left off each time. */

import { evolveSettings, noSettings, type SettingsInForce } from '../domain/settings/in-force.ts';
import { SETTINGS_STREAM } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventPagesOf, eventsOf } from '../ports/pages.ts';
import { START } from '../tape/envelope.ts';

export class SettingsReader {
  readonly #events: EventStore;
  readonly #settings: SettingsInForce = noSettings();
  #after = START;
  /** One reading at a time, so that no event is taken in twice. */
  #reading: Promise<void> = Promise.resolve();
  /** The one that begins next: all who come before it does share it, so that nobody waits for more than two. */
  #next: Promise<void> | undefined;

  constructor(events: EventStore) {
    this.#events = events;
  }

  /** The settings in force on the tape now. The caller does not change them. */
  async inForce(): Promise<SettingsInForce> {
    this.#next ??= this.#readNext();
    await this.#next;
    return this.#settings;
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
    // A page at once, because callers that hold the settings see them change.
    for await (const page of eventPagesOf(this.#events, { stream: SETTINGS_STREAM, after: this.#after })) {
      for (const event of page) {
        evolveSettings(this.#settings, event);
        this.#after = event.position;
      }
    }
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
