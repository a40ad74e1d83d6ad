/**
 * The copies of decisions, each in its own stream: where they belong and making them. The streams of decisions have no
 * other writer, so their revisions follow from counting what the cascades hold.
 *
 * Across the network the copies of a group of cascades are made in lanes, side by side. A lane keeps the order of its
 * decisions: each copy is there before the next is sent, whoever makes them. What bars give in one instrument is a lane;
 * everything else (signals, orders, reports, accounts) is one. No read model's document, and no list of them, mixes two
 * lanes in a way that depends on their order.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { instrumentKey } from '../../domain/settings/in-force.ts';
import { type ExpectedRevision, PartialOverlapError } from '../../ports/event-store.ts';
import type { OneAppend } from '../process/appends-in-order.ts';
import { append, appendInOrder, begin, begunEnded, read, type TapeProgram, together } from './tape-program.ts';

/** Most copies of one append, and most of their bytes as JSON: well under what any store takes at once (1 MiB). */
const MAX_COPIES = 200;
const MAX_BYTES = 700 * 1024;

/** Most bytes of a copy's metadata. */
const MAX_METADATA_BYTES = 700;

/** Runs that may be there already are looked for where there are more than these; else each is appended again. */
const MAX_APPENDED_AGAIN = 8;

/** Runs of so many copies at most go one by one where others follow at once: what follows an append of several waits. */
const MAX_ALONE = 16;

interface Copy {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly event: TapeEvent;
}

/** Copies that follow one another in a stream and a lane, so that they take one append. */
type Run = readonly Copy[];

export class DecisionCopies {
  /** Most cascades of one append to `engine`: of so many the copies may be missing. */
  readonly #maxGroup: number;
  /** Last revision of each stream of decisions. */
  readonly #revisions = new Map<string, number>();
  /** Of the last cascades, by cascade; not known to be made. */
  #missing: (readonly Copy[])[] = [];
  /** Another process may have made some of the missing. */
  #mayBeThere = false;
  /** Cascades whose copies are on their way. */
  #onTheirWay = 0;

  constructor(maxGroup: number) {
    this.#maxGroup = maxGroup;
  }

  get areMissing(): boolean {
    return this.#missing.length > 0;
  }

  get areOnTheirWay(): boolean {
    return this.#onTheirWay > 0;
  }

  /** Whoever takes over makes the copies of `maxGroup` cascades: may so many be appended while others are on their way? */
  hasRoomFor(cascades: number): boolean {
    return this.#onTheirWay === 0 || this.#onTheirWay + cascades <= this.#maxGroup;
  }

  /** Gives the copies of the next cascade, which this process appended, their places. */
  noteAppended(decisions: readonly TapeEvent[]): void {
    const copies = decisions.map((event) => {
      const last = this.#revisions.get(event.stream);
      this.#revisions.set(event.stream, last === undefined ? 0 : last + 1);
      return { stream: event.stream, expected: last ?? ('no-stream' as const), event };
    });
    this.#missing.push(copies);
    // Of no more than these the copies are not made when a group is appended.
    if (this.#missing.length > this.#maxGroup) this.#missing.shift();
  }

  /** The same of a cascade that was read: its copies may be there. */
  noteRecorded(decisions: readonly TapeEvent[]): void {
    this.#mayBeThere = true;
    this.noteAppended(decisions);
  }

  /** Makes the copies that may be missing; those that are there already are left as they are. */
  *make(): TapeProgram<void> {
    yield* this.begin();
    yield* this.ended();
  }

  /** The same, once those on their way are made, and ends while these are on their way. */
  *begin(): TapeProgram<void> {
    yield* this.ended();
    if (!this.areMissing) return;
    this.#onTheirWay = this.#missing.length;
    yield* begin(this.#makeAll(this.#missing.flat(), this.#mayBeThere));
    [this.#missing, this.#mayBeThere] = [[], false];
  }

  /** Waits until those on their way are made, or for `unless`. */
  *ended(unless?: Promise<void>): TapeProgram<void> {
    if (this.areOnTheirWay) yield* begunEnded(unless);
  }

  *#makeAll(copies: readonly Copy[], mayBeThere: boolean): TapeProgram<void> {
    const lanes = this.#maxGroup === 1 ? [copies] : [...Map.groupBy(copies, laneOf).values()];
    yield* together(lanes.map((lane) => makeLane(lane, mayBeThere)));
    this.#onTheirWay = 0;
  }
}

function laneOf({ event }: Copy): string {
  return event.type === 'BarClosed' ? instrumentKey(event.data.venue, event.data.symbol) : '';
}

function* makeLane(lane: readonly Copy[], mayBeThere: boolean): TapeProgram<void> {
  const made = mayBeThere ? 0 : yield* makeInOrder(lane);
  const runs = runsOf(lane.slice(made));
  // Behind one that failed others may have landed.
  const isSearched = (mayBeThere || made > 0) && runs.length > MAX_APPENDED_AGAIN;
  for (const run of isSearched ? runs.slice(yield* firstToMake(runs)) : runs) yield* makeRun(run);
}

/** Returns how many of the copies are known to be there, from the first on. */
function* makeInOrder(lane: readonly Copy[]): TapeProgram<number> {
  const runs = runsOf(lane).flatMap((run) => (run.length > MAX_ALONE ? [run] : run.map((copy) => [copy])));
  const made = yield* appendInOrder(runs.map(appendOf));
  return runs.slice(0, made).reduce((sum, run) => sum + run.length, 0);
}

/** Index of the last run that is there, or 0: it is appended again, so that it is seen to be what it should be. */
function* firstToMake(runs: readonly Run[]): TapeProgram<number> {
  // Of a lane, what comes before something that is there is there.
  let [there, missing] = [0, runs.length];
  while (missing - there > 1) {
    const middle = (there + missing) >>> 1;
    if (yield* isThere(runs[middle] as Run)) there = middle;
    else missing = middle;
  }
  return there;
}

function* isThere([first]: Run): TapeProgram<boolean> {
  const { stream, expected } = first as Copy;
  const [last] = yield* read({ stream, isBackward: true, limit: 1 });
  return last !== undefined && (expected === 'no-stream' || last.revision > expected);
}

function* makeRun(run: Run): TapeProgram<void> {
  const { stream, expected, events } = appendOf(run);
  try {
    yield* append(stream, expected, events);
  } catch (error) {
    if (!(error instanceof PartialOverlapError)) throw error;
    // The first of them are there: another process made them, in other runs.
    const half = run.length >>> 1;
    yield* makeRun(run.slice(0, half));
    yield* makeRun(run.slice(half));
  }
}

function appendOf(run: Run): OneAppend {
  const { stream, expected } = run[0] as Copy;
  return { stream, expected, events: run.map(({ event }) => event) };
}

function runsOf(copies: readonly Copy[]): Run[] {
  const runs: Copy[][] = [];
  let bytes = 0;
  for (const copy of copies) {
    const size = Buffer.byteLength(JSON.stringify(copy.event.data)) + MAX_METADATA_BYTES;
    const run = runs.at(-1);
    if (run?.[0]?.stream === copy.stream && run.length < MAX_COPIES && bytes + size <= MAX_BYTES) {
      run.push(copy);
      bytes += size;
    } else {
      runs.push([copy]);
      bytes = size;
    }
  }
  return runs;
}
