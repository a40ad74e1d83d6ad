/**
 * Stores that are written to only while a lease is held: it is asked at every write, so that a process that was frozen
 * stops at the next. Writes are safe without: this spares the work, and the refusals.
 */

import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';

/** `store`, with appends refused by what `assertHeld` throws. It has no lock of its own that others could hold. */
export function guardedEventStore(store: EventStore, assertHeld: () => void): EventStore {
  return {
    append: async (stream, expected, events) => {
      assertHeld();
      return store.append(stream, expected, events);
    },
    read: (query) => store.read(query),
    byId: (id) => store.byId(id),
    head: () => store.head(),
    subscribe: (options) => store.subscribe(options),
    close: () => store.close(),
  };
}

/** `store`, with commits refused by what `assertHeld` throws. */
export function guardedReadStore(store: ReadStore, assertHeld: () => void): ReadStore {
  return {
    prepare: (collections) => store.prepare(collections),
    load: (collection, keys) => store.load(collection, keys),
    loadText: (collection, key) => store.loadText(collection, key),
    commit: async (projection, writes, position) => {
      assertHeld();
      return store.commit(projection, writes, position);
    },
    checkpoint: (projection) => store.checkpoint(projection),
    find: (query) => store.find(query),
    findTexts: (query) => store.findTexts(query),
    drop: (projection, collections) => store.drop(projection, collections),
    close: () => store.close(),
  };
}
