/** Waiting: for some time, for a signal, for an answer within some time, and for a backend that is away. */

import type { Time } from './ports/clock.ts';
import { StoreUnavailableError } from './ports/errors.ts';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 5_000;

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Resolves after so many milliseconds, or when `signal` aborts. */
export function pause(time: Time, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = time.after(ms, end);
    signal?.addEventListener('abort', end);
  });
}

/** The outcome of `work`; rejects with what `late` makes when there is none within so many milliseconds. */
export async function within<T>(time: Time, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: ReturnType<Time['after']> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = time.after(ms, () => reject(late()));
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    timer?.cancel();
  }
}

/** The next wait after so many failures in a row, in milliseconds: exponential up to 5 s, half of it jitter. */
export function backoffMs(failed: number, random: () => number): number {
  const most = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failed - 1, 20), LONGEST_WAIT_MS);
  return most / 2 + (random() * most) / 2;
}

/**
 * Calls until an answer comes: while a backend is away (StoreUnavailableError), again and again with backoff; any other
 * error is the caller's. `onAway` is told of the first failure of each absence. When `signal` aborts, the failure is the
 * caller's.
 */
export async function untilAvailable<T>(
  time: Time,
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
      await pause(
        time,
        backoffMs(failed, () => time.random()),
        signal,
      );
    }
  }
}
