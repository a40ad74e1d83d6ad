/** Takes a source of evidence onto the tape in step: each piece with everything that is decided upon it. */

import type { EvidenceDraft } from '../domain/market/evidence.ts';
import type { EvidenceOrigin } from '../tape/envelope.ts';
import { type EngineRunner, MAX_STEPS, type StepOutcome } from './engine-runner.ts';

export interface IngestProgress extends StepOutcome {
  /** Time of the last piece of evidence, ISO 8601. */
  readonly upTo: string | null;
}

/**
 * Takes all of `source`, MAX_STEPS pieces a commit, until its end or until `signal` aborts between two commits.
 * `onProgress` is called after each commit with the sums so far, which are also returned.
 */
export async function ingest(
  runner: EngineRunner,
  source: AsyncIterable<readonly EvidenceDraft[]>,
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  options: {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((progress: IngestProgress) => void) | undefined;
  } = {},
): Promise<IngestProgress> {
  let sum: IngestProgress = { recorded: 0, already: 0, differing: 0, firstDifference: null, decisions: 0, upTo: null };
  let waiting: EvidenceDraft[] = [];
  const commit = async (drafts: readonly EvidenceDraft[]): Promise<void> => {
    const step = await runner.inStep(drafts, origin);
    sum = {
      recorded: sum.recorded + step.recorded,
      already: sum.already + step.already,
      differing: sum.differing + step.differing,
      firstDifference: sum.firstDifference ?? step.firstDifference,
      decisions: sum.decisions + step.decisions,
      upTo: drafts.at(-1)?.occurredAt ?? sum.upTo,
    };
    options.onProgress?.(sum);
  };
  for await (const drafts of source) {
    waiting.push(...drafts);
    while (waiting.length >= MAX_STEPS && !options.signal?.aborted) {
      await commit(waiting.slice(0, MAX_STEPS));
      waiting = waiting.slice(MAX_STEPS);
    }
    if (options.signal?.aborted) return sum;
  }
  if (waiting.length > 0) await commit(waiting);
  return sum;
}
