/**
 * Holds the engine to the tape. It goes through the evidence in the tape's order. It adopts decisions that the tape
 * records, and makes and records the missing ones: whole cascades first, on the stream `engine` at the exact revision,
 * then a copy of each decision in its own stream. Across the network the cascades on a page of evidence are recorded in
 * groups, each in one append, while the copies of the group before it may be on their way. State is ahead of the tape only
 * within one call. A call that fails leaves the replica unusable, and a new replica adopts again.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Engine } from '../../domain/engine/engine.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import { comparePositions, isDecision, type RecordedEvent, START } from '../../tape/envelope.ts';
import type { ArrivingEvidence } from './arriving-evidence.ts';
import { type Cascade, CascadeGroup, cascadeOf } from './cascade-parts.ts';
import { DecisionCopies } from './decision-copies.ts';
import {
  activation,
  type CascadePart,
  type DecidedUpTo,
  DecisionLog,
  divergedOver,
  type Reached,
  type RecordedActivation,
  SinceCascade,
  StaleStateError,
  SupersededError,
} from './decision-log.ts';
import { append, read, type TapeProgram, turn } from './tape-program.ts';

/** Pieces of evidence per read. */
const PAGE = 500;

/** Most pages of what arrives within a call, which ends when all copies are made. */
const MAX_ARRIVING_PAGES = 16;

export class EngineReplica {
  /** Position of the last evidence taken in. */
  position = START;
  /** Up to where all that was decided is recorded and copied; within a call less than what is taken in. */
  reached: Reached = { position: START, taken: 0 };
  /** The build that decides now by the record, and the id of what says so; null before the first. */
  activeBuild: string | null = null;
  activation: string | null = null;
  readonly #pastBuilds = new Set<string>();
  /** From activation on; another build's activation is then the end. */
  #isDeciding = false;
  readonly #engine: Engine;
  readonly #codeVersion: string;
  decidedUpTo: DecidedUpTo = { position: START, activation: null };
  /** Position of the last evidence that this engine passed over, with no cascade since: by the record nobody can tell. */
  #passedUpTo = START;
  readonly #sinceCascade = new SinceCascade();
  #lastEvidenceId: string | null = null;
  #taken = 0;
  /** Evidence up to this one was decided before the last activation. */
  #adoptUntil: string | null = null;
  readonly #log = new DecisionLog();
  /** Decided within this call, and yet to be recorded. */
  readonly #group: CascadeGroup;
  readonly #copies: DecisionCopies;

  /** `maxGroup`: most cascades of one append; whoever takes over makes the copies of as many. */
  constructor(engine: Engine, codeVersion: string, maxGroup = 1) {
    this.#engine = engine;
    this.#codeVersion = codeVersion;
    this.#group = new CascadeGroup(maxGroup);
    this.#copies = new DecisionCopies(maxGroup);
  }

