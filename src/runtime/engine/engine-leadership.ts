/**
 * The engine among several instances on one tape. One decides: the holder of the lease. The others stand by: they take
 * in its decisions, in memory, and decide nothing, so that the next holder goes on at once. A build that was replaced
 * stands by as well, says so, and does not ask for the lease.
 */

import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { aborted, onAbort, pause } from '../../waiting.ts';
import type { Lease, Tenure } from '../leases/lease.ts';
import type { RunPart } from '../process/supervisor.ts';
import { SupersededError } from './decision-log.ts';
import { startEngineLoop } from './engine-loop.ts';
import type { EngineRunner } from './engine-runner.ts';

/** How often a standby takes in what was recorded since. */
const FOLLOW_EVERY_MS = 500;

/** Runs the engine where it is the only one, or where the store's own lock says who decides. */
export function engineAlone(runner: EngineRunner, events: EventStore): RunPart {
  return (tell, signal) => decide(runner, events, signal, () => tell('running'));
}

/** Guards the engine's writes: nothing is appended without the lease. */
export class LeadershipGuard {
  #tenure: Tenure | undefined;

  begin(tenure: Tenure): void {
    this.#tenure = tenure;
  }

  /** Throws when this instance does not lead, or leads no more. */
  assertHeld(): void {
    if (this.#tenure === undefined) throw new Error('the engine of a standby was to decide');
    this.#tenure.assertHeld();
  }
}

/**
 * Runs the engine, deciding whenever the lease is held. The store that `runner` appends to asks `guard` each time.
 * `onReplaced` is told why this build does not decide any more, once for each time that it was replaced.
 */
export function engineUnderLease(
  runner: EngineRunner,
  events: EventStore,
  lease: Lease,
  guard: LeadershipGuard,
  time: Time,
  onReplaced: (why: string) => void,
): RunPart {
  let told: string | null = null;
  const tellWhyNot = (whyNot: string | null): void => {
    if (whyNot !== null && whyNot !== told) onReplaced(whyNot);
    told = whyNot;
  };
  return async (tell, signal) => {
    while (!signal.aborted) {
      const tenure = await standBy(runner, lease, time, signal, (whyNot) => {
        tell('standby');
        tellWhyNot(whyNot);
      });
      if (tenure === undefined) return;
      guard.begin(tenure);
      try {
        await decide(runner, events, AbortSignal.any([signal, tenure.ended]), () => tell('running'));
      } catch (error) {
        // Another instance may be able to do what this one cannot.
        if (!signal.aborted) await lease.giveBack().catch(() => undefined);
        // Another build came between the last look and the lease: the next look knows.
        if (!(error instanceof SupersededError)) throw error;
      } finally {
        await runner.standDown();
      }
    }
  };
}

/** Follows until the lease is held; `onLook` is told each time why this build may not decide, or null. Undefined when `signal` aborts before. */
async function standBy(
  runner: EngineRunner,
  lease: Lease,
  time: Time,
  signal: AbortSignal,
  onLook: (whyNot: string | null) => void,
): Promise<Tenure | undefined> {
  while (!signal.aborted) {
    const whyNot = await runner.follow();
    onLook(whyNot);
    if (whyNot !== null) {
      await lease.giveBack();
      await pause(time, FOLLOW_EVERY_MS, signal);
      continue;
    }
    const tenure = await acquireWithin(time, FOLLOW_EVERY_MS, lease, signal);
    if (tenure !== undefined) return tenure;
  }
  return undefined;
}

/** With a timer of its own: a signal that is made of a timeout may be collected before it fires. */
async function acquireWithin(time: Time, ms: number, lease: Lease, signal: AbortSignal): Promise<Tenure | undefined> {
  const over = new AbortController();
  const stop = (): void => over.abort();
  const timer = time.after(ms, stop);
  const stopListening = onAbort(signal, stop);
  try {
    return await lease.acquire(over.signal);
  } finally {
    timer.cancel();
    stopListening();
  }
}

/** Decides until `signal` aborts. */
async function decide(runner: EngineRunner, events: EventStore, signal: AbortSignal, onDeciding: () => void): Promise<void> {
  const loop = await startEngineLoop(runner, events);
  loop.ended.catch(() => undefined);
  onDeciding();
  try {
    await Promise.race([loop.ended, aborted(signal)]);
  } finally {
    await loop.close();
  }
}
