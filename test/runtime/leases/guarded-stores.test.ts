import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { GuardedEventStore, GuardedReadStore } from '../../../src/runtime/leases/guarded-stores.ts';
import { START } from '../../../src/tape/envelope.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';
import { describeReadStore } from '../../contracts/read-store.ts';
import { DAY, run } from '../../contracts/tape-events.ts';
import { alteredEvents, withoutLock } from '../../support/altered-stores.ts';
import { timeAt } from '../../support/test-time.ts';

const held = (): void => {};
const lost = (): void => {
  throw new Error('the lease is lost');
};

describeEventStore(
  'a guarded tape',
  async (clock) => new GuardedEventStore(openMemoryEventStore({ time: clock, hasLock: true }), held),
);
describeExclusiveSection(
  'a guarded tape',
  async (clock) => new GuardedEventStore(openMemoryEventStore({ time: clock, hasLock: true }), held),
);
describeReadStore('a guarded read store', async () => new GuardedReadStore(openMemoryReadStore(), held));

describe('a guarded store', () => {
  it('takes no append and no section when the lease is lost, and is read all the same', async () => {
    const inner = openMemoryEventStore({ time: timeAt(DAY), hasLock: true });
    await inner.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    const store = new GuardedEventStore(inner, lost);
    await expect(store.append('feed-a', 1, run('feed-a', 2, 2))).rejects.toThrow('the lease is lost');
    let hasWorked = false;
    const working = store.exclusively((section) => {
      hasWorked = true;
      section.append('feed-a', 1, run('feed-a', 2, 2));
    });
    await expect(working).rejects.toThrow('the lease is lost');
    expect(hasWorked).toBe(false);
    expect(await store.read({ limit: 5 })).toHaveLength(2);
    expect(await store.at('feed-a', 1)).toMatchObject({ revision: 1 });
  });

  it('looks when it has the lock, however long that was waited for', async () => {
    let isHeld = true;
    const store = new GuardedEventStore(openMemoryEventStore({ time: timeAt(DAY), hasLock: true }), () => {
      if (!isHeld) lost();
    });
    const late = new GuardedEventStore(
      alteredEvents(store, {
        exclusively: async (work) => {
          isHeld = false;
          return store.exclusively(work);
        },
      }),
      held,
    );
    await expect(late.exclusively((section) => section.append('feed-a', 'no-stream', run('feed-a', 0, 0)))).rejects.toThrow(
      'the lease is lost',
    );
    expect(await store.head()).toBe(START);
  });

  it('has a lock, an index and a tail as the store has', async () => {
    const tail = { kept: { events: 1, bytes: 2 }, keptLimit: { events: 3, bytes: 4 } };
    const inner = alteredEvents(withoutLock(openMemoryEventStore({ time: timeAt(DAY), hasLock: true })), {
      traits: { hasLock: false, hasOwnIndex: false },
      tail,
      maxWaiting: 5,
    });
    const store = new GuardedEventStore(inner, held);
    expect(store).toMatchObject({ traits: { hasLock: false, hasOwnIndex: false }, tail, maxWaiting: 5 });
  });

  it('takes no commit when the lease is lost', async () => {
    const inner = openMemoryReadStore();
    await inner.prepare([{ name: 'orders@1', indexes: [] }]);
    const store = new GuardedReadStore(inner, lost);
    const write = { collection: 'orders@1', key: 'a', document: { _position: '1' } };
    await expect(store.commit('orders@1', [write], '1')).rejects.toThrow('the lease is lost');
    expect(await store.checkpoint('orders@1')).toBe(START);
    expect((await store.load('orders@1', ['a'])).size).toBe(0);
  });
});
