/** Keeps the engine up with a tape that grows: whenever evidence is appended, by whomever, it is taken in. */

import { EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import type { EventStore, Subscription } from '../../ports/event-store.ts';
import { comparePositions, isDecision, START } from '../../tape/envelope.ts';
import type { EngineRunner } from './engine-runner.ts';

export interface EngineLoop {
  /** Rejects when the engine had to stop: the record differs, another build took over, or the store failed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Adopts, decides what is left, and then follows. Rejects when the engine cannot start. */
export async function startEngineLoop(runner: EngineRunner, store: EventStore): Promise<EngineLoop> {
  await runner.catchUp();
  /** Of the last evidence: there is none between it and what comes next. */
  let after = runner.reached?.position ?? START;
  const subscription: Subscription = store.subscribe({
    after,
    categories: EVIDENCE_CATEGORIES,
    onEvents: async (events) => {
      // What it decides itself is not waited for, nor taken in.
      const evidence = events.filter((event) => !isDecision(event));
      const last = evidence.at(-1);
      if (last === undefined) return;
      const pushed = { after, events: evidence };
      after = last.position;
      // Evidence that this process took in step comes past here as well.
      if (comparePositions(runner.reached?.position ?? START, last.position) < 0) await runner.catchUp(pushed);
    },
  });
  return { ended: subscription.ended, close: () => subscription.close() };
}
