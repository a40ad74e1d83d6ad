/**
 * Runs the engine on a tape: live, by following what others append, or in step with a source of evidence. Calls are taken one
 * at a time. A call that fails throws the engine's state away; the next one adopts again from the tape, but for an engine that
 * differs from the record or was replaced: that one has stopped. One that leads no more stands by with its state.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Engine } from '../../domain/engine/engine.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { isoTime } from '../../domain/time.ts';
import type { Time } from '../../ports/clock.ts';
import { type EventStore, hasLock, WrongExpectedRevisionError } from '../../ports/event-store.ts';
import { comparePositions, type EvidenceOrigin } from '../../tape/envelope.ts';
import { AppendsInOrder } from '../process/appends-in-order.ts';
import type { PushedEvidence } from './arriving-evidence.ts';
import { MAX_GROUP } from './cascade-parts.ts';
import { DivergedError, type Reached, StaleStateError, SupersededError } from './decision-log.ts';
import { CheckpointSaver, type EngineCheckpoint } from './engine-checkpoint.ts';
import { EngineReplica } from './engine-replica.ts';
import { MAX_STEPS, recordInStep, type StepOutcome, sumOf } from './in-step.ts';
import { racing, runInSection, runOver, type TapeProgram } from './tape-program.ts';

export interface EngineRunnerOptions {
  readonly store: EventStore;
  /** Makes an engine with no state; called again each time state is thrown away. */
  readonly makeEngine: () => Engine;
  readonly codeVersion: string;
  readonly clock: Pick<Time, 'now' | 'nextLoop'>;
  readonly checkpoint: EngineCheckpoint;
  /** A person wants this build back in place of the one that replaced it. */
  readonly mayRollBack?: boolean;
  /** Throws when this process does not lead, or leads no more: asked before each page, before and after each checkpoint. */
  readonly assertLeader?: () => void;
  /** Called after a commit with the decisions that this process made, in order. */
  readonly onDecided?: (decisions: readonly TapeEvent[]) => void;
}

/** The engine's mode at this moment, with its state. */
type Mode =
  /** Nothing is adopted, or it was thrown away. */
  | { readonly kind: 'cold' }
  /** Adopts what another process decides. */
  | { readonly kind: 'standby'; readonly replica: EngineReplica }
  | { readonly kind: 'deciding'; readonly replica: EngineReplica }
  /** Nothing more may be decided in this process, and why. */
  | { readonly kind: 'stopped'; readonly reason: DivergedError | SupersededError };

const COLD: Mode = { kind: 'cold' };

export class EngineRunner {
  readonly #options: EngineRunnerOptions;
  #mode: Mode = COLD;
  /** A person's wish is good for one time. */
  #mayRollBack: boolean;
  /** The error that ended the leadership between two commits: the state is that of the tape, and is kept. */
  #leadershipLost: unknown;
  readonly #checkpoints: CheckpointSaver;
  readonly #inOrder: AppendsInOrder;
  /** When the call in hand began or last got on, in epoch ms: a commit, an answer of the tape; null while there is none. */
  busySince: number | null = null;
  /** The call in hand, so that the next waits for it. */
  #lastCall: Promise<unknown> = Promise.resolve();
  /** The one in hand and those that wait. */
  #calls = 0;
  #endClaim = (): void => undefined;

  constructor(options: EngineRunnerOptions) {
    this.#options = options;
    this.#mayRollBack = options.mayRollBack ?? false;
    this.#inOrder = new AppendsInOrder(options.store);
    this.#checkpoints = new CheckpointSaver(options.checkpoint, () => this.#assertLeader(), options.clock);
  }

  /** How far it has decided and recorded, or adopted; undefined where there is no state. */
  get reached(): Reached | undefined {
    return 'replica' in this.#mode ? this.#mode.replica.reached : undefined;
  }

