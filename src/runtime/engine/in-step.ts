/** Evidence that is put on the tape in step with the engine: each piece with its whole cascade. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { TapeSection } from '../../ports/event-store.ts';
import { type EvidenceOrigin, makeEvidence } from '../../tape/envelope.ts';
import { sameFact } from '../../tape/same-facts.ts';
import type { EngineReplica } from './engine-replica.ts';
import { runInSection } from './tape-program.ts';

/** Most pieces of evidence that one in-step commit takes. */
export const MAX_STEPS = 500;

/** What became of one piece of evidence. */
export interface PieceOutcome {
  /**
   * `already`: it is on the tape, equal in every field. `differing`: dropped, because the tape has the same fact with other
   * content. `older`: dropped, because it is not there and older than what the tape holds of its feed.
   */
  readonly fate: 'recorded' | 'already' | 'differing' | 'older';
  /** Which piece that was, in words, where it was dropped. */
  readonly dropped: string | null;
  /** The number of decisions made and recorded on it. */
  readonly decisions: number;
}

export interface StepSums {
  readonly recorded: number;
  readonly already: number;
  /** The first of those that differ, in words, and how many there are. */
  readonly differing: number;
  readonly firstDifference: string | null;
  /** The same of those that are older. */
  readonly older: number;
  readonly firstOlder: string | null;
  readonly decisions: number;
}

export interface StepOutcome extends StepSums {
  /** One for each piece, in order. */
  readonly pieces: readonly PieceOutcome[];
}

export const NO_STEPS: StepSums = {
  recorded: 0,
  already: 0,
  differing: 0,
  firstDifference: null,
  older: 0,
  firstOlder: null,
  decisions: 0,
};

export function sumOf(pieces: readonly PieceOutcome[]): StepSums {
  const sums = { ...NO_STEPS };
  for (const { fate, dropped, decisions } of pieces) {
    sums[fate]++;
    sums.decisions += decisions;
    if (fate === 'differing') sums.firstDifference ??= dropped;
    if (fate === 'older') sums.firstOlder ??= dropped;
  }
  return sums;
}

/** The sums of both; `a` comes first. */
export function addSums(a: StepSums, b: StepSums): StepSums {
  return {
    recorded: a.recorded + b.recorded,
    already: a.already + b.already,
    differing: a.differing + b.differing,
    firstDifference: a.firstDifference ?? b.firstDifference,
    older: a.older + b.older,
    firstOlder: a.firstOlder ?? b.firstOlder,
    decisions: a.decisions + b.decisions,
  };
}

/** Records `drafts` in order and decides on each, unless it is on the tape or among the `older`; `made` are the decisions. */
export function recordInStep(
  section: TapeSection,
  replica: EngineReplica,
  drafts: readonly EvidenceDraft[],
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  older: ReadonlySet<EvidenceDraft>,
): { readonly pieces: readonly PieceOutcome[]; readonly made: readonly TapeEvent[] } {
  const made: TapeEvent[] = [];
  // The events that others appended since are taken in first, to the end: nobody can append now.
  for (let hasMore = true; hasMore; ) {
    const page = runInSection(section, replica.catchUp());
    made.push(...page.made);
    hasMore = page.hasMore;
  }
  const pieces = drafts.map((draft): PieceOutcome => {
    const evidence = makeEvidence(draft.type, draft.stream, draft.key, draft.data, { ...origin, occurredAt: draft.occurredAt });
    const revision = section.revisionOf(draft.stream);
    const found = revision === 'no-stream' ? undefined : section.find(draft.stream, evidence.id);
    if (found !== undefined) {
      if (sameFact(found, evidence)) return { fate: 'already', dropped: null, decisions: 0 };
      const where = `${draft.stream} revision ${found.revision}`;
      const dropped = `${draft.type} ${draft.key} is on the tape with other content (${where})`;
      return { fate: 'differing', dropped, decisions: 0 };
    }
    if (older.has(draft)) return { fate: 'older', dropped: `${draft.type} ${draft.key}`, decisions: 0 };
    const { position } = section.append(draft.stream, revision, [evidence]);
    const decided = runInSection(section, replica.applyEvidence(evidence, position));
    made.push(...decided);
    return { fate: 'recorded', dropped: null, decisions: decided.length };
  });
  return { pieces, made };
}
