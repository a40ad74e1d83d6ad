/**
 * How cascades are recorded: each in parts, which are events of the stream `engine`, all in one append. A cascade's bytes
 * are bounded, beside the number of its decisions, by what the store with the smallest append takes, and on every store
 * alike: the same evidence must not be decided on here and stop the engine there. Across the network several cascades
 * share an append: a group, within the same bytes.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { toRecordedDecision, traceOf } from '../../domain/engine/engine.ts';
import type { RecordedDecision } from '../../domain/engine/events.ts';
import { ENGINE_STREAM } from '../../domain/streams.ts';
import { PartialOverlapError, WrongExpectedRevisionError } from '../../ports/event-store.ts';
import { makeId } from '../../tape/id.ts';
import { sameDecisions } from '../../tape/same-facts.ts';
import type { DecisionCopies } from './decision-copies.ts';
import { type DecisionLog, DivergedError } from './decision-log.ts';
import { append, type TapeProgram } from './tape-program.ts';

/** Most characters of decisions in one part: well under the smallest event limit of any store (256 KiB). */
const MAX_PART_CHARACTERS = 60_000;

/** Most bytes of all decisions as JSON. EventStoreDB takes 1 MiB an append, and parts or copies add their metadata. */
export const MAX_CASCADE_BYTES = 900 * 1024;

/** Most bytes of a part beside its decisions: ids, names and times of the cascade, and a trace. */
const MAX_ENVELOPE_BYTES = 700;

/** Most cascades of one group across the network, and most of their parts: every store takes as many events at once. */
export const MAX_GROUP = 500;

/** What was decided on one piece of evidence, as it is recorded. */
export interface Cascade {
  readonly evidence: TapeEvent;
  readonly position: string;
  readonly decisions: readonly TapeEvent[];
  /** The events that record it, in order, and their bytes as JSON at most. */
  readonly parts: readonly TapeEvent[];
  readonly bytes: number;
}

/** Throws when the decisions are more than every store takes at once. */
export function cascadeOf(evidence: TapeEvent, position: string, decisions: readonly TapeEvent[], codeVersion: string): Cascade {
  const { parts, bytes } = partsOf(evidence, decisions);
  const events = cascadeEvents(evidence, parts, codeVersion);
  return { evidence, position, decisions, parts: events, bytes: bytes + parts.length * MAX_ENVELOPE_BYTES };
}

/** What the record holds on that evidence; undefined when it is not known to be decided. */
export type RecordedOn = (evidence: TapeEvent, position: string) => TapeProgram<readonly TapeEvent[] | undefined>;

/** Cascades that were decided and are yet to be recorded, in the order of their evidence: no more than one append takes. */
export class CascadeGroup {
  readonly #maxCascades: number;
  #cascades: Cascade[] = [];
  #parts = 0;
  #bytes = 0;

  /** At most so many cascades: 1 where none waits for another. */
  constructor(maxCascades: number) {
    this.#maxCascades = maxCascades;
  }

  get isEmpty(): boolean {
    return this.#cascades.length === 0;
  }

  get isFull(): boolean {
    return this.#cascades.length >= this.#maxCascades;
  }

