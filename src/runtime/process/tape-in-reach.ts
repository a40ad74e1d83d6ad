/**
 * The holder of a lease must reach the tape. One that does not would keep the others from work that they can do, and it
 * need not notice by itself: a subscription waits for its backend, however long.
 */

import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { pause } from '../../waiting.ts';
import type { Lease } from '../leases/lease.ts';
import type { RunPart } from './supervisor.ts';

/** How often it is looked whether the tape answers. */
const LOOK_EVERY_MS = 2_000;

/**
 * Runs a part that asks for `lease` while the tape answers. When it does not any more, the part is ended, the lease
 * given back, and the tape's failure thrown. Without a lease there is nobody else to do the work.
 */
export function whileTapeInReach(time: Time, events: Pick<EventStore, 'head'>, lease: Lease | null, run: RunPart): RunPart {
  if (lease === null) return run;
  return async (tell, signal) => {
    // Before the lease is asked for.
    await events.head();
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    const lost = untilLost(time, events, ending.signal).finally(end);
    lost.catch(() => undefined);
    try {
      await run(tell, ending.signal);
      end();
      if (!signal.aborted) await lost;
    } finally {
      end();
      signal.removeEventListener('abort', end);
      await lease.giveBack().catch(() => undefined);
    }
  };
}

/** Rejects when the tape does not answer; resolves when `signal` aborts. */
async function untilLost(time: Time, events: Pick<EventStore, 'head'>, signal: AbortSignal): Promise<void> {
  for (;;) {
    await pause(time, LOOK_EVERY_MS, signal);
    if (signal.aborted) return;
    await events.head();
  }
}
