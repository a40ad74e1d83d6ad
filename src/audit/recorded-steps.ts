/** The tape as the engine went through it: each piece of evidence, with what is recorded to have been decided on it. */

import type { TapeEvent } from '../domain/catalogue.ts';
import { EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventPagesOf } from '../ports/pages.ts';
import { DecisionLog } from '../runtime/engine/decision-log.ts';
import { runOver, type TapeProgram } from '../runtime/engine/tape-program.ts';
import { isDecision, type RecordedEvent } from '../tape/envelope.ts';

export interface RecordedStep {
  readonly evidence: RecordedEvent;
  readonly decisions: readonly TapeEvent[];
  /** The build that decided; null where none is known to have. */
  readonly codeVersion: string | null;
  /** Position up to which the stream `engine` was gone through. */
  readonly engineAfter: string;
}

/** All steps in order, or those behind one of them, in batches. */
export async function* recordedSteps(store: EventStore, behind?: RecordedStep): AsyncGenerator<readonly RecordedStep[]> {
  const record = new StepReader(behind);
  for await (const page of eventPagesOf(store, { after: behind?.evidence.position, categories: EVIDENCE_CATEGORIES })) {
    yield await runOver(store, record.stepsOf(page));
  }
}

/** Goes through the record of decisions beside the evidence. */
class StepReader {
  readonly #log: DecisionLog;
  #lastEvidenceId: string | null;
  #codeVersion: string | null;

  constructor(behind: RecordedStep | undefined) {
    this.#log = new DecisionLog(behind?.engineAfter);
    this.#lastEvidenceId = behind?.evidence.id ?? null;
    this.#codeVersion = behind?.codeVersion ?? null;
  }

  /** The steps of the next events of the evidence's categories. */
  *stepsOf(page: readonly RecordedEvent[]): TapeProgram<RecordedStep[]> {
    this.#log.lookAgain();
    const steps: RecordedStep[] = [];
    for (const evidence of page) {
      if (isDecision(evidence)) continue;
      const decisions = yield* this.#decisionsUpon(evidence.id);
      this.#lastEvidenceId = evidence.id;
      steps.push({ evidence, decisions, codeVersion: this.#codeVersion, engineAfter: this.#log.position });
    }
    return steps;
  }

  *#decisionsUpon(evidenceId: string): TapeProgram<readonly TapeEvent[]> {
    for (;;) {
      const next = yield* this.#log.peek();
      if (next === undefined) return [];
      if (next.type === 'CascadeDecided') {
        if (next.data.evidenceId !== evidenceId) return [];
        const { decisions, codeVersion } = yield* this.#log.readCascade(next);
        this.#codeVersion = codeVersion;
        return decisions;
      }
      // A build takes over behind the last cascade, but maybe after later evidence, on which nothing was decided.
      if (next.data.after !== this.#lastEvidenceId) return [];
      this.#log.pass(next);
      this.#codeVersion = next.data.codeVersion;
    }
  }
}
