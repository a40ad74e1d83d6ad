/**
 * Holds the engine to the tape. It takes evidence in the tape's order; what the record says to have followed is
 * adopted, and what it does not say is decided and recorded: the cascade first, whole, on the stream `engine` at the
 * exact revision, then a copy of each decision in its own stream. State is ahead of the tape only within one call; a
 * call that fails leaves the follower unusable, and a new one adopts again.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { type Engine, fromRecordedDecision } from '../../domain/engine/engine.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import { UserError } from '../../domain/user-error.ts';
import { type ExpectedRevision, PartialOverlapError, WrongExpectedRevisionError } from '../../ports/event-store.ts';
import { equalJson } from '../../tape/canonical-json.ts';
import { comparePositions, isDecision, makeEvidence, type RecordedEvent, START } from '../../tape/envelope.ts';
import { cascadeEvents } from './cascade-parts.ts';
import { append, read, type Steps } from './tape-program.ts';

/** Pieces of evidence taken per read. */
const PAGE = 500;
/** Most copies of one append: well under what any store takes at once (1 MiB). */
const MAX_COPIES = 50;

/** Evidence since the last cascade that is remembered. */
const MAX_SINCE_CASCADE = 10_000;

/** The record and this build disagree about what follows from the same evidence. Nothing more may be decided. */
export class DivergedError extends UserError {}

/** Another build has taken over on this tape. */
export class SupersededError extends UserError {}

/** This state took evidence for decided that a build which has taken over since is yet to decide: adopt anew. */
export class StaleStateError extends Error {}

/** Evidence up to the position is decided, even where no cascade follows, unless another build has taken over since. */
export interface DecidedUpTo {
  readonly position: string;
  /** Id of the EngineActivated event by which the build decided that came so far. */
  readonly activation: string | null;
}

type RecordedCascade = Extract<RecordedEvent, { type: 'CascadeDecided' }>;

interface Copy {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly event: TapeEvent;
}

export class EngineReplica {
  /** Position of the last evidence taken in. */
  position = START;
  /** The build that decides now by the record, and the id of what says so; null before the first. */
  activeBuild: string | null = null;
  activation: string | null = null;
  readonly #pastBuilds = new Set<string>();
  /** From activation on; another build's activation is then the end. */
  #deciding = false;
  readonly #engine: Engine;
  readonly #codeVersion: string;
  decidedUpTo: DecidedUpTo = { position: START, activation: null };
  /** Position of the last evidence that this engine passed over, with no cascade since: by the record nobody can tell. */
  #passedUpTo = START;
  /** The last cascade's evidence and what was taken in since: ids, MAX_SINCE_CASCADE of them. */
  readonly #sinceCascade = new Set<string>();
  #lastEvidenceId: string | null = null;
  /** Evidence up to this one was decided before the last activation. */
  #adoptUntil: string | null = null;
  #engineRevision: ExpectedRevision = 'no-stream';
  #enginePosition = START;
  /** Read from `engine`, not taken in yet. */
  #ahead: RecordedEvent[] = [];
  /** True when `engine` was read to its end within this call. */
  #exhausted = false;
  /** Last revision of each stream that the engine writes, counted from the cascades. */
  readonly #revisions = new Map<string, number>();
  /** Copies of the last cascade that are not known to be made. */
  #missingCopies: readonly Copy[] = [];

  constructor(engine: Engine, codeVersion: string) {
    this.#engine = engine;
    this.#codeVersion = codeVersion;
  }

  /** Takes in what is recorded and decides nothing. Ends before the first evidence that is not known to be decided. */
  *adopt(): Steps<void> {
    this.#exhausted = false;
    for (;;) {
      const page = yield* this.#nextEvidence();
      if (page.length === 0) return;
      for (const evidence of page) {
        const cascade = yield* this.#recordedCascade(evidence.id, evidence.position);
        if (cascade === undefined) return;
        this.#adoptCascade(evidence, evidence.position, cascade);
      }
    }
  }

  /** Would whoever adopts what is recorded come to this state? */
  get isOnRecord(): boolean {
    return this.#passedUpTo === START || this.#isKnownDecided(this.#passedUpTo);
  }

