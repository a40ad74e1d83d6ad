/**
 * Records evidence for an engine elsewhere to decide on, on a tape on which other recorders may record the same.
 * Appends name the exact revision. The recorder reads a stream back before its first append and after each refusal, and
 * does not record evidence that is there already.
 *
 * Where the store keeps the order of what is on its way, several appends are. After the first that fails nothing more is
 * sent before it was read back what is there. What is not there is then appended one after the other, as in any other store,
 * but for what comes before a piece that is there: that is older than what the tape holds of its feed.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import { type EventStore, PartialOverlapError, WrongExpectedRevisionError } from '../../ports/event-store.ts';
import { type EvidenceOrigin, makeEvidence } from '../../tape/envelope.ts';
import { type PieceOutcome, type StepOutcome, sumOf } from '../engine/in-step.ts';
import { isPassing } from '../process/supervisor.ts';
import { factHash, type KnownStream, KnownStreams } from './known-streams.ts';
import { PipelinedAppends, type SentAppend } from './pipelined-appends.ts';

/** How often an append is refused, or its outcome unknown, in a row: more says that something else is wrong. */
const MAX_TRIES = 20;
/** Most events of one append: of the largest evidence, 20 levels of depth, well under what any store takes at once (1 MiB). */
const MAX_APPEND = 200;
/** Up to so many pieces of one stream go one an append where they can be on their way together: nothing waits for them. */
const MAX_APART = 8;

/** Evidence of one stream that follows one another. */
interface Run {
  readonly known: KnownStream;
  readonly evidence: readonly TapeEvent[];
  /** Of them, those that are recorded where they are not there. */
  readonly current: readonly TapeEvent[];
}

/** Makes the evidence of the run of that number when its turn comes. */
type MakeRun = (index: number) => Promise<Run>;

export class EvidenceRecorder {
  readonly #store: EventStore;
  readonly #streams: KnownStreams;
  readonly #pipelined: PipelinedAppends | null;

  constructor(store: EventStore, time: Time) {
    this.#store = store;
    this.#streams = new KnownStreams(store, time);
    this.#pipelined = store.openPipeline() === null ? null : new PipelinedAppends(store);
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
    const runs = runsOfOneStream(drafts);
    const makeRun = async (index: number): Promise<Run> => {
      const run = runs[index] as EvidenceDraft[];
      return runOf(run, await this.#streams.of((run[0] as EvidenceDraft).stream), origin, older);
    };
    const added = new Set<string>();
    const recorded =
      this.#pipelined === null
        ? await this.#inTurn(runs.length, makeRun, added)
        : await this.#pipeline(this.#pipelined, runs.length, makeRun, added);
    const pieces = recorded.flatMap(({ evidence, known }) => evidence.map((event) => outcomeOf(event, known.facts, added)));
    return { ...sumOf(pieces), pieces };
  }

  async #inTurn(count: number, makeRun: MakeRun, added: Set<string>): Promise<Run[]> {
    const runs: Run[] = [];
    for (let index = 0; index < count; index++) {
      const run = await makeRun(index);
      runs.push(run);
      for (const id of await this.#append(run.known, run.current)) added.add(id);
    }
    return runs;
  }

  async #pipeline(pipelined: PipelinedAppends, count: number, makeRun: MakeRun, added: Set<string>): Promise<Run[]> {
    const runs: Run[] = [];
    for (let next = 0; next < count; ) {
      try {
        for (let isSent = true; isSent && next < count; ) {
          const run = await makeRun(next);
          runs[next] = run;
          isSent = await sendMissing(pipelined, run);
          if (isSent) next++;
        }
      } finally {
        await this.#settle(await pipelined.settled(), added);
      }
    }
    return runs;
  }

