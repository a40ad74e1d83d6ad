/**
 * Plays recorded sessions as if they were live: each piece of evidence comes when its own time has come, by a clock that
 * only runs forward. All feeds of a run have one pace. Evidence that is on the tape already comes at once, so that a
 * session that was cut off goes on where it stopped. So does history, which nobody saw grow: it waits for the sessions
 * before it, and never for its own time. Nobody waits through the time between two sessions.
 */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Time } from '../../ports/clock.ts';
import { pause } from '../../waiting.ts';
import type { StartedFeed } from './feed-start.ts';

/** Longest wait in one piece: timers take no more than 24 days, and a laptop may sleep. */
const LONGEST_WAIT_MS = 60_000;

/** What counts of a feed when it is played. */
type PlayedFeed = Pick<StartedFeed, 'isHistory' | 'recorded'>;

export interface PacingOptions {
  /** A multiple of real time, above zero. */
  readonly speed: number;
  /** Ends a wait. */
  readonly signal?: AbortSignal | undefined;
  readonly time: Time;
}

export class Pacing {
  readonly #speed: number;
  readonly #signal: AbortSignal | undefined;
  readonly #time: Time;
  /** Where playing began: a time of the run, epoch ms, and ours. */
  #begin: { readonly time: number; readonly at: number } | null = null;
  /** The sessions that have begun since, and not come to their ends. */
  readonly #playing = new Set<PlayedFeed>();

  constructor(options: PacingOptions) {
    this.#speed = options.speed;
    this.#signal = options.signal;
    this.#time = options.time;
  }

  /** Has the time of the feed's next piece come, in epoch ms? The first that is not on the tape yet begins the sessions. */
  async isDue(feed: PlayedFeed, draft: EvidenceDraft, time: number): Promise<boolean> {
    if (feed.isHistory) return true;
    if (this.#begin === null) {
      if (await feed.recorded.has(draft)) return true;
      feed.recorded.clear();
      this.#begin = { time, at: this.#time.monotonic() };
    }
    this.#playing.add(feed);
    return this.#msUntil(time) <= 0;
  }

  /** Resolves when that time has come, or the signal aborts. */
  async until(time: number): Promise<void> {
    for (let ms = this.#msUntil(time); ms > 0 && !this.#signal?.aborted; ms = this.#msUntil(time)) {
      await pause(this.#time, Math.min(ms, LONGEST_WAIT_MS), this.#signal);
    }
  }

  /** The feed has come to its end. Where no other session is playing, the next one begins when it comes. */
  end(feed: PlayedFeed): void {
    if (this.#playing.delete(feed) && this.#playing.size === 0) this.#begin = null;
  }

  #msUntil(time: number): number {
    if (this.#begin === null) return 0;
    return this.#begin.at + (time - this.#begin.time) / this.#speed - this.#time.monotonic();
  }
}
