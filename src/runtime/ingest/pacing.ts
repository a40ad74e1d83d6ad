/**
 * Plays a recorded session as if it were live: each piece of evidence comes when its own time has come, by a clock
 * that only runs forward. Evidence that is on the tape already comes at once, so that a session that was cut off goes on
 * where it stopped; so does history, which nobody saw grow. The tape is read stream by stream, in pages: one question for
 * each piece, across a network, would take minutes for an hour of evidence, in which nothing is played.
 */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { epochMs } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { evidenceId } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';

/** Longest wait in one piece: timers take no more than 24 days, and a laptop may sleep. */
const LONGEST_WAIT_MS = 60_000;

/** Ids read at once from a stream. */
const PAGE = 500;
/** Streams whose ids are remembered: a session writes to three, and to others on the next day. */
const MAX_STREAMS = 8;

/** As much of a stream as was read. */
interface Recorded {
  readonly ids: Set<string>;
  after: string | undefined;
  isWhole: boolean;
}

export interface PacingOptions {
  /** A multiple of real time, above zero. */
  readonly speed: number;
  readonly store: Pick<EventStore, 'read'>;
  /** Ends a wait. */
  readonly signal?: AbortSignal | undefined;
  readonly time: Time;
}

export class Pacing {
  readonly #speed: number;
  readonly #store: Pick<EventStore, 'read'>;
  readonly #signal: AbortSignal | undefined;
  readonly #time: Time;
  /** In the order in which they were met. */
  readonly #streams = new Map<string, Recorded>();
  #isHistory = false;
  /** Where playing began: an evidence's own time, epoch ms, and ours. */
  #begin: { readonly time: number; readonly at: number } | null = null;

  constructor(options: PacingOptions) {
    this.#speed = options.speed;
    this.#store = options.store;
    this.#signal = options.signal;
    this.#time = options.time;
  }

  /** Has its time come? The first piece that is not on the tape yet begins the session. */
  async isDue(draft: EvidenceDraft): Promise<boolean> {
    this.#isHistory ||= isSourceMade(draft);
    if (this.#isHistory) return true;
    if (this.#begin === null) {
      if (await this.#isRecorded(draft)) return true;
      this.#streams.clear();
      this.#begin = { time: epochMs(draft.occurredAt), at: this.#time.monotonic() };
    }
    return this.#msUntil(draft) <= 0;
  }

  /** Resolves when its time has come, or the signal aborts. */
  async until(draft: EvidenceDraft): Promise<void> {
    for (let ms = this.#msUntil(draft); ms > 0 && !this.#signal?.aborted; ms = this.#msUntil(draft)) {
      await pause(this.#time, Math.min(ms, LONGEST_WAIT_MS), this.#signal);
    }
  }

  /** The pieces of a stream are in it in the order in which they come, so its next page is read when they get there. */
  async #isRecorded({ type, key, stream }: EvidenceDraft): Promise<boolean> {
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

  #remember(stream: string): Recorded {
    const [oldest] = this.#streams.keys();
    if (oldest !== undefined && this.#streams.size === MAX_STREAMS) this.#streams.delete(oldest);
    const recorded = { ids: new Set<string>(), after: undefined, isWhole: false };
    this.#streams.set(stream, recorded);
    return recorded;
  }

  #msUntil(draft: EvidenceDraft): number {
    if (this.#begin === null) return 0;
    return this.#begin.at + (epochMs(draft.occurredAt) - this.#begin.time) / this.#speed - this.#time.monotonic();
  }
}

/** A candle that its source made, long ago: bars that are made of trades name these. */
function isSourceMade(draft: EvidenceDraft): boolean {
  return draft.type === 'BarClosed' && draft.data.firstTradeId === null;
}
