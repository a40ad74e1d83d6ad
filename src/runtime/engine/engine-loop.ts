/** Keeps the engine up with a tape that grows: whenever evidence is appended, by whomever, it is taken in. */

import { EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import type { EventStore, Subscription } from '../../ports/event-store.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import type { EngineRunner } from './engine-runner.ts';

export interface EngineLoop {
  /** Rejects when the engine had to stop: the record differs, another build took over, or the store failed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Adopts, decides what is left, and then follows. Rejects when the engine cannot start. */
export async function startEngineLoop(runner: EngineRunner, store: EventStore): Promise<EngineLoop> {
  await runner.catchUp();
  let after = runner.reached?.position ?? START;
  const subscription: Subscription = store.subscribe({
    after,
    categories: EVIDENCE_CATEGORIES,
    onEvents: async (events, position) => {
      const last = events.at(-1)?.position ?? START;
      const pushed = { after, events };
      after = position;
      // Evidence that this process took in step comes past here as well.
      if (comparePositions(runner.reached?.position ?? START, last) < 0) await runner.catchUp(pushed);
    },
  });
  return { ended: subscription.ended, close: () => subscription.close() };
}