  /**
   * Why this build may not decide, as far as is known, and what a person can do; null when it may: it was not replaced,
   * or `rollBack` says that a person wants it back.
   */
  whyNotActivate(rollBack: boolean): string | null {
    if (rollBack || this.activeBuild === this.#codeVersion || !this.#pastBuilds.has(this.#codeVersion)) return null;
    return `this build (${this.#codeVersion}) was replaced by ${this.activeBuild} on this tape: run that build, or start with --roll-back to put this one in its place`;
  }

  /**
   * Makes this build the deciding one, if it is not, and makes copies that are missing from the last cascade.
   * `now` is the edge's time. Throws SupersededError when this build was replaced before, unless `rollBack` says that a
   * person wants it back.
   */
  *activate(rollBack: boolean, now: string): Steps<void> {
    yield* this.#makeCopies();
    this.#deciding = true;
    if (this.activeBuild === this.#codeVersion) return;
    const whyNot = this.whyNotActivate(rollBack);
    if (whyNot !== null) throw new SupersededError(whyNot);
    const revision = this.#engineRevision === 'no-stream' ? 0 : this.#engineRevision + 1;
    const data = { codeVersion: this.#codeVersion, after: this.#lastEvidenceId };
    const event = makeEvidence('EngineActivated', ENGINE_STREAM, `${revision}|${data.codeVersion}|${data.after}`, data, {
      occurredAt: now,
      actor: 'engine',
      codeVersion: this.#codeVersion,
    });
    const { position } = yield* append(ENGINE_STREAM, this.#engineRevision, [event]);
    this.#noteEngineEvent(position);
    this.#noteActivation(event.id, this.#codeVersion);
  }

  /** Decides no more, but may adopt: that another build takes over is no more than news. */
  deactivate(): void {
    this.#deciding = false;
  }

  /**
   * Takes in the next page of the tape, at most PAGE pieces of evidence: adopts what is recorded, decides and records
   * the rest. Returns the decisions made, and whether there was a page at all.
   */
  *catchUp(): Steps<{ readonly made: readonly TapeEvent[]; readonly more: boolean }> {
    this.#exhausted = false;
    const made: TapeEvent[] = [];
    const page = yield* this.#nextEvidence();
    for (const evidence of page) made.push(...(yield* this.take(evidence, evidence.position)));
    return { made, more: page.length > 0 };
  }

  /** Takes one piece of evidence that lies next on the tape. Returns the decisions made upon it. */
  *take(evidence: TapeEvent, position: string): Steps<TapeEvent[]> {
    const cascade = yield* this.#recordedCascade(evidence.id, position);
    if (cascade !== undefined) {
      this.#adoptCascade(evidence, position, cascade);
      return [];
    }
    const decisions = this.#engine.decide(evidence);
    if (decisions.length > 0) yield* this.#record(evidence, position, decisions);
    else this.#passedUpTo = position;
    this.#noteEvidence(evidence.id, position);
    return decisions;
  }

  /** The next evidence on the tape; none at its end, once the record of decisions is taken in to its end as well. */
  *#nextEvidence(): Steps<RecordedEvent[]> {
    for (let atEnd = false; ; ) {
      const page = yield* read({ after: this.position, categories: EVIDENCE_CATEGORIES, limit: PAGE });
      const evidence = page.filter((event) => !isDecision(event));
      if (evidence.length > 0) return evidence;
      if (page.length > 0) {
        this.position = (page[page.length - 1] as RecordedEvent).position;
        continue;
      }
      const next = yield* this.#peekCascade();
      if (next === undefined) return [];
      if (atEnd) this.#passedOver(next.data.evidenceId);
      // Its evidence may have come between the two reads.
      atEnd = true;
    }
  }

  /** What is recorded to have followed from the evidence that lies next; undefined when it is not known to be decided. */
  *#recordedCascade(evidenceId: string, position: string): Steps<TapeEvent[] | undefined> {
    const next = yield* this.#peekCascade();
    if (next === undefined) {
      if (this.#adoptUntil === null) return this.#isKnownDecided(position) ? [] : undefined;
      if (this.#adoptUntil === evidenceId) this.#adoptUntil = null;
      return [];
    }
    if (next.data.evidenceId !== evidenceId) return [];
    this.#adoptUntil = null;
    return yield* this.#readParts(next.data.parts);
  }

  /** The next cascade that was not taken in; activations before it are taken in. */
  *#peekCascade(): Steps<RecordedCascade | undefined> {
    for (;;) {
      const next = yield* this.#peek();
      if (next === undefined || next.type === 'CascadeDecided') return next;
      if (next.type !== 'EngineActivated') throw new Error(`the stream "${ENGINE_STREAM}" holds a ${next.type}`);
      this.#applyActivation(next.id, next.data.codeVersion, next.data.after);
    }
  }

  /** The next event of `engine` that was not taken in. */
  *#peek(): Steps<RecordedEvent | undefined> {
    if (this.#ahead.length === 0 && !this.#exhausted) {
      this.#ahead = yield* read({ stream: ENGINE_STREAM, after: this.#enginePosition, limit: PAGE });
      this.#exhausted = this.#ahead.length === 0;
    }
    return this.#ahead[0];
  }

  *#readParts(parts: number): Steps<TapeEvent[]> {
    const decisions: TapeEvent[] = [];
    for (let part = 1; part <= parts; part++) {
      const event = yield* this.#peek();
      if (event?.type !== 'CascadeDecided' || event.data.part !== part) {
        throw new Error(`part ${part} of ${parts} of a cascade is missing from the stream "${ENGINE_STREAM}"`);
      }
      this.#ahead.shift();
      this.#noteEngineEvent(event.position);
      const { evidenceId } = event.data;
      for (const decision of event.data.decisions) {
        decisions.push(fromRecordedDecision(decision, { evidenceId, metadata: event.metadata }));
      }
    }
    return decisions;
  }

  /** What an earlier activation has decided says nothing of evidence that a later one is to decide. */
  #isKnownDecided(position: string): boolean {
    const { activation, position: upTo } = this.decidedUpTo;
    return activation === this.activation && comparePositions(position, upTo) <= 0;
  }

