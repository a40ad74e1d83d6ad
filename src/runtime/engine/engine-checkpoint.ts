/** The engine's checkpoints, kept in the read store. */

import type { ReadStore } from '../../ports/read-store.ts';
import { START } from '../../tape/envelope.ts';
import type { EngineCheckpoint } from './engine-runner.ts';

/** The name under which the read store has how far the engine has come, whichever build. */
export const ENGINE_CHECKPOINT = 'engine';

/** How far each build has come since it took over: a document by the id of its activation, at that position. */
export const ENGINE_CHECKPOINTS = { name: 'engine-checkpoints@1', indexes: [] };

/** `assertSameTape` throws when the read store belongs to another tape. */
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
