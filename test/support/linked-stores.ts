/** Stores as one of several instances has them: over a link that can be cut, or frozen with the instance. */

import { type BackendName, StoreUnavailableError } from '../../src/ports/errors.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { Leases } from '../../src/ports/leases.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { alteredEvents, alteredReads } from './altered-stores.ts';

export class Link {
  /** Engines that are away: their calls fail. */
  readonly away = new Set<BackendName>();
  /** Appends that were sent. */
  appends = 0;
  #frozen: Promise<void> | null = null;
  #thawed: () => void = () => {};

  /** From now on no call goes out and nothing that is pushed comes in, until `thaw`: as if the process were stopped. */
  freeze(): void {
    this.#frozen = new Promise((resolve) => {
      this.#thawed = resolve;
    });
  }

  thaw(): void {
    this.#frozen = null;
    this.#thawed();
  }

  events(store: EventStore): EventStore {
    const over = this.#over('event store');
    return alteredEvents(store, {
      append: (...args) =>
        over(() => {
          this.appends++;
          return store.append(...args);
        }),
      read: (query) => over(() => store.read(query)),
      byId: (id) => over(() => store.byId(id)),
      at: (stream, revision) => over(() => store.at(stream, revision)),
      head: () => over(() => store.head()),
      subscribe: ({ onEvents, ...options }) =>
        store.subscribe({
          ...options,
          onEvents: async (...args) => {
            await this.#frozen;
            await onEvents(...args);
          },
        }),
    });
  }

  reads(store: ReadStore): ReadStore {
    const over = this.#over('read store');
    return alteredReads(store, {
      prepare: (collections) => over(() => store.prepare(collections)),
      load: (...args) => over(() => store.load(...args)),
      loadText: (...args) => over(() => store.loadText(...args)),
      commit: (...args) => over(() => store.commit(...args)),
      checkpoint: (projection) => over(() => store.checkpoint(projection)),
      find: (query) => over(() => store.find(query)),
      findTexts: (query) => over(() => store.findTexts(query)),
      drop: (...args) => over(() => store.drop(...args)),
    });
  }

  leases(leases: Leases): Leases {
    const over = this.#over('read store');
    return {
      read: () => over(() => leases.read()),
      compareAndSet: (...args) => over(() => leases.compareAndSet(...args)),
      close: () => leases.close(),
    };
  }

  #over(engine: BackendName): <T>(call: () => Promise<T>) => Promise<T> {
    return async (call) => {
      await this.#frozen;
      if (this.away.has(engine)) throw new StoreUnavailableError(engine, `the ${engine} does not answer`);
      return call();
    };
  }
}