  /** Any cascade has room in an empty group. */
  hasRoomFor({ parts, bytes }: Cascade): boolean {
    return this.isEmpty || (this.#parts + parts.length <= MAX_GROUP && this.#bytes + bytes <= MAX_CASCADE_BYTES);
  }

  add(cascade: Cascade): void {
    this.#cascades.push(cascade);
    this.#parts += cascade.parts.length;
    this.#bytes += cascade.bytes;
  }

  /**
   * Records the cascades, while the copies of the group before may be on their way, and is empty then. All copies that may
   * be missing are on their way at last. Throws DivergedError.
   */
  *record(log: DecisionLog, copies: DecisionCopies, recordedOn: RecordedOn): TapeProgram<void> {
    // Of cascades that were read: the process that recorded them may have ended before it made the copies.
    if (copies.areMissing) yield* copies.make();
    let left: readonly Cascade[] = this.#cascades;
    [this.#cascades, this.#parts, this.#bytes] = [[], 0, 0];
    while (left.length > 0) {
      if (!copies.hasRoomFor(left.length)) yield* copies.ended();
      left = yield* appendAll(left, log, copies, recordedOn);
      // Where others were first, nothing is appended before the copies are there.
      if (left.length > 0) yield* copies.make();
    }
    yield* copies.begin();
  }
}

/** Appends the cascades, or finds which of them another engine did. Returns those that are to be appended yet. */
function* appendAll(
  cascades: readonly Cascade[],
  log: DecisionLog,
  copies: DecisionCopies,
  recordedOn: RecordedOn,
): TapeProgram<readonly Cascade[]> {
  const parts = cascades.flatMap((cascade) => cascade.parts);
  try {
    const appended = yield* append(ENGINE_STREAM, log.revision, parts);
    if (!appended.isRepeated) {
      log.noteAppended(appended);
      for (const { decisions } of cascades) copies.noteAppended(decisions);
      return [];
    }
  } catch (error) {
    if (!(error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError)) throw error;
  }
  // Somebody was first, and stores compare ids only: what counts is what is read back.
  log.lookAgain();
  for (const [index, cascade] of cascades.entries()) {
    const recorded = yield* recordedOn(cascade.evidence, cascade.position);
    if (recorded === undefined && index > 0) return cascades.slice(index);
    if (recorded === undefined || !sameDecisions(recorded, cascade.decisions)) throw divergence(cascade, recorded ?? []);
    copies.noteRecorded(recorded);
  }
  return [];
}

function divergence({ evidence, decisions }: Cascade, recorded: readonly TapeEvent[]): DivergedError {
  const build = decisions[0]?.metadata.codeVersion;
  return new DivergedError(
    `diverged: on ${evidence.type} ${evidence.id} this build (${build}) decides ${describe(decisions)}, the tape says ${describe(recorded)}`,
  );
}

function describe(decisions: readonly TapeEvent[]): string {
  return decisions.length === 0 ? 'nothing' : decisions.map((decision) => `${decision.type} ${decision.id}`).join(', ');
}

function cascadeEvents(evidence: TapeEvent, parts: readonly RecordedDecision[][], codeVersion: string): TapeEvent[] {
  return parts.map((part, index) => ({
    id: makeId(`CascadeDecided|${evidence.id}|${index + 1}`),
    stream: ENGINE_STREAM,
    type: 'CascadeDecided',
    schemaVersion: 1,
    data: { evidenceId: evidence.id, part: index + 1, parts: parts.length, decisions: part },
    metadata: {
      occurredAt: evidence.metadata.occurredAt,
      correlationId: evidence.metadata.correlationId,
      causationId: evidence.id,
      actor: 'engine',
      codeVersion,
      ...traceOf(evidence.metadata),
    },
  }));
}

function partsOf(evidence: TapeEvent, decisions: readonly TapeEvent[]): { parts: RecordedDecision[][]; bytes: number } {
  const parts: RecordedDecision[][] = [];
  let characters = MAX_PART_CHARACTERS;
  let bytes = 0;
  for (const decision of decisions.map(toRecordedDecision)) {
    const text = JSON.stringify(decision);
    bytes += Buffer.byteLength(text);
    if (characters + text.length > MAX_PART_CHARACTERS) {
      parts.push([]);
      characters = 0;
    }
    (parts[parts.length - 1] as RecordedDecision[]).push(decision);
    characters += text.length;
  }
  if (bytes > MAX_CASCADE_BYTES) {
    throw new Error(
      `the ${decisions.length} decisions on ${evidence.type} ${evidence.id} have ${bytes} bytes, more than ${MAX_CASCADE_BYTES}, which every store takes at once`,
    );
  }
  return { parts, bytes };
}
