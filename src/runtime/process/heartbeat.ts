/**
 * Shows another thread that this one's loop turns: a counter in shared memory that goes up as long as it does. A watcher
 * needs no clock but its own.
 */

import type { Time } from '../../ports/clock.ts';

const BEAT_EVERY_MS = 1_000;
/** A loop that has not turned for this long is stuck. */
export const MAX_TURN_MS = 60_000;

/** How a thread is, as seen from another. */
export type HeartbeatState = 'turning' | 'engine-stuck' | 'stuck';

const BEATS = 0;
const ENGINE_STUCK = 1;

export function makeHeartbeat(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** Beats from now on, and so keeps the process alive; `isEngineStuck` is asked each time. Returns what ends it. */
export function beat(heartbeat: SharedArrayBuffer, time: Time, isEngineStuck: () => boolean): () => void {
  const cells = new Int32Array(heartbeat);
  const timer = time.every(BEAT_EVERY_MS, () => {
    Atomics.add(cells, BEATS, 1);
    Atomics.store(cells, ENGINE_STUCK, isEngineStuck() ? 1 : 0);
  });
  return () => timer.cancel();
}

/** Watches a heartbeat. `look` says how the thread is at that moment. */
export function watchHeartbeat(
  heartbeat: SharedArrayBuffer,
  time: Time,
): { readonly look: () => HeartbeatState; readonly close: () => void } {
  const cells = new Int32Array(heartbeat);
  let seen = Atomics.load(cells, BEATS);
  let seenAt = time.monotonic();
  const look = (): HeartbeatState => {
    const beats = Atomics.load(cells, BEATS);
    if (beats !== seen) [seen, seenAt] = [beats, time.monotonic()];
    if (time.monotonic() - seenAt > MAX_TURN_MS) return 'stuck';
    return Atomics.load(cells, ENGINE_STUCK) === 1 ? 'engine-stuck' : 'turning';
  };
  // Looked at all the time: else a first question after a long silence would find an old beat.
  const timer = time.every(BEAT_EVERY_MS, look, { isAwaited: false });
  return { look, close: () => timer.cancel() };
}
