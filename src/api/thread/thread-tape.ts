/** The tape of a thread that has a connection of its own to read by, and another thread to append for it. */

import type { EventStore, EventStoreTraits, TapeReader } from '../../ports/event-store.ts';
import { ForwardingTapeReader } from '../../ports/forwarding.ts';

export class ThreadTape extends ForwardingTapeReader implements EventStore {
  override readonly traits: EventStoreTraits;
  /** Appends wait in the other thread. */
  readonly maxWaiting = null;
  readonly append: EventStore['append'];

  constructor(tape: TapeReader, append: EventStore['append']) {
    super(tape);
    this.traits = { ...tape.traits, hasLock: false };
    this.append = append;
  }

  openPipeline(): null {
    return null;
  }
}
