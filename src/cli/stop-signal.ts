/** When a command is to stop, and that it does. */

import type { Time } from '../ports/clock.ts';

const LOOK_EVERY_MS = 250;
/** Longer than what is in hand may take where a store is away, shorter than a cluster waits before it ends the process itself. */
const END_MS = 9_000;

/**
 * Aborts at the first SIGINT, SIGTERM or SIGHUP, so that what is in hand is finished; a second SIGINT or SIGTERM ends the
 * process at once. SIGHUP comes several times when a terminal is closed: from the system, and from the shell.
 * `isWithinNpm`: aborts also when the parent is gone. npm hands SIGTERM on to the shell that it started us in, and that
 * shell ends without telling us: we would stay behind, holding the port.
 */
export function stopSignal(time: Time, isWithinNpm: boolean): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(name));
  }
  process.on('SIGHUP', () => controller.abort('SIGHUP'));
  if (isWithinNpm) abortWithoutParent(time, controller);
  return controller.signal;
}

/**
 * Ends the process, should it not have ended by itself in time from now: what holds it up may never end, such as a disk
 * that does not answer. The tape is whole whenever a process is killed.
 */
export function endForSure(time: Time): void {
  // Anything milder waits for the same.
  time.after(END_MS, () => process.kill(process.pid, 'SIGKILL'), { isAwaited: false });
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
