/** The end of a run: what it has recorded is decided, and in the read models that this process makes. */

import { EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { comparePositions, isDecision, laterPosition, START } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';
import type { EngineRunner } from '../engine/engine-runner.ts';

/** How often it is looked whether the engine is there, and a read model asked again that has begun anew. */
const LOOK_MS = 50;
/** How often it is told how far they are. */
const TELL_MS = 500;
/** Events read at once to find evidence among the engine's own. */
const PAGE = 100;

/** A read model that this process makes. */
interface Reading {
  /** True once everything up to `position` is in it, false when that takes longer. */
  waitFor(position: string, timeoutMs: number): Promise<boolean>;
}

/** How far the engine and the read models are behind a run. */
export interface SettlingProgress {
  /** Pieces of evidence that are decided, and those that are not. */
  readonly decided: number;
  readonly undecided: number;
  /** The read model that is behind, once all is decided; null before. */
  readonly readModel: string | null;
}

export interface RunEnd {
  readonly time: Time;
  readonly events: Pick<EventStore, 'read' | 'head'>;
  /** Of this process; null where it has none, and nobody waits for one elsewhere. */
  readonly engine: Pick<EngineRunner, 'reached'> | null;
  /** How far the engine has come by the read store: another instance may decide. */
  readonly decidedUpTo: () => Promise<string>;
  /** By name; one that has begun anew is another. */
  readonly projections: ReadonlyMap<string, Reading>;
}

/**
 * Resolves when everything that is on the tape now is decided and read, or when `signal` aborts. `pieces` is how many
 * pieces of evidence the run has; `tell` hears now and then how far it is.
 */
export async function untilSettled(
  { time, events, engine, decidedUpTo, projections }: RunEnd,
  pieces: number,
  tell: (progress: SettlingProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  const last = engine === null ? START : await lastEvidence(events);
  for (let toldAt = Number.NEGATIVE_INFINITY; ; ) {
    const { position = START, taken = 0 } = engine?.reached ?? {};
    if (comparePositions(laterPosition(position, await decidedUpTo()), last) >= 0) break;
    if (time.monotonic() - toldAt >= TELL_MS) {
      toldAt = time.monotonic();
      tell({ decided: taken, undecided: Math.max(0, pieces - taken), readModel: null });
    }
    await pause(time, LOOK_MS, signal);
    if (signal.aborted) return;
  }
  const head = await events.head();
  for (const name of projections.keys()) {
    while (!(await projections.get(name)?.waitFor(head, TELL_MS))) {
      tell({ decided: pieces, undecided: 0, readModel: name });
      await pause(time, LOOK_MS, signal);
      if (signal.aborted) return;
    }
  }
}

/** Position of the last piece of evidence on the tape. */
async function lastEvidence(events: Pick<EventStore, 'read'>): Promise<string> {
  for (let before: string | undefined; ; ) {
    const page = await events.read({ after: before, categories: EVIDENCE_CATEGORIES, isBackward: true, limit: PAGE });
    const last = page.find((event) => !isDecision(event)) ?? page.at(-1);
    if (last === undefined) return START;
    if (!isDecision(last)) return last.position;
    before = last.position;
  }
}
