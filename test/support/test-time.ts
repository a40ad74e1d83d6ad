/** Times for tests: that of this machine, with a part of it in the test's hands. */

import { systemTime } from '../../src/adapters/system-time.ts';
import type { Clock, Time } from '../../src/ports/clock.ts';

/** This machine's time, with a wall clock of the test's own. */
export function timeWith(clock: Clock): Time {
  return { ...systemTime, now: () => clock.now() };
}

/** The time of this machine, with a wall clock that stands where the test sets it. */
export interface SetTime extends Time {
  /** What the wall clock says, in milliseconds since the epoch. */
  ms: number;
}

/** A time whose wall clock stands at `ms` until it is set. */
export function timeAt(ms: number): SetTime {
  const time: SetTime = { ...systemTime, ms, now: () => time.ms };
  return time;
}

/** Both clocks stand at zero, and each wait is over when `wait` is: in the next turn of the event loop unless it is given. */
export function hastyTime(wait: (ms: number) => Promise<void> = systemTime.nextLoop): Time {
  const after: Time['after'] = (ms, call) => {
    let isCancelled = false;
    const callUnlessCancelled = (): void => {
      if (!isCancelled) call();
    };
    wait(ms).then(callUnlessCancelled, callUnlessCancelled);
    return {
      cancel: () => {
        isCancelled = true;
      },
    };
  };
  return { ...systemTime, now: () => 0, monotonic: () => 0, after };
}

/** `time`, with waits and durations that pass so many times as fast. Its wall clock stays as it is. */
export function quickened(time: Time, factor: number): Time {
  return {
    ...time,
    monotonic: () => time.monotonic() * factor,
    after: (ms, call, options) => time.after(ms / factor, call, options),
    every: (ms, call, options) => time.every(ms / factor, call, options),
  };
}
