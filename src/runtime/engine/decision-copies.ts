/**
 * The copies of decisions, each in its own stream: where they belong and making them. The streams of decisions have no
 * other writer, so their revisions follow from counting what the cascades hold.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { type ExpectedRevision, PartialOverlapError } from '../../ports/event-store.ts';
import { append, type TapeProgram } from './tape-program.ts';

/** Most copies of one append: well under what any store takes at once (1 MiB). */
const MAX_COPIES = 50;

interface Copy {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly event: TapeEvent;
}

export class DecisionCopies {
  /** Last revision of each stream of decisions. */
  readonly #revisions = new Map<string, number>();
  /** Of the last cascade; not known to be made. */
  #missing: readonly Copy[] = [];

  /** Gives the copies of the next cascade their places. The copies of the cascade before count as made. */
  noteCascade(decisions: readonly TapeEvent[]): void {
    this.#missing = decisions.map((event) => {
      const last = this.#revisions.get(event.stream);
      this.#revisions.set(event.stream, last === undefined ? 0 : last + 1);
      return { stream: event.stream, expected: last ?? 'no-stream', event };
    });
  }

  /** Makes the copies of the last cascade that may be missing; those that are there already are left as they are. */
  *make(): TapeProgram<void> {
    for (const run of runsOf(this.#missing)) {
      const { stream, expected } = run[0] as Copy;
      try {
        yield* append(
          stream,
          expected,
          run.map(({ event }) => event),
        );
      } catch (error) {
        if (!(error instanceof PartialOverlapError)) throw error;
        // The process that made the first of them made them in other runs.
        for (const copy of run) yield* append(stream, copy.expected, [copy.event]);
      }
    }
    this.#missing = [];
  }
}

/** Copies that follow one another in one stream, so that they take one append. */
function runsOf(copies: readonly Copy[]): Copy[][] {
  const runs: Copy[][] = [];
  for (const copy of copies) {
    const run = runs.at(-1);
    if (run?.[0]?.stream === copy.stream && run.length < MAX_COPIES) run.push(copy);
    else runs.push([copy]);
  }
  return runs;
}
