/**
 * Tells which pieces of a feed are on the tape, asked in the order of the feed. The tape is read stream by stream, in
 * pages: one question for each piece, across a network, would take minutes for an hour of evidence.
 */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { evidenceId } from '../../tape/envelope.ts';

/** Ids read at once from a stream. */
const PAGE = 500;
/** Streams whose ids are remembered: a feed writes to three, and to others on the next day. */
const MAX_STREAMS = 8;

/** As much of a stream as was read. */
interface Recorded {
  readonly ids: Set<string>;
  after: string | undefined;
  isWhole: boolean;
}

export class RecordedPieces {
  readonly #store: Pick<EventStore, 'read'>;
  /** In the order in which they were met. */
  readonly #streams = new Map<string, Recorded>();

  constructor(store: Pick<EventStore, 'read'>) {
    this.#store = store;
  }

  /** The pieces of a stream are in it in the order in which they come, so its next page is read when they get there. */
  async has({ type, key, stream }: EvidenceDraft): Promise<boolean> {
    const recorded = this.#streams.get(stream) ?? this.#remember(stream);
    const id = evidenceId(type, key);
    while (!(recorded.isWhole || recorded.ids.has(id))) {
      const page = await this.#store.read({ stream, after: recorded.after, limit: PAGE });
      for (const event of page) recorded.ids.add(event.id);
      recorded.after = page.at(-1)?.position ?? recorded.after;
      recorded.isWhole = page.length < PAGE;
    }
    return recorded.ids.has(id);
  }

  /** Nothing more will be asked for now: what was read is let go. */
  clear(): void {
    this.#streams.clear();
  }

  #remember(stream: string): Recorded {
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined && this.#streams.size === MAX_STREAMS) this.#streams.delete(oldest);
    const recorded = { ids: new Set<string>(), after: undefined, isWhole: false };
    this.#streams.set(stream, recorded);
    return recorded;
  }
}
