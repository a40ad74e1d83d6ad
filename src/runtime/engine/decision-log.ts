/** The record of decisions: the stream `engine`, read in its order, cascade by cascade. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { fromRecordedDecision } from '../../domain/engine/engine.ts';
import { ENGINE_STREAM } from '../../domain/streams.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Appended, ExpectedRevision } from '../../ports/event-store.ts';
import { makeEvidence, type RecordedEvent, START } from '../../tape/envelope.ts';
import { read, type TapeProgram } from './tape-program.ts';

/** Events per read. */
const PAGE = 500;

/** Evidence since the last cascade that is remembered. */
const MAX_SINCE_CASCADE = 10_000;

/** A cascade is recorded in one part or more, in one append. */
export type CascadePart = Extract<RecordedEvent, { type: 'CascadeDecided' }>;
export type RecordedActivation = Extract<RecordedEvent, { type: 'EngineActivated' }>;

/** A whole cascade, as it was recorded. */
export interface RecordedCascade {
  readonly decisions: readonly TapeEvent[];
  /** The build that decided. */
  readonly codeVersion: string;
}

/** Evidence up to the position is decided, even where no cascade follows, unless another build has taken over since. */
export interface DecidedUpTo {
  readonly position: string;
  /** Id of the EngineActivated event by which the build decided that came so far. */
  readonly activation: string | null;
}

export interface Reached {
  /** Position of the last evidence. */
  readonly position: string;
  /** Pieces of evidence up to it. */
  readonly taken: number;
}

/** The record and this build disagree about what follows from the same evidence. Nothing more may be decided. */
export class DivergedError extends UserError {}

/** Another build has taken over on this tape. */
export class SupersededError extends UserError {}

/** This state counts evidence as decided, but a build that has taken over since is yet to decide it: adopt again. */
export class StaleStateError extends Error {}

/** The tape has a cascade for evidence on which the build decided nothing. */
export function divergedOver(evidenceId: string, codeVersion: string): DivergedError {
  return new DivergedError(
    `diverged: the tape has a cascade for evidence ${evidenceId}, on which this build (${codeVersion}) decided nothing`,
  );
}

/** Marks that the build takes over behind the evidence `after`; `now` is the edge's time. */
export function activation(expected: ExpectedRevision, codeVersion: string, after: string | null, now: string): TapeEvent {
  const revision = expected === 'no-stream' ? 0 : expected + 1;
  const origin = { occurredAt: now, actor: 'engine', codeVersion };
  return makeEvidence('EngineActivated', ENGINE_STREAM, `${revision}|${codeVersion}|${after}`, { codeVersion, after }, origin);
}

/** The last cascade's evidence and what was taken in since: ids, MAX_SINCE_CASCADE of them. */
export class SinceCascade {
  readonly #ids = new Set<string>();

  add(id: string): void {
    if (this.#ids.size < MAX_SINCE_CASCADE) this.#ids.add(id);
  }

  clear(): void {
    this.#ids.clear();
  }

  /** Null is before all evidence. */
  mayHold(id: string | null): boolean {
    return id === null || this.#ids.has(id) || this.#ids.size === MAX_SINCE_CASCADE;
  }
}

export class DecisionLog {
  #position: string;
  #revision: ExpectedRevision = 'no-stream';
  /** Read, and not passed from `#next` on. */
  #page: readonly RecordedEvent[] = [];
  #next = 0;
  #isAtEnd = false;

  /** Begins behind the position `after`. */
  constructor(after = START) {
    this.#position = after;
  }

  /** Position of the last event that was passed. */
  get position(): string {
    return this.#position;
  }

  /** Revision of the last event that was passed. */
  get revision(): ExpectedRevision {
    return this.#revision;
  }

  /** More may have been appended since the end was reached: it is read again from there. */
  lookAgain(): void {
    this.#isAtEnd = false;
  }

  /** The next event, which stays the next: the first part of a cascade or an activation; undefined at the end. */
  *peek(): TapeProgram<CascadePart | RecordedActivation | undefined> {
    if (this.#next === this.#page.length && !this.#isAtEnd) {
      this.#page = yield* read({ stream: ENGINE_STREAM, after: this.#position, limit: PAGE });
      this.#next = 0;
      this.#isAtEnd = this.#page.length === 0;
    }
    const event = this.#page[this.#next];
    if (event === undefined || event.type === 'CascadeDecided' || event.type === 'EngineActivated') return event;
    throw new Error(`the stream "${ENGINE_STREAM}" holds a ${event.type}`);
  }

  /** Passes the event that `peek` returned. */
  pass({ position, revision }: RecordedEvent): void {
    this.#next++;
    this.#notePlace(position, revision);
  }

  /** Passes what was appended here, at the log's end. */
  noteAppended({ position, revision }: Appended): void {
    this.#notePlace(position, revision);
  }

  /** Passes the cascade whose first part `peek` returned, and reads it. Throws when one of its parts is missing. */
  *readCascade(first: CascadePart): TapeProgram<RecordedCascade> {
    const { parts } = first.data;
    const decisions: TapeEvent[] = [];
    for (let part = 1; part <= parts; part++) {
      const event = yield* this.peek();
      if (event?.type !== 'CascadeDecided' || event.data.part !== part) {
        throw new Error(`part ${part} of ${parts} of a cascade is missing from the stream "${ENGINE_STREAM}"`);
      }
      this.pass(event);
      const cascade = { evidenceId: event.data.evidenceId, metadata: event.metadata };
      for (const decision of event.data.decisions) decisions.push(fromRecordedDecision(decision, cascade));
    }
    return { decisions, codeVersion: first.metadata.codeVersion };
  }

  #notePlace(position: string, revision: number): void {
    this.#position = position;
    this.#revision = revision;
  }
}
