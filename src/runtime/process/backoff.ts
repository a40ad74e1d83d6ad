/** Waiting for an engine that is away: ever longer up to a limit, and never in step with the others that wait. */

import { setTimeout as sleep } from 'node:timers/promises';
import { StoreUnavailableError } from '../../ports/errors.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

/** The next wait after so many failures in a row, in milliseconds: half of it is chance. */
export function backoffMs(failed: number, random: () => number = Math.random): number {
  const most = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failed - 1, 20), LONGEST_WAIT_MS);
  return most / 2 + (random() * most) / 2;
}

/** Waits so long, or until `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

/**
 * Calls until an answer comes: while an engine is away (StoreUnavailableError), again and again; any other error is the
 * caller's. `onAway` is told of the first failure of each absence. When `signal` aborts, the failure is the caller's.
 */
export async function untilAvailable<T>(
  call: () => Promise<T>,
  signal: AbortSignal,
  onAway: (error: StoreUnavailableError) => void = () => {},
): Promise<T> {
  for (let failed = 0; ; ) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError) || signal.aborted) throw error;
      if (++failed === 1) onAway(error);
      await pause(backoffMs(failed), signal);
    }
  }
}
