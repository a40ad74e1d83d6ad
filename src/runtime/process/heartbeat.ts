/**
 * Shows another thread that this one's loop turns: a counter in shared memory that goes up as long as it does. Whoever
 * looks needs no clock but its own.
 */

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
export function beat(heartbeat: SharedArrayBuffer, isEngineStuck: () => boolean): () => void {
  const cells = new Int32Array(heartbeat);
  const timer = setInterval(() => {
    Atomics.add(cells, BEATS, 1);
    Atomics.store(cells, ENGINE_STUCK, isEngineStuck() ? 1 : 0);
  }, BEAT_EVERY_MS);
  return () => clearInterval(timer);
}

/** Watches a pulse. What it returns says how the thread is whenever it is asked; `monotonic` is in milliseconds. */
export function watchHeartbeat(
  heartbeat: SharedArrayBuffer,
  monotonic: () => number = () => performance.now(),
): { readonly look: () => HeartbeatState; readonly close: () => void } {
  const cells = new Int32Array(heartbeat);
  let seen = Atomics.load(cells, BEATS);
  let seenAt = monotonic();
  const look = (): HeartbeatState => {
    const beats = Atomics.load(cells, BEATS);
    if (beats !== seen) [seen, seenAt] = [beats, monotonic()];
    if (monotonic() - seenAt > MAX_TURN_MS) return 'stuck';
    return Atomics.load(cells, ENGINE_STUCK) === 1 ? 'engine-stuck' : 'turning';
  };
  // Looked at all the time: else a first question after a long silence would find an old beat.
  const timer = setInterval(look, BEAT_EVERY_MS);
  timer.unref();
  return { look, close: () => clearInterval(timer) };
}
