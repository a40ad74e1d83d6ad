/**
 * How far the engine has come, kept in the read store: one checkpoint for each activation, since what one build passed
 * over another may have yet to decide. Losing them costs time, not truth.
 */

import type { ReadStore } from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';

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
