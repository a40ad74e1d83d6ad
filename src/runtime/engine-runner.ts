/**
 * Runs the engine on a tape: live, by following what others append, or in step with a source of evidence. Calls are
 * taken one at a time. A call that fails throws the engine's state away; the next one adopts again from the tape.
 */

import type { EventData, EventName, TapeEvent } from '../domain/catalogue.ts';
import type { Engine } from '../domain/engine/engine.ts';
import { isoTime } from '../domain/time.ts';
import type { Clock, EventStore, TapeSection } from '../ports.ts';
import { type EvidenceOrigin, makeEvidence } from '../tape/envelope.ts';
import { EngineFollower, sameFact } from './engine-follower.ts';
import { runInSection, runOver } from './tape-operations.ts';

/** Most pieces of evidence that one in-step commit takes. */
export const MAX_STEPS = 500;

/** Where the engine's committed checkpoint is kept: losing it costs time, not truth. */
export interface EngineCheckpoint {
  /** The last position saved, or START. */
  load(): Promise<string>;
  save(position: string): Promise<void>;
}

/** Evidence before it has an id: `key` is the world's own name of the fact. */
export type EvidenceDraft<N extends EventName = EventName> = {
  [K in N]: {
    readonly type: K;
    readonly stream: string;
    readonly key: string;
    readonly data: EventData[K];
    readonly occurredAt: string;
  };
}[N];

export interface EngineRunnerOptions {
  readonly store: EventStore;
  /** Makes an engine with no state; called again each time state is thrown away. */
  readonly makeEngine: () => Engine;
  readonly codeVersion: string;
  readonly clock: Clock;
  readonly checkpoint: EngineCheckpoint;
  /** A person wants this build back in place of the one that replaced it. */
  readonly rollBack?: boolean;
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
  readonly firstDifference?: string;
  /** The number of decisions made and recorded. */
  readonly decisions: number;
}

export class EngineRunner {
  private readonly options: EngineRunnerOptions;
  private follower: EngineFollower | undefined;
  /** The call in hand, so that the next waits for it. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(options: EngineRunnerOptions) {
    this.options = options;
  }

  /** Position of the last evidence that the engine has taken in. */
  get position(): string | undefined {
    return this.follower?.position;
  }

  /** Adopts what is recorded, takes over if another build decided before, and decides what is left. */
  catchUp(): Promise<void> {
    return this.inTurn(async () => {
      const follower = await this.ready();
      const { store } = this.options;
      const decisions = store.exclusively
        ? await store.exclusively((section) => runInSection(section, follower.catchUp()))
        : await runOver(store, follower.catchUp());
      await this.committed(decisions);
    });
  }

  /**
   * Records up to MAX_STEPS pieces of evidence, each with its whole cascade, in one atomic commit, after taking in what
   * others appended. Evidence that is on the tape already is not recorded again.
   */
  inStep(drafts: readonly EvidenceDraft[], origin: Omit<EvidenceOrigin, 'occurredAt'>): Promise<StepOutcome> {
    if (drafts.length > MAX_STEPS) throw new RangeError(`at most ${MAX_STEPS} steps a commit, not ${drafts.length}`);
    return this.inTurn(async () => {
      const follower = await this.ready();
      const { store } = this.options;
      if (store.exclusively === undefined) throw new Error('ingesting in step needs a store with a write lock');
      const decisions: TapeEvent[] = [];
      const outcome = await store.exclusively((section) => {
        decisions.push(...runInSection(section, follower.catchUp()));
        return this.takeDrafts(section, follower, drafts, origin, decisions);
      });
      await this.committed(decisions);
      return { ...outcome, decisions: decisions.length };
    });
  }

  private takeDrafts(
    section: TapeSection,
    follower: EngineFollower,
    drafts: readonly EvidenceDraft[],
    origin: Omit<EvidenceOrigin, 'occurredAt'>,
    decisions: TapeEvent[],
  ): Omit<StepOutcome, 'decisions'> {
    const outcome: { -readonly [K in Exclude<keyof StepOutcome, 'decisions'>]: StepOutcome[K] } = {
      recorded: 0,
      already: 0,
      differing: 0,
    };
    for (const draft of drafts) {
      const evidence = makeEvidence(draft.type, draft.stream, draft.key, draft.data, { ...origin, occurredAt: draft.occurredAt });
      const revision = section.revisionOf(draft.stream);
      const found = revision === 'no-stream' ? undefined : section.find(draft.stream, evidence.id);
      if (found === undefined) {
        const { position } = section.append(draft.stream, revision, [evidence]);
        decisions.push(...runInSection(section, follower.take(evidence, position)));
        outcome.recorded++;
      } else if (sameFact(found, evidence)) {
        outcome.already++;
      } else {
        outcome.differing++;
        outcome.firstDifference ??= `${draft.type} ${draft.key} is on the tape with other content (${draft.stream} revision ${found.revision})`;
      }
    }
    return outcome;
  }

  private async ready(): Promise<EngineFollower> {
    if (this.follower !== undefined) return this.follower;
    const { store, makeEngine, codeVersion, checkpoint, clock, rollBack } = this.options;
    const follower = new EngineFollower(makeEngine(), codeVersion, await checkpoint.load());
    await runOver(store, follower.adopt());
    const now = isoTime(clock.now());
    if (store.exclusively) {
      await store.exclusively((section) => {
        runInSection(section, follower.adopt());
        runInSection(section, follower.activate(rollBack ?? false, now));
      });
    } else {
      await runOver(store, follower.activate(rollBack ?? false, now));
    }
    this.follower = follower;
    return follower;
  }

  private async committed(decisions: readonly TapeEvent[]): Promise<void> {
    if (this.follower !== undefined) await this.options.checkpoint.save(this.follower.position);
    if (decisions.length > 0) this.options.onDecided?.(decisions);
  }

  private inTurn<T>(call: () => Promise<T>): Promise<T> {
    const result = this.turn.then(call).catch((error: unknown) => {
      this.follower = undefined;
      throw error;
    });
    this.turn = result.catch(() => undefined);
    return result;
  }
}
