/** Stores some of whose members are replaced, for what a test wants to see or to go wrong. */

import { type EventStore, hasLock, type LockingEventStore } from '../../src/ports/event-store.ts';
import { ForwardingEventStore, ForwardingReadStore } from '../../src/ports/forwarding.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';

type Alterable = EventStore & Pick<LockingEventStore, 'exclusively'>;

export function alteredEvents(store: EventStore, members: Partial<Alterable>): EventStore {
  return Object.assign(new ForwardingEventStore(store), members);
}

/** The store as one across machines is: whoever asks for its lock is refused. */
export function withoutLock(store: EventStore): EventStore {
  return alteredEvents(store, {
    traits: { ...store.traits, hasLock: false },
    exclusively: () => Promise.reject(new Error('it has no lock')),
  });
}

export function alteredReads(store: ReadStore, members: Partial<ReadStore>): ReadStore {
  return Object.assign(new ForwardingReadStore(store), members);
}

/** A store that says it has a lock. */
export function locking(store: EventStore): LockingEventStore {
  if (!hasLock(store)) throw new Error('this event store has no lock');
  return store;
}
