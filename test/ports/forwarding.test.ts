import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import type { LockingEventStore, ReadQuery, SubscribeOptions } from '../../src/ports/event-store.ts';
import { ForwardingEventStore, ForwardingReadStore } from '../../src/ports/forwarding.ts';
import type { FindQuery, ReadStore } from '../../src/ports/read-store.ts';
import { describeCommitHook } from '../contracts/commit-hook.ts';
import { describeEventStore } from '../contracts/event-store.ts';
import { describeExclusiveSection } from '../contracts/exclusive-section.ts';
import { describeReadStore } from '../contracts/read-store.ts';
import { DAY } from '../contracts/tape-events.ts';
import { timeAt } from '../support/test-time.ts';

describeEventStore(
  'a tape that is forwarded',
  async (clock) => new ForwardingEventStore(openMemoryEventStore({ time: clock, hasLock: true })),
);
describeExclusiveSection(
  'a tape that is forwarded',
  async (clock) => new ForwardingEventStore(openMemoryEventStore({ time: clock, hasLock: true })),
);
describeCommitHook(
  'a tape that is forwarded',
  async (clock) => new ForwardingEventStore(openMemoryEventStore({ time: clock, hasLock: true })),
);
describeReadStore('a read store that is forwarded', async () => new ForwardingReadStore(openMemoryReadStore()));

/** Keeps what was called, with what, and answers with the name of what was called. */
function recorder<T extends object>(values: Partial<T>): { inner: T; calls: unknown[] } {
  const calls: unknown[] = [];
  const inner = new Proxy(values as T, {
    get: (target, member) =>
      member in target
        ? target[member as keyof T]
        : (...args: unknown[]) => {
            calls.push([member, ...args]);
            return `answer of ${String(member)}`;
          },
  });
  return { inner, calls };
}

describe('a forwarding store', () => {
  it('hands every call on as it is, and its answer back', async () => {
    const tail = { kept: { events: 1, bytes: 2 }, keptLimit: { events: 3, bytes: 4 } };
    const traits = { hasLock: true, hasOwnIndex: false } as const;
    const { inner, calls } = recorder<LockingEventStore>({ traits, tail, maxWaiting: 7 });
    const store = new ForwardingEventStore(inner);
    expect(store).toMatchObject({ traits, tail, maxWaiting: 7 });
    const [query, options] = [{ limit: 1 } as ReadQuery, { after: '0' } as SubscribeOptions];
    const work = () => 1;
    const asked: { [Member in keyof LockingEventStore]?: readonly unknown[] } = {
      append: ['feed-a', 'no-stream', []],
      read: [query],
      byId: ['id'],
      at: ['feed-a', 3],
      head: [],
      subscribe: [options],
      exclusively: [work],
      hasten: [],
      close: [],
    };
    for (const [member, args] of Object.entries(asked)) {
      const answer = await (store as unknown as Record<string, (...args: unknown[]) => unknown>)[member]?.(...args);
      expect(answer).toBe(member === 'hasten' ? undefined : `answer of ${member}`);
    }
    expect(calls).toEqual(Object.entries(asked).map(([member, args]) => [member, ...args]));
  });

  it('hands every call to a read store on as it is, and its answer back', async () => {
    const { inner, calls } = recorder<ReadStore>({});
    const store = new ForwardingReadStore(inner);
    const query = { collection: 'a' } as FindQuery;
    const asked: { [Member in keyof ReadStore]: readonly unknown[] } = {
      prepare: [[]],
      load: ['a', ['k']],
      loadText: ['a', 'k'],
      commit: ['a', [], '5'],
      checkpoint: ['a'],
      find: [query],
      findTexts: [query],
      drop: ['a', ['a@1']],
      close: [],
    };
    for (const [member, args] of Object.entries(asked)) {
      const answer = await (store as unknown as Record<string, (...args: unknown[]) => unknown>)[member]?.(...args);
      expect(answer).toBe(`answer of ${member}`);
    }
    expect(calls).toEqual(Object.entries(asked).map(([member, args]) => [member, ...args]));
  });

  it('refuses an exclusive section where the store has no lock', async () => {
    const store = new ForwardingEventStore(openMemoryEventStore({ time: timeAt(DAY), hasLock: false }));
    expect(store.traits.hasLock).toBe(false);
    await expect(store.exclusively(() => 1)).rejects.toThrow('this event store has no lock');
  });
});
