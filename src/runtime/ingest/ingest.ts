/** Takes a source of evidence onto the tape piece by piece, in batches. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { EvidenceOrigin } from '../../tape/envelope.ts';
import { MAX_STEPS, type StepOutcome } from '../engine/in-step.ts';
import type { EvidenceSink } from './evidence-sink.ts';
import type { Pacing } from './pacing.ts';

export interface IngestProgress extends StepOutcome {
  /** Time of the last piece of evidence, ISO 8601. */
  readonly upTo: string | null;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Plays the session; absent, all of it is due at once. */
  readonly pacing?: Pacing | undefined;
  /** Called after each commit with the sums so far. */
  readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
}

/**
 * Takes all of `source`, up to MAX_STEPS pieces that are due a commit, until its end or until `signal` aborts between
 * two commits. Returns the sums.
 */
export async function ingest(
  sink: EvidenceSink,
  source: AsyncIterable<readonly EvidenceDraft[]>,
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  { signal, pacing, onProgress }: IngestOptions = {},
): Promise<IngestProgress> {
  let sum: IngestProgress = { recorded: 0, already: 0, differing: 0, firstDifference: null, decisions: 0, upTo: null };
  let waiting: EvidenceDraft[] = [];
  const commit = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const drafts = waiting;
    waiting = [];
    const step = await sink(drafts, origin);
    sum = {
      recorded: sum.recorded + step.recorded,
      already: sum.already + step.already,
      differing: sum.differing + step.differing,
      firstDifference: sum.firstDifference ?? step.firstDifference,
      decisions: sum.decisions + step.decisions,
      upTo: drafts.at(-1)?.occurredAt ?? sum.upTo,
    };
    onProgress?.(sum);
  };
  for await (const drafts of source) {
    for (const draft of drafts) {
      if (pacing !== undefined && !(await pacing.isDue(draft))) {
        await commit();
        await pacing.until(draft);
      }
      if (signal?.aborted) return sum;
      waiting.push(draft);
      if (waiting.length === MAX_STEPS) await commit();
    }
  }
  if (!signal?.aborted) await commit();
  return sum;
}