  #applyActivation(id: string, codeVersion: string, after: string | null): void {
    const event = this.#ahead.shift() as RecordedEvent;
    this.#noteEngineEvent(event.position);
    if (this.#deciding && codeVersion !== this.#codeVersion) {
      throw new SupersededError(
        `the build ${codeVersion} has taken over on this tape; this one (${this.#codeVersion}) decides nothing more`,
      );
    }
    this.#noteActivation(id, codeVersion);
    if (after === this.#lastEvidenceId) return;
    // It lies right behind the last cascade: what it names is among the evidence since, or lies ahead.
    const mayLieBehind = after === null || this.#sinceCascade.has(after) || this.#sinceCascade.size === MAX_SINCE_CASCADE;
    if (mayLieBehind) {
      throw new StaleStateError(`the build ${codeVersion} decides upon evidence that was taken for decided`);
    }
    this.#adoptUntil = after;
  }

  #noteActivation(id: string, codeVersion: string): void {
    this.#pastBuilds.add(codeVersion);
    this.activeBuild = codeVersion;
    this.activation = id;
  }

  #noteEngineEvent(position: string): void {
    this.#engineRevision = this.#engineRevision === 'no-stream' ? 0 : this.#engineRevision + 1;
    this.#enginePosition = position;
  }

  #adoptCascade(evidence: TapeEvent, position: string, decisions: readonly TapeEvent[]): void {
    this.#engine.adopt(evidence, decisions);
    if (decisions.length > 0) {
      this.#noteCascade();
      this.#missingCopies = this.#placeCopies(decisions);
    }
    this.#noteEvidence(evidence.id, position);
  }

  #noteEvidence(id: string, position: string): void {
    this.#lastEvidenceId = id;
    if (this.#sinceCascade.size < MAX_SINCE_CASCADE) this.#sinceCascade.add(id);
    this.position = position;
  }

  #noteCascade(): void {
    this.#passedUpTo = START;
    this.#sinceCascade.clear();
  }

  /** Where each decision belongs: streams of the engine's have no other writer, so revisions follow from counting. */
  #placeCopies(decisions: readonly TapeEvent[]): Copy[] {
    return decisions.map((event) => {
      const last = this.#revisions.get(event.stream);
      this.#revisions.set(event.stream, last === undefined ? 0 : last + 1);
      return { stream: event.stream, expected: last ?? 'no-stream', event };
    });
  }

  *#record(evidence: TapeEvent, position: string, decisions: readonly TapeEvent[]): Steps<void> {
    // Whoever recorded the cascade before may not have come to its copies yet; only the last one's can be missing.
    yield* this.#makeCopies();
    const recorded = yield* this.#appendCascade(evidence, position, decisions);
    this.#noteCascade();
    this.#missingCopies = this.#placeCopies(recorded);
    yield* this.#makeCopies();
  }

  /** Makes the copies of the last cascade; those that are there already are left as they are. */
  *#makeCopies(): Steps<void> {
    for (const run of runsOfCopies(this.#missingCopies)) {
      const { stream, expected } = run[0] as Copy;
      try {
        yield* append(
          stream,
          expected,
          run.map(({ event }) => event),
        );
      } catch (error) {
        if (!(error instanceof PartialOverlapError)) throw error;
        // Whoever made the first of them took them in other runs.
        for (const copy of run) yield* append(stream, copy.expected, [copy.event]);
      }
    }
    this.#missingCopies = [];
  }

  /** Appends the cascade, or finds that another engine did. Returns what the record holds. */
  *#appendCascade(evidence: TapeEvent, position: string, decisions: readonly TapeEvent[]): Steps<readonly TapeEvent[]> {
    const parts = cascadeEvents(evidence, decisions, this.#codeVersion);
    try {
      const { already, position: end } = yield* append(ENGINE_STREAM, this.#engineRevision, parts);
      if (!already) {
        for (const _ of parts) this.#noteEngineEvent(end);
        return decisions;
      }
    } catch (error) {
      if (!(error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError)) throw error;
    }
    // Somebody was first, and stores compare ids only: what counts is what is read back.
    this.#exhausted = false;
    const recorded = yield* this.#recordedCascade(evidence.id, position);
    if (recorded === undefined || !sameDecisions(recorded, decisions)) {
      throw new DivergedError(
        `diverged: upon ${evidence.type} ${evidence.id} this build (${this.#codeVersion}) decides ${describe(decisions)}, the tape says ${describe(recorded ?? [])}`,
      );
    }
    return recorded;
  }

  #passedOver(evidenceId: string): never {
    throw new DivergedError(
      `diverged: the tape has a cascade for evidence ${evidenceId}, upon which this build (${this.#codeVersion}) decided nothing`,
    );
  }
}

/** Copies that follow one another in one stream, so that they take one append. */
function runsOfCopies(copies: readonly Copy[]): Copy[][] {
  const runs: Copy[][] = [];
  for (const copy of copies) {
    const run = runs.at(-1);
    if (run?.[0]?.stream === copy.stream && run.length < MAX_COPIES) run.push(copy);
    else runs.push([copy]);
  }
  return runs;
}

/** Equal in id, stream, type, data and cause. */
export function sameDecisions(a: readonly TapeEvent[], b: readonly TapeEvent[]): boolean {
  return a.length === b.length && a.every((decision, index) => sameFact(decision, b[index] as TapeEvent));
}

/** Is it the same event: equal in id, stream, type, data and direct cause? */
export function sameFact(a: TapeEvent, b: TapeEvent): boolean {
  return (
    a.id === b.id &&
    a.stream === b.stream &&
    a.type === b.type &&
    a.metadata.causationId === b.metadata.causationId &&
    equalJson(a.data, b.data)
  );
}

function describe(decisions: readonly TapeEvent[]): string {
  return decisions.length === 0 ? 'nothing' : decisions.map((decision) => `${decision.type} ${decision.id}`).join(', ');
}
