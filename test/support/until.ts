/** How tests wait for what comes in its own time. */

import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

export interface UntilOptions {
  /** What is awaited, where the code does not say it best. */
  readonly what?: string;
  /** Default 20 s. */
  readonly timeoutMs?: number;
  /** Between two looks, for those that cost much. Default: first every turn of the event loop, then 10 ms. */
  readonly pauseMs?: number;
}

/** So long it looks at every turn of the event loop, later at times, to leave the processor to others. */
const EAGER_MS = 50;
const PAUSE_MS = 10;

/** Looks again and again until it is so. Throws when it has not come to be in time. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  { what = String(isSo), timeoutMs = 20_000, pauseMs }: UntilOptions = {},
): Promise<void> {
  const begin = performance.now();
  while (!(await isSo())) {
    const waitedMs = performance.now() - begin;
    if (waitedMs > timeoutMs) throw new Error(`it has not come to be: ${what}`);
    await (pauseMs === undefined && waitedMs < EAGER_MS ? nextTurn() : sleep(pauseMs ?? PAUSE_MS));
  }
}
