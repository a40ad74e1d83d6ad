/** Keeps the engine up with a tape that grows: whenever evidence is appended, by whomever, it is taken in. */

import { EVIDENCE_CATEGORIES } from '../../domain/streams.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { comparePositions, isDecision, START } from '../../tape/envelope.ts';
import { HandedOver } from './arriving-evidence.ts';
import type { EngineRunner } from './engine-runner.ts';

export interface EngineLoop {
  /** Rejects when the engine had to stop: the record differs, another build took over, or the store failed. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Adopts, decides what is left, and then follows. Rejects when the engine cannot start. */
export async function startEngineLoop(runner: EngineRunner, store: EventStore): Promise<EngineLoop> {
  await runner.catchUp();
  const handedOver = new HandedOver(runner.reached?.position ?? START);
  const subscription = store.subscribe({
    after: handedOver.after,
    categories: EVIDENCE_CATEGORIES,
    // What it decides itself is not waited for, nor taken in.
    onEvents: (events) => handedOver.add(events.filter((event) => !isDecision(event))),
  });
  const end = (): Promise<void> => {
    handedOver.end();
    return subscription.close();
  };
  const taken = takeIn(runner, handedOver, end);
  const followed = subscription.ended.finally(() => handedOver.end());
  return {
    ended: Promise.all([followed, taken]).then(() => undefined),
    close: async () => {
      await end();
      await taken.catch(() => undefined);
    },
  };
}

/** Until nothing more comes, or the engine fails; then it calls `end`. */
async function takeIn(runner: EngineRunner, handedOver: HandedOver, end: () => Promise<void>): Promise<void> {
  try {
    for (await handedOver.arrived(); !handedOver.isOver; await handedOver.arrived()) {
      const { after } = handedOver;
      const events = handedOver.take();
      const last = events.at(-1)?.position ?? START;
      // Evidence that this process took in step comes past here as well.
      if (comparePositions(runner.reached?.position ?? START, last) >= 0) continue;
      await runner.catchUp({ after, events, arriving: handedOver });
    }
  } finally {
    await end();
  }
}
