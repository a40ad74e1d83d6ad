/** Takes the feeds of a run onto the tape piece by piece, merged by time, in batches. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { epochMs } from '../../domain/time.ts';
import type { EvidenceOrigin } from '../../tape/envelope.ts';
import { addSums, MAX_STEPS, NO_STEPS, type StepSums, sumOf } from '../engine/in-step.ts';
import { EndingError } from '../process/supervisor.ts';
import type { EvidenceSink } from './evidence-sink.ts';
import type { StartedFeed } from './feed-start.ts';
import { mergeByTime } from './merge.ts';
import type { Pacing } from './pacing.ts';

export interface IngestProgress extends StepSums {
  /** Time of the last piece of evidence, ISO 8601. */
  readonly upTo: string | null;
}

/** What one commit took of one feed. */
export interface FeedStep {
  readonly drafts: readonly EvidenceDraft[];
  readonly outcome: StepSums;
  /** The feed's sums so far. */
  readonly progress: IngestProgress;
}

export interface IngestOptions {
  readonly signal?: AbortSignal | undefined;
  /** Plays the sessions; absent, all of it is due at once. */
  readonly pacing?: Pacing | undefined;
  /** Called after each commit, for each feed of which it took something; feeds by their numbers. */
  readonly onStep?: ((feed: number, step: FeedStep) => void) | undefined;
  /** The feed came to its end, and all of it is on the tape. */
  readonly onEnd?: ((feed: number, progress: IngestProgress) => void) | undefined;
}

const NOTHING: IngestProgress = { ...NO_STEPS, upTo: null };

/**
 * Takes all of the feeds, up to MAX_STEPS pieces that are due a commit, until their end or until `signal` aborts between
 * two commits, or two calls of the tape in one. What is older than what the tape held of its feed is recorded no more. Returns the sums of each feed.
 */
export async function ingest(
  sink: EvidenceSink,
  feeds: readonly StartedFeed[],
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  { signal, pacing, onStep, onEnd }: IngestOptions = {},
): Promise<readonly IngestProgress[]> {
  const batch = new Batch(sink, feeds, origin, onStep);
  try {
    await takeAll(batch, feeds, { signal, pacing, onEnd });
  } catch (error) {
    if (!(error instanceof EndingError)) throw error;
  }
  return batch.sums;
}

async function takeAll(
  batch: Batch,
  feeds: readonly StartedFeed[],
  { signal, pacing, onEnd }: Omit<IngestOptions, 'onStep'>,
): Promise<void> {
  const evidence = feeds.map((feed) => feed.evidence);
  for await (const pieces of mergeByTime(evidence, ({ occurredAt }) => epochMs(occurredAt))) {
    for (const { feed: index, time, piece } of pieces) {
      const feed = feeds[index] as StartedFeed;
      if (piece !== null && pacing !== undefined && !(await pacing.isDue(feed, piece, time))) {
        await batch.commit();
        await pacing.until(time);
      }
      if (signal?.aborted) return;
      if (piece !== null) {
        await batch.add(index, piece, feed.heldUpTo !== null && time < feed.heldUpTo);
        continue;
      }
      await batch.commit();
      pacing?.end(feed);
      onEnd?.(index, batch.sums[index] as IngestProgress);
    }
  }
}

/** Pieces that wait for their commit, and the sums of those that were committed. */
class Batch {
  readonly sums: IngestProgress[];
  readonly #sink: EvidenceSink;
  readonly #origin: Omit<EvidenceOrigin, 'occurredAt'>;
  readonly #onStep: IngestOptions['onStep'];
  #drafts: EvidenceDraft[] = [];
  /** The number of each one's feed. */
  #feeds: number[] = [];
  #older = new Set<EvidenceDraft>();

  constructor(
    sink: EvidenceSink,
    feeds: readonly StartedFeed[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    onStep: IngestOptions['onStep'],
  ) {
    this.sums = feeds.map(() => NOTHING);
    this.#sink = sink;
    this.#origin = origin;
    this.#onStep = onStep;
  }

  async add(feed: number, draft: EvidenceDraft, isOlder: boolean): Promise<void> {
    this.#drafts.push(draft);
    this.#feeds.push(feed);
    if (isOlder) this.#older.add(draft);
    if (this.#drafts.length === MAX_STEPS) await this.commit();
  }

  async commit(): Promise<void> {
    if (this.#drafts.length === 0) return;
    const [drafts, feeds, older] = [this.#drafts, this.#feeds, this.#older];
    [this.#drafts, this.#feeds, this.#older] = [[], [], new Set()];
    const { pieces } = await this.#sink(drafts, this.#origin, older);
    for (const feed of new Set(feeds)) {
      const mine = drafts.filter((_, index) => feeds[index] === feed);
      const outcome = sumOf(pieces.filter((_, index) => feeds[index] === feed));
      const before = this.sums[feed] as IngestProgress;
      const progress = { ...addSums(before, outcome), upTo: mine.at(-1)?.occurredAt ?? before.upTo };
      this.sums[feed] = progress;
      this.#onStep?.(feed, { drafts: mine, outcome, progress });
    }
  }
}
