/** Waiting: for some time, for a signal, for an answer within some time, and for a backend that is away. */

import type { Time, Timer, TimerOptions } from './ports/clock.ts';
import { StoreUnavailableError } from './ports/errors.ts';

/** How the waits between tries grow: the first is this long at most, and none is longer than the longest. */
export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Between calls of a backend that is away. */
const BACKEND_BACKOFF: Backoff = { firstMs: 50, longestMs: 5_000 };

/** Calls `listener` when `signal` aborts, at once where it has. Returns the function that removes the listener. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) listener();
  else signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Resolves when `signal` aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    onAbort(signal, () => resolve());
  });
}

/** Resolves after so many milliseconds, or when `signal` aborts. */
export function pause(time: Pick<Time, 'after'>, ms: number, signal?: AbortSignal, options?: TimerOptions): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = time.after(ms, end, options);
    signal?.addEventListener('abort', end);
  });
}

/** The time that some work may take, while it takes it. */
export interface TimeLimit {
  /** Begins again: so many milliseconds from now, or as many as before. */
  restart(ms?: number): void;
  /** Ends the wait at once, with that error. */
  giveUp(error: Error): void;
}

/**
 * The outcome of `work`; rejects with the error of `late` when there is none within so many milliseconds. The
 * outcome of the work is ignored then.
 */
export async function within<T>(
  time: Pick<Time, 'after' | 'monotonic'>,
  ms: number,
  work: (limit: TimeLimit) => Promise<T>,
  late: (ms: number) => Error,
): Promise<T> {
  const ended = Promise.withResolvers<never>();
  let [limitMs, began] = [ms, time.monotonic()];
  // A limit that begins again as long as it was, as it may do for each event that is read, keeps its timer.
  const look = (): void => {
    const leftMs = began + limitMs - time.monotonic();
    if (leftMs > 0) timer = time.after(leftMs, look);
    else ended.reject(late(limitMs));
  };
  let timer: Timer | undefined = time.after(ms, look);
  const restart = (restartMs?: number): void => {
    began = time.monotonic();
    if (restartMs === undefined || timer === undefined) return;
    timer.cancel();
    limitMs = restartMs;
    timer = time.after(restartMs, look);
  };
  try {
    return await Promise.race([work({ restart, giveUp: ended.reject }), ended.promise]);
  } finally {
    timer?.cancel();
    timer = undefined;
    ended.promise.catch(() => undefined);
  }
}

/** The next wait after so many failures in a row, in milliseconds: it doubles with each, and half of it is jitter. */
export function backoffMs(time: Pick<Time, 'random'>, failed: number, { firstMs, longestMs }: Backoff = BACKEND_BACKOFF): number {
  const most = Math.min(firstMs * 2 ** Math.min(failed - 1, 20), longestMs);
  return most / 2 + (time.random() * most) / 2;
}

/**
 * Calls until an answer comes: while a backend is away (StoreUnavailableError), again and again with backoff; any other
 * error is thrown. `onAway` is called at the first failure of each absence. When `signal` aborts, the failure is
 * thrown.
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
      await pause(time, backoffMs(time, failed), signal);
    }
  }
}
