/** The tape as the engine went through it: each piece of evidence, with what is recorded to have been decided upon it. */

import type { TapeEvent } from '../domain/catalogue.ts';
import { fromRecordedDecision } from '../domain/engine/engine.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { isDecision, type RecordedEvent, START } from '../tape/envelope.ts';

const PAGE = 500;

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
  const record = new EngineRecord(store, behind);
  for (let after = behind?.evidence.position; ; ) {
    const page: RecordedEvent[] = await store.read({ after, categories: EVIDENCE_CATEGORIES, limit: PAGE });
    const steps: RecordedStep[] = [];
    for (const event of page) if (!isDecision(event)) steps.push(await record.stepOf(event));
    yield steps;
    if (page.length < PAGE) return;
    after = page.at(-1)?.position;
  }
}

/** The stream `engine`, gone through beside the evidence. */
class EngineRecord {
  readonly #store: EventStore;
  #after: string;
  #lastEvidenceId: string | null;
  #codeVersion: string | null;
  #ahead: readonly RecordedEvent[] = [];
  #next = 0;

  constructor(store: EventStore, behind: RecordedStep | undefined) {
    this.#store = store;
    this.#after = behind?.engineAfter ?? START;
    this.#lastEvidenceId = behind?.evidence.id ?? null;
    this.#codeVersion = behind?.codeVersion ?? null;
  }

  async stepOf(evidence: RecordedEvent): Promise<RecordedStep> {
    const decisions = await this.#decisionsUpon(evidence.id);
    this.#lastEvidenceId = evidence.id;
    return { evidence, decisions, codeVersion: this.#codeVersion, engineAfter: this.#after };
  }

  async #decisionsUpon(evidenceId: string): Promise<readonly TapeEvent[]> {
    for (;;) {
      const event = this.#ahead[this.#next] ?? (await this.#readOn());
      if (event === undefined) return [];
      if (event.type === 'CascadeDecided') return event.data.evidenceId === evidenceId ? this.#takeCascade() : [];
      if (event.type !== 'EngineActivated') throw new Error(`the stream "${ENGINE_STREAM}" holds a ${event.type}`);
      // A build takes over behind the last cascade, but maybe after later evidence, upon which nothing was decided.
      if (event.data.after !== this.#lastEvidenceId) return [];
      this.#took(event);
      this.#codeVersion = event.data.codeVersion;
    }
  }

  async #takeCascade(): Promise<TapeEvent[]> {
    const decisions: TapeEvent[] = [];
    for (let part = 1; ; part++) {
      const event = this.#ahead[this.#next] ?? (await this.#readOn());
      if (event?.type !== 'CascadeDecided' || event.data.part !== part) {
        throw new Error(`part ${part} of a cascade is missing from the stream "${ENGINE_STREAM}"`);
      }
      this.#took(event);
      const { evidenceId, parts } = event.data;
      for (const decision of event.data.decisions) {
        decisions.push(fromRecordedDecision(decision, { evidenceId, metadata: event.metadata }));
      }
      this.#codeVersion = event.metadata.codeVersion;
      if (part === parts) return decisions;
    }
  }

  #took(event: RecordedEvent): void {
    this.#next++;
    this.#after = event.position;
  }

  async #readOn(): Promise<RecordedEvent | undefined> {
    this.#ahead = await this.#store.read({ stream: ENGINE_STREAM, after: this.#after, limit: PAGE });
    this.#next = 0;
    return this.#ahead[0];
  }
}
