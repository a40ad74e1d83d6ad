import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { beat, MAX_TURN_MS, makeHeartbeat, watchHeartbeat } from '../../../src/runtime/process/heartbeat.ts';

describe('the pulse of a thread', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** The watcher's own clock is the fake one too. */
  function given(isEngineStuck = () => false) {
    const heartbeat = makeHeartbeat();
    const stop = beat(heartbeat, isEngineStuck);
    const watch = watchHeartbeat(heartbeat, () => vi.getMockedSystemTime()?.getTime() ?? 0);
    return { stop, watch };
  }

  it('is felt as long as its loop turns, however long that is', () => {
    const { watch } = given();
    vi.advanceTimersByTime(10 * MAX_TURN_MS);
    expect(watch.look()).toBe('turning');
  });

  it('is missed when the loop has stood still for too long, and not before', () => {
    const { stop, watch } = given();
    vi.advanceTimersByTime(5_000);
    stop();
    vi.advanceTimersByTime(MAX_TURN_MS);
    expect(watch.look()).toBe('turning');
    vi.advanceTimersByTime(2_000);
    expect(watch.look()).toBe('stuck');
  });

  it('comes back', () => {
    const heartbeat = makeHeartbeat();
    let now = 0;
    const watch = watchHeartbeat(heartbeat, () => now);
    now = MAX_TURN_MS + 1;
    expect(watch.look()).toBe('stuck');
    Atomics.add(new Int32Array(heartbeat), 0, 1);
    expect(watch.look()).toBe('turning');
  });

  it('tells of an engine that does not come to the end of a commit while the loop turns', () => {
    let isStuck = false;
    const { watch } = given(() => isStuck);
    isStuck = true;
    vi.advanceTimersByTime(1_000);
    expect(watch.look()).toBe('engine-stuck');
    isStuck = false;
    vi.advanceTimersByTime(1_000);
    expect(watch.look()).toBe('turning');
  });
});
