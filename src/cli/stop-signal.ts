/** When a command is to stop. */

import type { Time } from '../ports/clock.ts';

const LOOK_EVERY_MS = 250;

/**
 * Aborts at the first SIGINT or SIGTERM, so that what is in hand is finished; a second one ends the process at once.
 * `isWithinNpm`: aborts also when the parent is gone. npm hands SIGTERM on to the shell that it started us in, and that
 * shell ends without telling us: we would stay behind, holding the port.
 */
export function stopSignal(time: Time, isWithinNpm: boolean): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(name));
  }
  if (isWithinNpm) abortWithoutParent(time, controller);
  return controller.signal;
}

function abortWithoutParent(time: Time, controller: AbortController): void {
  const parent = process.ppid;
  const look = (): void => {
    if (process.ppid === parent) return;
    looking.cancel();
    controller.abort('the parent has ended');
  };
  const looking = time.every(LOOK_EVERY_MS, look, { isAwaited: false });
}
