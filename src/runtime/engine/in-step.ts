/** Evidence that is put on the tape in step with the engine: each piece with its whole cascade. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { TapeSection } from '../../ports/event-store.ts';
import { type EvidenceOrigin, makeEvidence } from '../../tape/envelope.ts';
import { type EngineReplica, sameFact } from './engine-replica.ts';
import { runInSection } from './tape-program.ts';

/** Most pieces of evidence that one in-step commit takes. */
export const MAX_STEPS = 500;

export interface StepOutcome {
  /** Evidence that was recorded now. */
  readonly recorded: number;
  /** Evidence that was on the tape already, equal in every field. */
  readonly already: number;
  /** Evidence dropped because the tape has the same fact with other content; the first of them in words. */
  readonly differing: number;
  readonly firstDifference: string | null;
  /** The number of decisions made and recorded. */
  readonly decisions: number;
}

/** Records `drafts` in order and decides on each, unless it is on the tape; `made` are the decisions. */
export function recordInStep(
  section: TapeSection,
  replica: EngineReplica,
  drafts: readonly EvidenceDraft[],
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
): Omit<StepOutcome, 'decisions'> & { readonly made: readonly TapeEvent[] } {
  const made: TapeEvent[] = [];
  // The events that others appended since are taken in first, to the end: nobody can append now.
  for (let hasMore = true; hasMore; ) {
    const page = runInSection(section, replica.catchUp());
    made.push(...page.made);
    hasMore = page.hasMore;
  }
  let [recorded, already, differing] = [0, 0, 0];
  let firstDifference: string | null = null;
  for (const draft of drafts) {
    const evidence = makeEvidence(draft.type, draft.stream, draft.key, draft.data, { ...origin, occurredAt: draft.occurredAt });
    const revision = section.revisionOf(draft.stream);
    const found = revision === 'no-stream' ? undefined : section.find(draft.stream, evidence.id);
    if (found === undefined) {
      const { position } = section.append(draft.stream, revision, [evidence]);
      made.push(...runInSection(section, replica.applyEvidence(evidence, position)));
      recorded++;
    } else if (sameFact(found, evidence)) {
      already++;
    } else {
      differing++;
      firstDifference ??= `${draft.type} ${draft.key} is on the tape with other content (${draft.stream} revision ${found.revision})`;
    }
  }
  return { recorded, already, differing, firstDifference, made };
}
