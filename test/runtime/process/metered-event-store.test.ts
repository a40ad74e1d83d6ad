import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import type { Appended } from '../../../src/ports/event-store.ts';
import { MeteredEventStore } from '../../../src/runtime/process/metered-event-store.ts';
import { describeCommitHook } from '../../contracts/commit-hook.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';
import { DAY, run } from '../../contracts/tape-events.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { figures } from '../../support/figures.ts';
import { timeAt } from '../../support/test-time.ts';

describeEventStore(
  'a metered tape',
  async (clock) => new MeteredEventStore(openMemoryEventStore({ time: clock, hasLock: true }), makeMetrics(), systemTime),
);
describeExclusiveSection(
  'a metered tape',
  async (clock) => new MeteredEventStore(openMemoryEventStore({ time: clock, hasLock: true }), makeMetrics(), systemTime),
);
describeCommitHook(
  'a metered tape',
  async (clock) => new MeteredEventStore(openMemoryEventStore({ time: clock, hasLock: true }), makeMetrics(), systemTime),
);

function metered(members: Parameters<typeof alteredEvents>[1] = {}) {
  const metrics = makeMetrics();
  const store = alteredEvents(openMemoryEventStore({ time: timeAt(DAY), hasLock: true }), members);
  return { metrics, store: new MeteredEventStore(store, metrics, systemTime) };
}

describe('a metered tape', () => {
  it('counts each append by category and by what became of it', async () => {
    const { metrics, store } = metered();
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    await expect(store.append('feed-a', 7, run('feed-a', 8, 9))).rejects.toThrow('is at 1');
    await store.append('depth-b', 'no-stream', run('depth-b', 0, 0));
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_append_seconds_count{category="feed",outcome="appended"}')).toBe(1);
    expect(seen.get('tapedeck_append_seconds_count{category="feed",outcome="already"}')).toBe(1);
    expect(seen.get('tapedeck_append_seconds_count{category="feed",outcome="refused"}')).toBe(1);
    expect(seen.get('tapedeck_append_seconds_count{category="depth",outcome="appended"}')).toBe(1);
    expect(seen.get('tapedeck_write_failures_total')).toBe(0);
  });

  it('counts a write that the store could not do as a failure, of an append and of a section', async () => {
    const broken = () => Promise.reject(new StoreError('the disk is full'));
    const { metrics, store } = metered({ append: broken, exclusively: broken });
    await expect(store.append('feed-a', 'no-stream', run('feed-a', 0, 0))).rejects.toThrow('the disk is full');
    await expect(store.exclusively(() => 1)).rejects.toThrow('the disk is full');
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_write_failures_total')).toBe(2);
    expect(seen.get('tapedeck_append_seconds_count{category="feed",outcome="failed"}')).toBe(1);
  });

  it('times a section that appends in three phases, and none that only reads', async () => {
    const { metrics, store } = metered();
    await store.exclusively((section) => section.read({ limit: 1 }));
    expect((await figures(metrics)).has('tapedeck_section_seconds_count{phase="durable"}')).toBe(false);
    await store.exclusively((section) => section.append('feed-a', 'no-stream', run('feed-a', 0, 3)));
    const seen = await figures(metrics);
    for (const phase of ['lock', 'work', 'durable']) {
      expect(seen.get(`tapedeck_section_seconds_count{phase="${phase}"}`)).toBe(1);
    }
  });

  it('shows what it keeps for those who follow it, where it keeps something', async () => {
    expect([...(await figures(metered().metrics)).keys()].filter((name) => name.startsWith('tapedeck_tape_tail'))).toEqual([]);
    const tail = { kept: { events: 7, bytes: 4_200 }, keptLimit: { events: 10, bytes: 9_000 } };
    const { metrics, store } = metered({ tail });
    expect(store.tail).toBe(tail);
    expect((await figures(metrics)).get('tapedeck_tape_tail{thread="main",unit="events"}')).toBe(7);
    tail.kept.bytes = 8_500;
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_tape_tail{thread="main",unit="bytes"}')).toBe(8_500);
    expect(seen.get('tapedeck_tape_tail_limit{thread="main",unit="events"}')).toBe(10);
    expect(seen.get('tapedeck_tape_tail_limit{thread="main",unit="bytes"}')).toBe(9_000);
  });

  it('shows how many writes wait, where the store says how many may', async () => {
    let finish: (appended: Appended) => void = () => {};
    const slow = () => new Promise<Appended>((resolve) => (finish = resolve));
    const { metrics, store } = metered({ append: slow, maxWaiting: 10 });
    const waiting = store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
    expect(store.maxWaiting).toBe(10);
    let seen = await figures(metrics);
    expect(seen.get('tapedeck_queue_depth{queue="tape-writes"}')).toBe(1);
    expect(seen.get('tapedeck_queue_limit{queue="tape-writes"}')).toBe(10);
    finish({ revision: 0, position: '1', isRepeated: false });
    await waiting;
    seen = await figures(metrics);
    expect(seen.get('tapedeck_queue_depth{queue="tape-writes"}')).toBe(0);
  });
});