  /** Reads back what is there of appends that failed, and makes them in turn. */
  async #settle(sent: readonly SentAppend[], added: Set<string>): Promise<void> {
    for (const { events, failure } of sent) if (failure === null) for (const { id } of events) added.add(id);
    const failed = sent.filter(({ failure }) => failure !== null);
    for (const { known } of failed) this.#streams.forget(known);
    for (const { failure } of failed) if (failure && isLasting(failure.error)) throw failure.error;
    for (const known of new Set(failed.map(({ known }) => known))) await this.#streams.readOn(known);
    const lastThere = sent.findLastIndex(({ known, events }) => events.some(({ id }) => known.facts.has(id)));
    // Their streams may have been read before they landed, and the one with the later piece after it did.
    for (const { known } of sent.slice(0, Math.max(0, lastThere)).filter(isMissing)) await this.#streams.readOn(known);
    for (const [index, { known, events, failure }] of sent.entries()) {
      if (failure === null) continue;
      const isUnknown = !isRefusal(failure?.error);
      for (const event of events) if (isUnknown && known.facts.get(event.id) === factHash(event)) added.add(event.id);
      if (index < lastThere) continue;
      for (const id of await this.#append(known, events, isUnknown)) added.add(id);
    }
  }

  /** Appends what is not there yet of events of one stream: of several with one id, the first. Returns the ids of those. */
  async #append(known: KnownStream, evidence: readonly TapeEvent[], mayBeThere = false): Promise<Set<string>> {
    let isUnknown = mayBeThere;
    for (let tries = 1; ; tries++) {
      const missing = missingOf(known, evidence);
      if (missing.length === 0) return new Set();
      try {
        const { revision, position, isRepeated } = await this.#store.append(known.stream, known.revision, missing);
        if (isRepeated) {
          // The store has compared ids only: another recorder may have put other content under them.
          await this.#streams.readOn(known);
          const ours = missing.filter((event) => isUnknown && known.facts.get(event.id) === factHash(event));
          return new Set(ours.map(({ id }) => id));
        }
        known.revision = revision;
        known.position = position;
        for (const event of missing) known.facts.set(event.id, factHash(event));
        return new Set(missing.map(({ id }) => id));
      } catch (error) {
        if (tries === MAX_TRIES || isLasting(error)) throw error;
        // Refused: what counts is what is read back. Else nobody knows, and the same is appended again.
        if (isRefusal(error)) await this.#streams.readOn(known);
        else isUnknown = true;
      }
    }
  }
}

/** False where an append before it has failed. */
async function sendMissing(pipelined: PipelinedAppends, { known, current }: Run): Promise<boolean> {
  const missing = missingOf(known, current);
  if (missing.length > MAX_APART) return pipelined.send(known, missing);
  for (const event of missing) if (!(await pipelined.send(known, [event]))) return false;
  return true;
}

/** Of several with one id, the first. */
function missingOf({ facts }: KnownStream, events: readonly TapeEvent[]): TapeEvent[] {
  const ids = new Set<string>();
  return events.filter(({ id }) => !facts.has(id) && ids.size < ids.add(id).size);
}

function isMissing({ known, events }: SentAppend): boolean {
  return events.some(({ id }) => !known.facts.has(id));
}

function isRefusal(error: unknown): boolean {
  return error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError;
}

function isLasting(error: unknown): boolean {
  return error instanceof StoreError || isPassing(error);
}

function outcomeOf(event: TapeEvent, facts: ReadonlyMap<string, string>, added: Set<string>): PieceOutcome {
  const fact = facts.get(event.id);
  const name = `${event.type} ${event.id}`;
  if (fact === undefined) return { fate: 'older', dropped: `${name} (${event.stream})`, decisions: 0 };
  // Of one fact that is told twice at once, the first is recorded.
  if (added.delete(event.id)) return { fate: 'recorded', dropped: null, decisions: 0 };
  if (fact === factHash(event)) return { fate: 'already', dropped: null, decisions: 0 };
  return { fate: 'differing', dropped: `${name} is on the tape with other content (${event.stream})`, decisions: 0 };
}

function runOf(
  drafts: readonly EvidenceDraft[],
  known: KnownStream,
  origin: Omit<EvidenceOrigin, 'occurredAt'>,
  older: ReadonlySet<EvidenceDraft>,
): Run {
  const evidence = drafts.map(({ type, stream, key, data, occurredAt }) =>
    makeEvidence(type, stream, key, data, { ...origin, occurredAt }),
  );
  return { known, evidence, current: evidence.filter((_, index) => !older.has(drafts[index] as EvidenceDraft)) };
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
