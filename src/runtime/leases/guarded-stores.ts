/**
 * Stores that are written to only while a lease is held: it is asked at every write, so that a process that was frozen
 * stops at the next. Writes are safe without: this spares the work, and the refusals.
 */

import type { Appended, EventStore, TapeSection } from '../../ports/event-store.ts';
import { ForwardingEventStore, ForwardingReadStore } from '../../ports/forwarding.ts';
import type { DocumentWrite, ReadStore } from '../../ports/read-store.ts';

/** A store whose appends and sections are refused by what `assertHeld` throws. */
export class GuardedEventStore extends ForwardingEventStore {
  readonly #assertHeld: () => void;

  constructor(store: EventStore, assertHeld: () => void) {
    super(store);
    this.#assertHeld = assertHeld;
  }

  override async append(...args: Parameters<EventStore['append']>): Promise<Appended> {
    this.#assertHeld();
    return super.append(...args);
  }

  override exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return super.exclusively((section) => {
      // Under the lock, which may have been waited for.
      this.#assertHeld();
      return work(section);
    });
  }
}

/** A store whose commits are refused by what `assertHeld` throws. */
export class GuardedReadStore extends ForwardingReadStore {
  readonly #assertHeld: () => void;

  constructor(store: ReadStore, assertHeld: () => void) {
    super(store);
    this.#assertHeld = assertHeld;
  }

  override async commit(projection: string, writes: readonly DocumentWrite[], position: string): Promise<ReadonlySet<string>> {
    this.#assertHeld();
    return super.commit(projection, writes, position);
  }
}
