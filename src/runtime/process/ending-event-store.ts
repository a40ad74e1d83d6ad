/**
 * A tape for work that may be long and is to end with the process: between any two of its calls of the tape it is asked
 * whether that is due. What is recorded by then is what a kill at that point would leave, and the next start goes on there.
 */

import type { Appended, EventStore, ReadQuery, TapeSection } from '../../ports/event-store.ts';
import { ForwardingEventStore } from '../../ports/forwarding.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import { EndingError } from './supervisor.ts';

/** A store that reads and appends nothing more once `ending` aborts: calls are refused with EndingError. */
export class EndingEventStore extends ForwardingEventStore {
  readonly #ending: AbortSignal;

  constructor(store: EventStore, ending: AbortSignal) {
    super(store);
    this.#ending = ending;
  }

  override async append(...args: Parameters<EventStore['append']>): Promise<Appended> {
    this.#assertGoing();
    return super.append(...args);
  }

  override async read(query: ReadQuery): Promise<RecordedEvent[]> {
    this.#assertGoing();
    return super.read(query);
  }

  override exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return super.exclusively((section) => {
      // Under the lock, which may have been waited for.
      this.#assertGoing();
      return work(section);
    });
  }

  #assertGoing(): void {
    if (this.#ending.aborted) throw new EndingError('the process is to end');
  }
}