  /**
   * Takes in what is recorded, as a standby from now on, and decides nothing. Returns why this build may not decide, for
   * one that was replaced may not until it is put back; null when it may.
   */
  follow(): Promise<string | null> {
    return this.#serially(() => {
      this.#endDeciding();
      return this.#anewWhereStale(async () => {
        const replica = await this.#upToDate();
        this.#mode = { kind: 'standby', replica };
        return replica.whyNotActivate(this.#mayRollBack);
      });
    });
  }

  /**
   * Decides no more, for another process does; `follow` and `catchUp` may be called again. Its state is kept, unless a
   * call has failed or it holds what nobody else can know to be decided: another build may decide otherwise on that.
   */
  standDown(): Promise<void> {
    if (this.#mode.kind === 'stopped' && this.#mode.reason instanceof SupersededError) this.#mode = COLD;
    return this.#serially(async () => this.#endDeciding());
  }

  /**
   * Adopts what is recorded, takes over if another build decided before, and decides what is left. Without a lock, what was
   * pushed and arrives meanwhile is all that is taken in where it goes on from what is: it is not read again.
   */
  catchUp(pushed?: PushedEvidence): Promise<void> {
    return this.#serially(async () => {
      const replica = await this.#deciding();
      const goesOn = pushed !== undefined && comparePositions(replica.position, pushed.after) >= 0;
      if (!goesOn || hasLock(this.#options.store)) return this.#catchUpWith(replica);
      this.#assertLeader();
      await this.#noteCommit(replica, await this.#over(replica.takeIn(pushed.events, pushed.arriving)));
    });
  }

  /**
   * Records up to MAX_STEPS pieces of evidence, each with its whole cascade, in one atomic commit, after taking in what
   * others appended. Evidence that is on the tape already is not recorded again, and what is in `older` not at all.
   */
  inStep(
    drafts: readonly EvidenceDraft[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    older: ReadonlySet<EvidenceDraft> = new Set(),
  ): Promise<StepOutcome> {
    if (drafts.length > MAX_STEPS) throw new RangeError(`at most ${MAX_STEPS} steps a commit, not ${drafts.length}`);
    return this.#serially(async () => {
      const replica = await this.#deciding();
      const { store } = this.#options;
      if (!hasLock(store)) throw new Error('ingesting in step needs a store with a write lock');
      await this.#catchUpWith(replica);
      const { made, pieces } = await store.exclusively((section) => recordInStep(section, replica, drafts, origin, older));
      await this.#noteCommit(replica, made);
      return { ...sumOf(pieces), pieces };
    });
  }

  /** Takes the replica in hand until `release`; null where it does not decide, is busy, or its next call has a failure to tell. */
  claim(): EngineReplica | null {
    if (this.#mode.kind !== 'deciding' || this.#calls > 0 || this.#checkpoints.hasFailed) return null;
    // What is called meanwhile must not come by a state that may be thrown away yet.
    const claim = Promise.withResolvers<void>();
    [this.#lastCall, this.#endClaim] = [claim.promise, claim.resolve];
    this.#calls++;
    this.busySince = this.#options.clock.now();
    return this.#mode.replica;
  }

  /** Ends `claim`: what was decided is durable, or it failed and the state is thrown away. */
  release(replica: EngineReplica, outcome: { readonly made: readonly TapeEvent[] } | { readonly error: unknown }): void {
    this.#calls--;
    this.busySince = null;
    this.#endClaim();
    if ('error' in outcome) {
      this.#noteFailure(outcome.error);
      return;
    }
    // Behind the commit in hand, which is to be answered even where this throws, as a log on a full disk does.
    if (outcome.made.length > 0) queueMicrotask(() => this.#options.onDecided?.(outcome.made));
    this.#checkpoints.saveLater(replica);
  }

  /** Resolves when what it has in hand is done, its checkpoint included. */
  async settled(): Promise<void> {
    await this.#lastCall;
    await this.#checkpoints.idle();
  }

  /** A page of the tape a commit, so that no lock is held for long. */
  async #catchUpWith(replica: EngineReplica): Promise<void> {
    const { store } = this.#options;
    for (let hasMore = true; hasMore; ) {
      this.#assertLeader();
      const page = hasLock(store)
        ? await store.exclusively((section) => runInSection(section, replica.catchUp()))
        : await this.#over(replica.catchUp());
      await this.#noteCommit(replica, page.made);
      hasMore = page.hasMore;
    }
  }

  /** The replica that decides, which has taken over where it did not before. */
  async #deciding(): Promise<EngineReplica> {
    if (this.#mode.kind === 'deciding') return this.#mode.replica;
    const replica = await this.#anewWhereStale(() => this.#takeOver());
    this.#mode = { kind: 'deciding', replica };
    return replica;
  }

  /** Keeps the state where a replica that adopts the record would come to the same one. */
  #endDeciding(): void {
    if (this.#mode.kind !== 'deciding') return;
    const { replica } = this.#mode;
    replica.deactivate();
    this.#mode = replica.isOnRecord ? { kind: 'standby', replica } : COLD;
  }

  async #takeOver(): Promise<EngineReplica> {
    const { store, clock } = this.#options;
    const mayRollBack = this.#mayRollBack;
    const replica = await this.#upToDate();
    this.#mode = COLD;
    const [{ activeBuild }, now] = [replica, isoTime(clock.now())];
    function* takeOver(): TapeProgram<void> {
      yield* replica.adopt();
      // How far that one has come since stands in a checkpoint which was not looked at.
      if (replica.activeBuild !== activeBuild) throw new StaleStateError('another build came first');
      yield* replica.activate(mayRollBack, now);
    }
    if (hasLock(store)) await store.exclusively((section) => runInSection(section, takeOver()));
    // Others may append between adoption and activation: then there is more to adopt first.
    else
      await racing(
        () => this.#over(takeOver()),
        (error) => error instanceof WrongExpectedRevisionError,
      );
    this.#mayRollBack = false;
    return replica;
  }

  /** The standby, or a new one, with all taken in that is known to be decided. */
  async #upToDate(): Promise<EngineReplica> {
    const replica = this.#mode.kind === 'standby' ? this.#mode.replica : await this.#makeReplica();
    // Adoption may come to another build's activation, which has a checkpoint of its own.
    for (let activation: string | null | undefined; activation !== replica.activation; ) {
      ({ activation } = replica);
      if (activation !== null) replica.decidedUpTo = { activation, position: await this.#options.checkpoint.load(activation) };
      await this.#over(replica.adopt());
    }
    return replica;
  }

  /** Has adopted as far as cascades tell, and so knows which build decides. */
  async #makeReplica(): Promise<EngineReplica> {
    const { store, makeEngine, codeVersion, checkpoint } = this.#options;
    await checkpoint.assertSameTape();
    const replica = new EngineReplica(makeEngine(), codeVersion, hasLock(store) ? 1 : MAX_GROUP);
    await this.#over(replica.adopt());
    return replica;
  }

  /** Does the work again from the tape's start where another build has taken over from before what the state holds. */
  #anewWhereStale<T>(work: () => Promise<T>): Promise<T> {
    return racing(work, (error) => {
      if (!(error instanceof StaleStateError)) return false;
      this.#mode = COLD;
      return true;
    });
  }

  /** Over the store's port. Each answer is a step on: to adopt a long tape takes minutes, and is not to be stuck. */
  #over<T>(program: TapeProgram<T>): Promise<T> {
    const { store, clock } = this.#options;
    const onStep = (): void => {
      this.busySince = clock.now();
    };
    return runOver(store, program, { onStep, nextLoop: () => clock.nextLoop(), inOrder: this.#inOrder });
  }

  async #noteCommit(replica: EngineReplica, decisions: readonly TapeEvent[]): Promise<void> {
    this.busySince = this.#options.clock.now();
    if (decisions.length > 0) this.#options.onDecided?.(decisions);
    await this.#checkpoints.save(replica);
  }

  #assertLeader(): void {
    try {
      this.#options.assertLeader?.();
    } catch (error) {
      this.#leadershipLost = error;
      throw error;
    }
  }

  #serially<T>(call: () => Promise<T>): Promise<T> {
    this.#calls++;
    const result = this.#lastCall.then(async () => {
      try {
        if (this.#mode.kind === 'stopped') throw this.#mode.reason;
        this.#checkpoints.assertSaved();
        this.busySince = this.#options.clock.now();
        return await call();
      } catch (error) {
        if (error !== this.#leadershipLost) this.#noteFailure(error);
        throw error;
      } finally {
        this.#calls--;
        this.busySince = null;
      }
    });
    this.#lastCall = result.catch(() => undefined);
    return result;
  }

  /** The state may be ahead of the tape. */
  #noteFailure(error: unknown): void {
    const isFinal = error instanceof DivergedError || error instanceof SupersededError;
    this.#mode = isFinal ? { kind: 'stopped', reason: error } : COLD;
  }
}