  /** Takes in what is recorded and decides nothing. Ends before the first evidence that is not known to be decided. */
  *adopt(): TapeProgram<void> {
    this.#log.lookAgain();
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

  /** Would a replica that adopts the record come to this state? */
  get isOnRecord(): boolean {
    return this.#passedUpTo === START || this.#isKnownDecided(this.#passedUpTo);
  }

  /**
   * Why this build may not decide, as far as is known, and what a person can do; null when it may: it was not replaced,
   * or `rollBack` says that a person wants it back.
   */
  whyNotActivate(mayRollBack: boolean): string | null {
    if (mayRollBack || this.activeBuild === this.#codeVersion || !this.#pastBuilds.has(this.#codeVersion)) return null;
    return `this build (${this.#codeVersion}) was replaced by ${this.activeBuild} on this tape: run that build, or start with --roll-back to put this one in its place`;
  }

  /**
   * Makes this build the deciding one, if it is not, and makes the copies of the last group that are missing.
   * `now` is the edge's time. Throws SupersededError when this build was replaced before, unless `rollBack` says that a
   * person wants it back.
   */
  *activate(mayRollBack: boolean, now: string): TapeProgram<void> {
    yield* this.#copies.make();
    this.#isDeciding = true;
    if (this.activeBuild === this.#codeVersion) return;
    const whyNot = this.whyNotActivate(mayRollBack);
    if (whyNot !== null) throw new SupersededError(whyNot);
    const event = activation(this.#log.revision, this.#codeVersion, this.#lastEvidenceId, now);
    this.#log.noteAppended(yield* append(ENGINE_STREAM, this.#log.revision, [event]));
    this.#noteActivation(event.id, this.#codeVersion);
  }

  /** Decides no more, but may adopt: that another build takes over is no more than news. */
  deactivate(): void {
    this.#isDeciding = false;
  }

  /**
   * Takes in the next page of the tape, at most PAGE pieces of evidence: adopts what is recorded, decides and records
   * the rest. Returns the decisions made, and whether there was a page at all.
   */
  *catchUp(): TapeProgram<{ readonly made: readonly TapeEvent[]; readonly hasMore: boolean }> {
    this.#log.lookAgain();
    const page = yield* this.#nextEvidence();
    const made = yield* this.#takePage(page);
    yield* this.#copies.ended();
    this.#noteReached();
    return { made, hasMore: page.length > 0 };
  }

  /**
   * The same of events that were handed over, with all evidence among them that lies next, and of what comes meanwhile.
   * What others recorded since the record's end was reached is found where that is appended to.
   */
  *takeIn(events: readonly RecordedEvent[], arriving?: ArrivingEvidence): TapeProgram<readonly TapeEvent[]> {
    const made: TapeEvent[] = [];
    for (let pages = 1, next = events; ; pages++) {
      const page = next.filter((event) => !isDecision(event) && comparePositions(event.position, this.position) > 0);
      made.push(...(yield* this.#takePage(page)));
      if (arriving === undefined || pages === MAX_ARRIVING_PAGES) break;
      // The next group's cascades may be recorded while the copies are on their way.
      yield* this.#copies.ended(arriving.arrived());
      next = arriving.take();
      if (next.length === 0) break;
    }
    yield* this.#copies.ended();
    this.#noteReached();
    return made;
  }

  *#takePage(page: readonly RecordedEvent[]): TapeProgram<readonly TapeEvent[]> {
    const made: TapeEvent[] = [];
    for (const evidence of page) {
      made.push(...(yield* this.#take(evidence, evidence.position)));
      yield* turn();
    }
    yield* this.#recordGroup();
    return made;
  }

  /** Takes in one piece of evidence that lies next on the tape. Returns the decisions made on it. */
  *applyEvidence(evidence: TapeEvent, position: string): TapeProgram<readonly TapeEvent[]> {
    const decisions = yield* this.#take(evidence, position);
    yield* this.#recordGroup();
    return decisions;
  }

  /** Adopts what is recorded on the evidence, or decides on it; then what was decided may be in the group yet. */
  *#take(evidence: TapeEvent, position: string): TapeProgram<readonly TapeEvent[]> {
    // Ahead of the record, it is compared with that of others when the group is recorded.
    const cascade = this.#group.isEmpty ? yield* this.#recordedCascade(evidence.id, position) : undefined;
    if (cascade !== undefined) {
      this.#adoptCascade(evidence, position, cascade);
      return [];
    }
    const decided = yield* this.#decide(evidence, position);
    if (decided === null) this.#passedUpTo = position;
    else yield* this.#addToGroup(decided);
    this.#noteEvidence(evidence.id, position);
    return decided?.decisions ?? [];
  }

  /** The next evidence on the tape; none at its end, once the record of decisions is taken in to its end as well. */
  *#nextEvidence(): TapeProgram<RecordedEvent[]> {
    for (let isAtEnd = false; ; ) {
      const page = yield* read({ after: this.position, categories: EVIDENCE_CATEGORIES, limit: PAGE });
      const evidence = page.filter((event) => !isDecision(event));
      if (evidence.length > 0) return evidence;
      if (page.length > 0) {
        this.position = (page[page.length - 1] as RecordedEvent).position;
        continue;
      }
      const next = yield* this.#nextCascade();
      if (next === undefined) return [];
      if (isAtEnd) throw divergedOver(next.data.evidenceId, this.#codeVersion);
      // Its evidence may have come between the two reads.
      isAtEnd = true;
    }
  }

  /** The recorded decisions on the next evidence; undefined when it is not known to be decided. */
  *#recordedCascade(evidenceId: string, position: string): TapeProgram<readonly TapeEvent[] | undefined> {
    const next = yield* this.#nextCascade();
    if (next === undefined) {
      if (this.#adoptUntil === null) return this.#isKnownDecided(position) ? [] : undefined;
      if (this.#adoptUntil === evidenceId) this.#adoptUntil = null;
      return [];
    }
    if (next.data.evidenceId !== evidenceId) return [];
    this.#adoptUntil = null;
    return (yield* this.#log.readCascade(next)).decisions;
  }

  /** The first part of the next cascade; activations before it are taken in. */
  *#nextCascade(): TapeProgram<CascadePart | undefined> {
    for (;;) {
      const next = yield* this.#log.peek();
      if (next === undefined || next.type === 'CascadeDecided') return next;
      this.#log.pass(next);
      this.#applyActivation(next);
    }
  }

  /** Decisions of an earlier activation say nothing of evidence that a later one is to decide. */
  #isKnownDecided(position: string): boolean {
    const { activation, position: upTo } = this.decidedUpTo;
    return activation === this.activation && comparePositions(position, upTo) <= 0;
  }

  #applyActivation({ id, data: { codeVersion, after } }: RecordedActivation): void {
    if (this.#isDeciding && codeVersion !== this.#codeVersion)
      throw new SupersededError(
        `the build ${codeVersion} has taken over on this tape; this one (${this.#codeVersion}) decides nothing more`,
      );
    this.#noteActivation(id, codeVersion);
    if (after === this.#lastEvidenceId) return;
    // It lies right behind the last cascade: what it names is among the evidence since, or lies ahead.
    if (this.#sinceCascade.mayHold(after))
      throw new StaleStateError(`the build ${codeVersion} decides on evidence that was taken for decided`);
    this.#adoptUntil = after;
  }

  #noteActivation(id: string, codeVersion: string): void {
    this.#pastBuilds.add(codeVersion);
    this.activeBuild = codeVersion;
    this.activation = id;
  }

  #adoptCascade(evidence: TapeEvent, position: string, decisions: readonly TapeEvent[]): void {
    this.#engine.adopt(evidence, decisions);
    if (decisions.length > 0) {
      this.#copies.noteRecorded(decisions);
      this.#noteCascade();
    }
    this.#noteEvidence(evidence.id, position);
  }

  #noteEvidence(id: string, position: string): void {
    this.#lastEvidenceId = id;
    this.#taken++;
    this.#sinceCascade.add(id);
    this.position = position;
    if (this.#group.isEmpty) this.#noteReached();
  }

  #noteReached(): void {
    if (this.#copies.areOnTheirWay) return;
    this.reached = { position: this.position, taken: this.#taken };
  }

  #noteCascade(): void {
    this.#passedUpTo = START;
    this.#sinceCascade.clear();
  }

  /** Null where nothing follows. */
  *#decide(evidence: TapeEvent, position: string): TapeProgram<Cascade | null> {
    try {
      const decisions = this.#engine.decide(evidence);
      return decisions.length === 0 ? null : cascadeOf(evidence, position, decisions, this.#codeVersion);
    } catch (error) {
      // A bug over this evidence takes nothing from what was decided before.
      yield* this.#recordGroup();
      throw error;
    }
  }

  *#addToGroup(cascade: Cascade): TapeProgram<void> {
    if (!this.#group.hasRoomFor(cascade)) yield* this.#recordGroup();
    this.#group.add(cascade);
    this.#noteCascade();
    if (this.#group.isFull) yield* this.#recordGroup();
  }

  *#recordGroup(): TapeProgram<void> {
    yield* this.#group.record(this.#log, this.#copies, ({ id }, position) => this.#recordedCascade(id, position));
    this.#noteReached();
  }
}
