/**
 * Records evidence for an engine elsewhere to decide on, on a tape on which other recorders may record the same.
 * Appends name the exact revision. The recorder reads a stream back before its first append and after each refusal, and
 * does not record evidence that is there already.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import {
  type EventStore,
  type ExpectedRevision,
  PartialOverlapError,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { canonicalHash } from '../../tape/canonical-json.ts';
import { type EvidenceOrigin, makeEvidence } from '../../tape/envelope.ts';
import { type PieceOutcome, type StepOutcome, sumOf } from '../engine/in-step.ts';
import { isPassing } from '../process/supervisor.ts';

/** How often an append is refused, or its outcome unknown, in a row: more says that something else is wrong. */
const MAX_TRIES = 20;
/** Most events of one append: of the largest evidence, 20 levels of depth, well under what any store takes at once (1 MiB). */
const MAX_APPEND = 200;
/** Streams that are remembered: a feed writes to three. */
const MAX_STREAMS = 1_000;
/** After that a stream is forgotten: on the next day a feed writes to others, and a day has a hundred thousand facts. */
const FORGET_AFTER_MS = 60_000;

/** The recorder's knowledge of a stream: just enough to tell a recorded fact from a new one. */
interface Known {
  revision: ExpectedRevision;
  position: string | undefined;
  usedAt: number;
  /** By event id, a hash of what makes it the same fact. */
  readonly facts: Map<string, string>;
}

export class EvidenceRecorder {
  readonly #store: EventStore;
  readonly #time: Time;
  /** In the order of their last use. */
  readonly #streams = new Map<string, Known>();

  constructor(store: EventStore, time: Time) {
    this.#store = store;
    this.#time = time;
  }

  /**
   * Records the evidence in its order, but for what is in `older`. Decisions are somebody else's, and so none. Where the
   * store is away, the same evidence may be given again.
   */
  async record(
    drafts: readonly EvidenceDraft[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    older: ReadonlySet<EvidenceDraft> = new Set(),
  ): Promise<StepOutcome> {
    const pieces: PieceOutcome[] = [];
    for (const run of runsOfOneStream(drafts)) pieces.push(...(await this.#recordRun(run, origin, older)));
    return { ...sumOf(pieces), pieces };
  }

  async #recordRun(
    run: readonly EvidenceDraft[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    older: ReadonlySet<EvidenceDraft>,
  ): Promise<PieceOutcome[]> {
    const evidence = run.map(({ type, stream, key, data, occurredAt }) =>
      makeEvidence(type, stream, key, data, { ...origin, occurredAt }),
    );
    const known = await this.#known((run[0] as EvidenceDraft).stream);
    const added = await this.#append(
      known,
      evidence.filter((_, index) => !older.has(run[index] as EvidenceDraft)),
    );
    return evidence.map((event): PieceOutcome => {
      const fact = known.facts.get(event.id);
      const name = `${event.type} ${event.id}`;
      if (fact === undefined) return { fate: 'older', dropped: `${name} (${event.stream})`, decisions: 0 };
      // Of one fact that is told twice at once, the first is recorded.
      const isAdded = added.delete(event.id);
      if (fact === factHash(event)) return { fate: isAdded ? 'recorded' : 'already', dropped: null, decisions: 0 };
      const dropped = `${name} is on the tape with other content (${event.stream})`;
      return { fate: 'differing', dropped, decisions: 0 };
    });
  }

  /** Appends what is not there yet of events of one stream: of several with one id, the first. Returns the ids of those. */
  async #append(known: Known, evidence: readonly TapeEvent[]): Promise<Set<string>> {
    const facts = evidence.filter(({ id }, index) => evidence.findIndex((event) => event.id === id) === index);
    let isUnknown = false;
    for (let tries = 1; ; tries++) {
      const missing = facts.filter(({ id }) => !known.facts.has(id));
      const [first] = missing;
      if (first === undefined) return new Set();
      const { stream } = first;
      try {
        const { revision, position, isRepeated } = await this.#store.append(stream, known.revision, missing);
        if (isRepeated) {
          // The store has compared ids only: another recorder may have put other content under them.
          await this.#readOn(stream, known);
          const ours = missing.filter((event) => isUnknown && known.facts.get(event.id) === factHash(event));
          return new Set(ours.map(({ id }) => id));
        }
        known.revision = revision;
        known.position = position;
        for (const event of missing) known.facts.set(event.id, factHash(event));
        return new Set(missing.map(({ id }) => id));
      } catch (error) {
        if (tries === MAX_TRIES || error instanceof StoreError || isPassing(error)) throw error;
        const isRefusal = error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError;
        // Refused: what counts is what is read back. Else nobody knows, and the same is appended again.
        if (isRefusal) await this.#readOn(stream, known);
        else isUnknown = true;
      }
    }
  }

  async #known(stream: string): Promise<Known> {
    const usedAt = this.#time.monotonic();
    const before = this.#streams.get(stream);
    if (before === undefined) this.#forget(usedAt);
    const known = before ?? { revision: 'no-stream', position: undefined, usedAt, facts: new Map() };
    if (before === undefined) await this.#readOn(stream, known);
    known.usedAt = usedAt;
    this.#streams.delete(stream);
    this.#streams.set(stream, known);
    return known;
  }

  #forget(now: number): void {
    for (const [stream, { usedAt }] of this.#streams) {
      if (this.#streams.size < MAX_STREAMS && now - usedAt < FORGET_AFTER_MS) return;
      this.#streams.delete(stream);
    }
  }

  async #readOn(stream: string, known: Known): Promise<void> {
    for await (const event of eventsOf(this.#store, { stream, after: known.position })) {
      known.facts.set(event.id, factHash(event));
      known.revision = event.revision;
      known.position = event.position;
    }
  }
}

/** The evidence in runs of the same stream: only so are whole batches appended in the order of the feed. */
function runsOfOneStream(drafts: readonly EvidenceDraft[]): EvidenceDraft[][] {
  const runs: EvidenceDraft[][] = [];
  for (const draft of drafts) {
    const run = runs.at(-1);
    if (run?.[0]?.stream === draft.stream && run.length < MAX_APPEND) run.push(draft);
    else runs.push([draft]);
  }
  return runs;
}

function factHash({ type, data, metadata }: TapeEvent): string {
  return canonicalHash({ type, data, causationId: metadata.causationId });
}
