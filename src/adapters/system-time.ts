/** The time and chance of this machine. The one file that asks Node for them. */

import { randomUUID } from 'node:crypto';
import type { Time, Timer } from '../ports/clock.ts';

export const systemTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, call, options) => timer(setTimeout(call, ms), clearTimeout, options?.isAwaited),
  every: (ms, call, options) => timer(setInterval(call, ms), clearInterval, options?.isAwaited),
  nextLoop: () => new Promise((resolve) => setImmediate(resolve)),
  random: () => Math.random(),
  uuid: () => randomUUID(),
};

function timer(handle: NodeJS.Timeout, clear: (handle: NodeJS.Timeout) => void, isAwaited = true): Timer {
  if (!isAwaited) handle.unref();
  return { cancel: () => clear(handle) };
}
