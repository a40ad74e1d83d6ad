/**
 * Runs the engine on a tape: live, by following what others append, or in step with a source of evidence. Calls are
 * taken one at a time. A call that fails throws the engine's state away; the next one adopts again from the tape, but
 * for an engine that differs from the record or was replaced: that one has stopped. An engine whose turn is over keeps
 * its state and goes on as a standby.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Engine } from '../../domain/engine/engine.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { isoTime } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { type EventStore, hasLock, type TapeSection, WrongExpectedRevisionError } from '../../ports/event-store.ts';
import { type EvidenceOrigin, makeEvidence } from '../../tape/envelope.ts';
import { type DecidedUpTo, DivergedError, EngineReplica, StaleStateError, SupersededError, sameFact } from './engine-replica.ts';
import { runInSection, runOver, type TapeProgram } from './tape-program.ts';

/** Most pieces of evidence that one in-step commit takes. */
export const MAX_STEPS = 500;

/** How often a build tries to take over while others append. */
const MAX_RACES = 20;

/**
 * Where the engine's committed checkpoints are kept, one for each activation, since what one build passed over another
 * may have yet to decide. Losing them costs time, not truth.
 */
export interface EngineCheckpoint {
  /** Throws when what is kept is not of this tape. */
  assertSameTape(): Promise<void>;
  /** The last position saved under that EngineActivated event's id, or START. */
  load(activation: string): Promise<string>;
  save(activation: string, position: string): Promise<void>;
}

export interface EngineRunnerOptions {
  readonly store: EventStore;
  /** Makes an engine with no state; called again each time state is thrown away. */
  readonly makeEngine: () => Engine;
  readonly codeVersion: string;
  readonly clock: Clock;
  readonly checkpoint: EngineCheckpoint;
  /** A person wants this build back in place of the one that replaced it. */
  readonly rollBack?: boolean;
  /** Throws when it is not, or no more, this process's turn: asked before each page, and before and after each checkpoint. */
  readonly assertTurn?: () => void;
  /** Called after a commit with the decisions that this process made, in order. */
  readonly onDecided?: (decisions: readonly TapeEvent[]) => void;
}

export interface StepOutcome {
  /** Evidence that was recorded now. */
  readonly recorded: number;
  /** Evidence that was on the tape already, equal in every field. */
  readonly already: number;
  /** Evidence dropped because the tape has the same fact with other content; the first of them in words. */
  readonly differing: number;
  readonly firstDifference: string | null;
  /** The number of decisions made and recorded. */
  readonly decisions: number;
}

/** Its turn was found to be over between two commits: the engine's state is that of the tape. */
class NotLeader {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }
}

export class EngineRunner {
  readonly #options: EngineRunnerOptions;
  #follower: EngineReplica | undefined;
  /** Adopts what another process decides, until it is this one's turn. */
  #standby: EngineReplica | undefined;
  /** A person's wish is good for one time. */
  #rollBack: boolean;
  /** Why nothing more may be decided in this process. */
  #stopped: DivergedError | SupersededError | undefined;
  /** The checkpoint that was saved last. */
  #saved: DecidedUpTo | undefined;
  /** When the call in hand began or last got on, in epoch ms: a commit, an answer of the tape; null while there is none. */
  busySince: number | null = null;
  /** The call in hand, so that the next waits for it. */
  #turn: Promise<unknown> = Promise.resolve();
  /** The one in hand and those that wait. */
  #calls = 0;

  constructor(options: EngineRunnerOptions) {
    this.#options = options;
    this.#rollBack = options.rollBack ?? false;
  }

