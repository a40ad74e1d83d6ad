/**
 * Makes the recorded decisions again and compares. After each piece of evidence on which something else is recorded
 * than what this build decides, the state is that of the record, so that what is told of later evidence is told of it
 * alone; still, differences after the first are marked as following it. What another build decided is compared and
 * counted apart. Nothing is written.
 */

import type { TapeEvent } from '../domain/catalogue.ts';
import type { Engine, EngineSnapshot } from '../domain/engine/engine.ts';
import { ENGINE_STREAM } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { comparePositions, START } from '../tape/envelope.ts';
import { sameDecisions } from '../tape/same-facts.ts';
import { type RecordedStep, recordedSteps } from './recorded-steps.ts';

/** Differences that are told in full; more are counted. */
const MAX_DIFFERENCES = 100;
/** Steps between copies of the state, which are made at differences only: a copy costs as much as many steps. */
const COPY_AFTER = 500;

export interface Difference {
  /** Position and id of the evidence. */
  readonly position: string;
  readonly evidenceId: string;
  readonly evidenceType: string;
  /** The build that made the record; null where none is known to have. */
  readonly codeVersion: string | null;
  readonly recorded: readonly TapeEvent[];
  readonly decided: readonly TapeEvent[];
  /** It comes after another one, and may be its consequence. */
  readonly isFollowing: boolean;
}

export interface Compared {
  /** Pieces of evidence, and decisions that are recorded on them. */
  evidence: number;
  decisions: number;
  /** Evidence on which this build decides otherwise. */
  differing: number;
}

export interface Verification {
  /** What this build recorded. */
  readonly own: Readonly<Compared>;
  /** What other builds recorded. */
  readonly others: Readonly<Compared>;
  /** Evidence that no engine is known to have come to, on which this build decides something. */
  readonly undecided: number;
  /** The first ones, in order. */
  readonly differences: readonly Difference[];
}

/** Verifies the whole tape with `engine`, a new one of the build `codeVersion`. */
export async function verify(store: EventStore, engine: Engine, codeVersion: string): Promise<Verification> {
  const verifier = new Verifier(store, engine, codeVersion);
  const decidedUpTo = await lastDecided(store);
  for await (const steps of recordedSteps(store)) {
    for (const step of steps) {
      if (comparePositions(step.evidence.position, decidedUpTo) <= 0) await verifier.applyStep(step);
      else verifier.applyUndecided(step);
    }
  }
  return verifier.result;
}

/** Position of the last evidence that is known to be decided: that of the last cascade, or that a build took over after. */
async function lastDecided(store: EventStore): Promise<string> {
  let last = START;
  for (const type of ['CascadeDecided', 'EngineActivated'] as const) {
    const [event] = await store.read({ stream: ENGINE_STREAM, types: [type], isBackward: true, limit: 1 });
    const id =
      event?.type === 'CascadeDecided' ? event.data.evidenceId : event?.type === 'EngineActivated' ? event.data.after : null;
    const position = (id === null ? undefined : await store.byId(id))?.position ?? START;
    if (comparePositions(position, last) > 0) last = position;
  }
  return last;
}

class Verifier {
  readonly result = {
    own: { evidence: 0, decisions: 0, differing: 0 } as Compared,
    others: { evidence: 0, decisions: 0, differing: 0 } as Compared,
    undecided: 0,
    differences: [] as Difference[],
  };
  readonly #store: EventStore;
  readonly #codeVersion: string;
  readonly #engine: Engine;
  /** The state after a step (of a new engine: before all), from which the record is taken in again. */
  #copy: { readonly state: EngineSnapshot; readonly after: RecordedStep | undefined };
  #stepsSinceCopy = 0;
  #hasDiffered = false;

  constructor(store: EventStore, engine: Engine, codeVersion: string) {
    this.#store = store;
    this.#codeVersion = codeVersion;
    this.#engine = engine;
    this.#copy = { state: engine.snapshot(), after: undefined };
  }

  async applyStep(step: RecordedStep): Promise<void> {
    const decided = this.#engine.decide(step.evidence);
    const counts = step.codeVersion === this.#codeVersion ? this.result.own : this.result.others;
    counts.evidence++;
    counts.decisions += step.decisions.length;
    this.#stepsSinceCopy++;
    if (sameDecisions(decided, step.decisions)) return;
    counts.differing++;
    this.#tell(step, decided);
    await this.#returnToRecord(step);
  }

  applyUndecided(step: RecordedStep): void {
    if (this.#engine.decide(step.evidence).length > 0) this.result.undecided++;
  }

  #tell({ evidence, decisions: recorded, codeVersion }: RecordedStep, decided: readonly TapeEvent[]): void {
    const { id: evidenceId, type: evidenceType, position } = evidence;
    const isFollowing = this.#hasDiffered;
    this.#hasDiffered = true;
    if (this.result.differences.length === MAX_DIFFERENCES) return;
    this.result.differences.push({ position, evidenceId, evidenceType, codeVersion, recorded, decided, isFollowing });
  }

  /** Puts the state to where the record has it after `last`. */
  async #returnToRecord(last: RecordedStep): Promise<void> {
    this.#engine.restore(this.#copy.state);
    for await (const steps of recordedSteps(this.#store, this.#copy.after)) {
      for (const { evidence, decisions } of steps) {
        if (comparePositions(evidence.position, last.evidence.position) > 0) break;
        this.#engine.adopt(evidence, decisions);
      }
      if (comparePositions(steps.at(-1)?.evidence.position ?? START, last.evidence.position) >= 0) break;
    }
    if (this.#stepsSinceCopy < COPY_AFTER) return;
    this.#copy = { state: this.#engine.snapshot(), after: last };
    this.#stepsSinceCopy = 0;
  }
}
