import { describe, expect, it } from 'vitest';
import { beat, MAX_TURN_MS, makeHeartbeat, watchHeartbeat } from '../../../src/runtime/process/heartbeat.ts';
import { SimulatedTime } from '../../support/simulated-time.ts';

describe('the pulse of a thread', () => {
  function given(isEngineStuck = () => false) {
    const heartbeat = makeHeartbeat();
    const time = new SimulatedTime();
    const stop = beat(heartbeat, time, isEngineStuck);
    const watch = watchHeartbeat(heartbeat, time);
    return { stop, watch, pass: (ms: number) => time.runUntil(time.now() + ms) };
  }

  it('is felt as long as its loop turns, however long that is', async () => {
    const { watch, pass } = given();
    await pass(10 * MAX_TURN_MS);
    expect(watch.look()).toBe('turning');
  });

  it('is missed when the loop has stood still for too long, and not before', async () => {
    const { stop, watch, pass } = given();
    await pass(5_000);
    stop();
    await pass(MAX_TURN_MS);
    expect(watch.look()).toBe('turning');
    await pass(2_000);
    expect(watch.look()).toBe('stuck');
  });

  it('comes back', async () => {
    const heartbeat = makeHeartbeat();
    const time = new SimulatedTime();
    const watch = watchHeartbeat(heartbeat, time);
    await time.runUntil(MAX_TURN_MS + 1);
    expect(watch.look()).toBe('stuck');
    Atomics.add(new Int32Array(heartbeat), 0, 1);
    expect(watch.look()).toBe('turning');
  });

  it('tells of an engine that does not come to the end of a commit while the loop turns', async () => {
    let isStuck = false;
    const { watch, pass } = given(() => isStuck);
    isStuck = true;
    await pass(1_000);
    expect(watch.look()).toBe('engine-stuck');
    isStuck = false;
    await pass(1_000);
    expect(watch.look()).toBe('turning');
  });
});