  /** Position of the last evidence that the engine has taken in. */
  get position(): string | undefined {
    return (this.#follower ?? this.#standby)?.position;
  }

  /** Does it decide, and has it nothing in hand now? */
  get isAtRest(): boolean {
    return this.#follower !== undefined && this.#calls === 0;
  }

  /**
   * Takes in what is recorded, as a standby, and decides nothing. Returns why this build may not decide, for one that was
   * replaced may not until it is put back; null when it may.
   */
  follow(): Promise<string | null> {
    return this.#serially(() =>
      this.#anewWhereStale(async () => {
        this.#standby = await this.#upToDate();
        return this.#standby.whyNotActivate(this.#rollBack);
      }),
    );
  }

  /**
   * Decides no more, for another process does; `follow` and `catchUp` may be called again. Its state is kept, unless a
   * call has failed or it holds what nobody else can know to be decided: another build may decide otherwise upon that.
   */
  standDown(): Promise<void> {
    if (this.#stopped instanceof SupersededError) this.#stopped = undefined;
    return this.#serially(async () => {
      const follower = this.#follower;
      this.#follower = undefined;
      if (follower === undefined || !follower.isOnRecord) return;
      follower.deactivate();
      this.#standby = follower;
    });
  }

  /** Adopts what is recorded, takes over if another build decided before, and decides what is left. */
  catchUp(): Promise<void> {
    return this.#serially(async () => {
      await this.#catchUpWith(await this.#ready());
    });
  }

  /**
   * Records up to MAX_STEPS pieces of evidence, each with its whole cascade, in one atomic commit, after taking in what
   * others appended. Evidence that is on the tape already is not recorded again.
   */
  inStep(drafts: readonly EvidenceDraft[], origin: Omit<EvidenceOrigin, 'occurredAt'>): Promise<StepOutcome> {
    if (drafts.length > MAX_STEPS) throw new RangeError(`at most ${MAX_STEPS} steps a commit, not ${drafts.length}`);
    return this.#serially(async () => {
      const follower = await this.#ready();
      const { store } = this.#options;
      if (!hasLock(store)) throw new Error('ingesting in step needs a store with a write lock');
      await this.#catchUpWith(follower);
      const decisions: TapeEvent[] = [];
      const outcome = await store.exclusively((section) => {
        // What others appended since is taken in first, to its end: nobody can append now.
        for (let more = true; more; ) {
          const page = runInSection(section, follower.catchUp());
          decisions.push(...page.made);
          more = page.more;
        }
        return this.#takeDrafts(section, follower, drafts, origin, decisions);
      });
      await this.#committed(follower, decisions);
      return { ...outcome, decisions: decisions.length };
    });
  }

  /**
   * Runs `record`, which appends evidence, and decides in the same commit upon what the engine has not taken in, a page
   * of the tape at most: the rest is for `catchUp`. `recorded` is called as soon as that is durable. Rejects when
   * anything failed: unless `recorded` was called, nothing of it is on the tape. Where this engine does not decide it
   * calls neither, and records nothing.
   */
  decideWith(record: (section: TapeSection) => void, recorded: () => void): Promise<void> {
    return this.#serially(async () => {
      const follower = this.#follower;
      const { store } = this.#options;
      if (follower === undefined || !hasLock(store)) return;
      const { made } = await store.exclusively((section) => {
        record(section);
        return runInSection(section, follower.catchUp());
      });
      recorded();
      await this.#committed(follower, made);
    });
  }

  /** A page of the tape a commit, so that no lock is held for long. */
  async #catchUpWith(follower: EngineReplica): Promise<void> {
    const { store } = this.#options;
    for (let more = true; more; ) {
      this.#assertTurn();
      const page = hasLock(store)
        ? await store.exclusively((section) => runInSection(section, follower.catchUp()))
        : await this.#over(follower.catchUp());
      await this.#committed(follower, page.made);
      more = page.more;
    }
  }

  #takeDrafts(
    section: TapeSection,
    follower: EngineReplica,
    drafts: readonly EvidenceDraft[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    decisions: TapeEvent[],
  ): Omit<StepOutcome, 'decisions'> {
    let [recorded, already, differing] = [0, 0, 0];
    let firstDifference: string | null = null;
    for (const draft of drafts) {
      const evidence = makeEvidence(draft.type, draft.stream, draft.key, draft.data, { ...origin, occurredAt: draft.occurredAt });
      const revision = section.revisionOf(draft.stream);
      const found = revision === 'no-stream' ? undefined : section.find(draft.stream, evidence.id);
      if (found === undefined) {
        const { position } = section.append(draft.stream, revision, [evidence]);
        decisions.push(...runInSection(section, follower.applyEvidence(evidence, position)));
        recorded++;
      } else if (sameFact(found, evidence)) {
        already++;
      } else {
        differing++;
        firstDifference ??= `${draft.type} ${draft.key} is on the tape with other content (${draft.stream} revision ${found.revision})`;
      }
    }
    return { recorded, already, differing, firstDifference };
  }

  async #ready(): Promise<EngineReplica> {
    this.#follower ??= await this.#anewWhereStale(() => this.#takenOver());
    return this.#follower;
  }

  async #takenOver(): Promise<EngineReplica> {
    const { store, clock } = this.#options;
    const rollBack = this.#rollBack;
    const follower = await this.#upToDate();
    this.#standby = undefined;
    const { activeBuild } = follower;
    const now = isoTime(clock.now());
    function* takeOver(): TapeProgram<void> {
      yield* follower.adopt();
      // How far that one has come since stands in a checkpoint which was not looked at.
      if (follower.activeBuild !== activeBuild) throw new StaleStateError('another build came first');
      yield* follower.activate(rollBack, now);
    }
    if (hasLock(store)) await store.exclusively((section) => runInSection(section, takeOver()));
    else await this.#raceFor(takeOver);
    this.#rollBack = false;
    return follower;
  }

  /** The standby, or a new one, with all taken in that is known to be decided. */
  async #upToDate(): Promise<EngineReplica> {
    const follower = this.#standby ?? (await this.#makeFollower());
    // Adoption may come to another build's activation, which has a checkpoint of its own.
    for (let activation: string | null | undefined; activation !== follower.activation; ) {
      ({ activation } = follower);
      if (activation !== null) follower.decidedUpTo = { activation, position: await this.#options.checkpoint.load(activation) };
      await this.#over(follower.adopt());
    }
    return follower;
  }

  /** Has adopted as far as cascades tell, and so knows which build decides. */
  async #makeFollower(): Promise<EngineReplica> {
    const { makeEngine, codeVersion, checkpoint } = this.#options;
    await checkpoint.assertSameTape();
    const follower = new EngineReplica(makeEngine(), codeVersion);
    await this.#over(follower.adopt());
    return follower;
  }

  /** Does the work again from the tape's start where another build has taken over from before what the state holds. */
  async #anewWhereStale<T>(work: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StaleStateError) || attempt === MAX_RACES) throw error;
        this.#standby = undefined;
      }
    }
  }

  /** Without a lock others may append between adoption and activation: then there is more to adopt first. */
  async #raceFor(takeOver: () => TapeProgram<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#over(takeOver());
      } catch (error) {
        if (!(error instanceof WrongExpectedRevisionError) || attempt === MAX_RACES) throw error;
      }
    }
  }

  /** Over the store's port. Each answer is a step on: to adopt a long tape takes minutes, and is not to be stuck. */
  #over<T>(steps: TapeProgram<T>): Promise<T> {
    const { store, clock } = this.#options;
    return runOver(store, steps, () => {
      this.busySince = clock.now();
    });
  }

  async #committed(follower: EngineReplica, decisions: readonly TapeEvent[]): Promise<void> {
    this.busySince = this.#options.clock.now();
    if (decisions.length > 0) this.#options.onDecided?.(decisions);
    const { activation, position } = follower;
    if (activation === null || (this.#saved?.activation === activation && this.#saved.position === position)) return;
    // One that was frozen must not raise it past evidence that another build has yet to decide.
    this.#assertTurn();
    await this.#options.checkpoint.save(activation, position);
    // Who took over meanwhile may have looked before it was saved, and has what was passed over yet to decide.
    this.#assertTurn();
    this.#saved = { activation, position };
    follower.decidedUpTo = this.#saved;
  }

  #assertTurn(): void {
    try {
      this.#options.assertTurn?.();
    } catch (error) {
      throw new NotLeader(error);
    }
  }

  #serially<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++;
    const result = this.#turn.then(async () => {
      try {
        if (this.#stopped !== undefined) throw this.#stopped;
        this.busySince = this.#options.clock.now();
        return await call();
      } catch (error) {
        if (error instanceof NotLeader) throw error.reason;
        this.#follower = undefined;
        this.#standby = undefined;
        if (error instanceof DivergedError || error instanceof SupersededError) this.#stopped = error;
        throw error;
      } finally {
        this.#calls--;
        this.busySince = null;
      }
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }
}
