/**
 * How far the engine has come, kept in the read store: one checkpoint for each activation, since what one build passed
 * over another may have yet to decide. Losing them costs time, not truth.
 */

import type { Time } from '../../ports/clock.ts';
import { StoreUnavailableError } from '../../ports/errors.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';
import type { DecidedUpTo } from './decision-log.ts';
import type { EngineReplica } from './engine-replica.ts';

/** The read store's checkpoint of the engine, whichever build: how far it has come. */
export const ENGINE_CHECKPOINT = 'engine';

/** How far each build has come since it took over: a document by the id of its activation, at that position. */
export const ENGINE_CHECKPOINTS = { name: 'engine-checkpoints@1', indexes: [] };

export interface EngineCheckpoint {
  /** Throws when what is kept is not of this tape. */
  assertSameTape(): Promise<void>;
  /** The last position saved under that EngineActivated event's id, or START. */
  load(activation: string): Promise<string>;
  save(activation: string, position: string): Promise<void>;
}

/** In `reads`; `assertSameTape` throws when that belongs to another tape. */
export function engineCheckpoint(reads: ReadStore, assertSameTape: () => Promise<void>): EngineCheckpoint {
  return {
    assertSameTape: async () => {
      await reads.prepare([ENGINE_CHECKPOINTS]);
      await assertSameTape();
    },
    load: async (activation) => (await reads.load(ENGINE_CHECKPOINTS.name, [activation])).get(activation)?._position ?? START,
    save: async (activation, position) => {
      const write = { collection: ENGINE_CHECKPOINTS.name, key: activation, document: { _position: position } };
      await reads.commit(ENGINE_CHECKPOINT, [write], position);
    },
  };
}

/** The state of a replica at a commit. */
interface Commit {
  readonly replica: EngineReplica;
  readonly upTo: DecidedUpTo;
}

/** Saves how far the engine has come after its commits. A failure costs time, not truth. */
export class CheckpointSaver {
  readonly #checkpoint: EngineCheckpoint;
  /** Throws when this process does not lead, or leads no more. */
  readonly #assertLeader: () => void;
  readonly #time: Pick<Time, 'nextLoop'>;
  #saved: DecidedUpTo | undefined;
  /** To be saved in the background: the latest alone counts. */
  #next: Commit | undefined;
  #saving: Promise<void> | undefined;
  /** Why saving in the background failed. */
  #failure: { readonly error: unknown } | undefined;

  constructor(checkpoint: EngineCheckpoint, assertLeader: () => void, time: Pick<Time, 'nextLoop'>) {
    this.#checkpoint = checkpoint;
    this.#assertLeader = assertLeader;
    this.#time = time;
  }

  /** Saves what the replica has come to, whose last commit is durable. */
  async save(replica: EngineReplica): Promise<void> {
    const { activation, position } = replica;
    await this.#save({ replica, upTo: { activation, position } });
  }

  /** As `save`, in the background: appends do not wait for another store. */
  saveLater(replica: EngineReplica): void {
    const { activation, position } = replica;
    this.#next = { replica, upTo: { activation, position } };
    this.#saving ??= this.#saveWhileDue();
  }

  /** Is there a failure of saving in the background that `assertSaved` is to throw? */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Throws, once, why saving in the background failed; a store that is away does not count, for it is asked again. */
  assertSaved(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
  }

  /** Resolves when nothing is being saved. */
  async idle(): Promise<void> {
    await this.#saving;
  }

  async #saveWhileDue(): Promise<void> {
    // Those who appended are answered first.
    await this.#time.nextLoop();
    for (let due = this.#next; due !== undefined; due = this.#next) {
      this.#next = undefined;
      try {
        await this.#save(due);
      } catch (error) {
        // With the next commit it is asked again.
        if (!(error instanceof StoreUnavailableError)) this.#failure = { error };
      }
    }
    this.#saving = undefined;
  }

  async #save({ replica, upTo }: Commit): Promise<void> {
    const { activation, position } = upTo;
    if (activation === null || (this.#saved?.activation === activation && this.#saved.position === position)) return;
    // One that was frozen must not raise it past evidence that another build has yet to decide.
    this.#assertLeader();
    await this.#checkpoint.save(activation, position);
    // A build that took over meanwhile may have looked before it was saved: it is yet to decide the evidence passed over.
    this.#assertLeader();
    this.#saved = upTo;
    replica.decidedUpTo = upTo;
  }
}
