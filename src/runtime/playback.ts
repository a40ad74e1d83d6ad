/**
 * Plays a recorded session as if it were live: each piece of evidence comes when its own time has come, by a clock
 * that only runs forward. What is on the tape already comes at once, so that a session that was cut off goes on where
 * it stopped; so does history, which nobody saw grow.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { EvidenceDraft } from '../domain/market/evidence.ts';
import { epochMs } from '../domain/time.ts';
import type { EventStore } from '../ports.ts';
import { evidenceId } from '../tape/envelope.ts';

/** Longest wait in one piece: timers take no more than 24 days, and a laptop may sleep. */
const LONGEST_WAIT_MS = 60_000;

export interface PlaybackOptions {
  /** A multiple of real time, above zero. */
  readonly speed: number;
  readonly store: EventStore;
  /** Ends a wait. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds of a clock that never runs back; the tests' own. */
  readonly monotonic?: () => number;
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
}

export class Playback {
  private readonly speed: number;
  private readonly store: EventStore;
  private readonly signal: AbortSignal | undefined;
  private readonly monotonic: () => number;
  private readonly wait: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  private isHistory = false;
  /** Where playing began: an evidence's own time, epoch ms, and ours. */
  private begin: { readonly time: number; readonly at: number } | null = null;

  constructor(options: PlaybackOptions) {
    this.speed = options.speed;
    this.store = options.store;
    this.signal = options.signal;
    this.monotonic = options.monotonic ?? (() => performance.now());
    this.wait = options.wait ?? waitOrAbort;
  }

  /** Has its time come? The first piece that is not on the tape yet begins the session. */
  async isDue(draft: EvidenceDraft): Promise<boolean> {
    this.isHistory ||= isSourceMade(draft);
    if (this.isHistory) return true;
    if (this.begin === null) {
      if ((await this.store.byId(evidenceId(draft.type, draft.key))) !== undefined) return true;
      this.begin = { time: epochMs(draft.occurredAt), at: this.monotonic() };
    }
    return this.msUntil(draft) <= 0;
  }

  /** Resolves when its time has come, or the signal aborts. */
  async until(draft: EvidenceDraft): Promise<void> {
    for (let ms = this.msUntil(draft); ms > 0 && !this.signal?.aborted; ms = this.msUntil(draft)) {
      await this.wait(Math.min(ms, LONGEST_WAIT_MS), this.signal);
    }
  }

  private msUntil(draft: EvidenceDraft): number {
    if (this.begin === null) return 0;
    return this.begin.at + (epochMs(draft.occurredAt) - this.begin.time) / this.speed - this.monotonic();
  }
}

/** A candle that its source made, long ago: bars that are made of trades name these. */
function isSourceMade(draft: EvidenceDraft): boolean {
  return draft.type === 'BarClosed' && draft.data.firstTradeId === null;
}

async function waitOrAbort(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error) => {
    if (!signal?.aborted) throw error;
  });
}
