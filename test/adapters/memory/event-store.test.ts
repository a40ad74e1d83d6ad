import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { describeCommitHook } from '../../contracts/commit-hook.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';

describeEventStore('the tape in memory', async (clock) => openMemoryEventStore({ time: clock, hasLock: true }));
describeEventStore('the tape in memory without a lock', async (clock) => openMemoryEventStore({ time: clock, hasLock: false }), {
  traits: { hasLock: false, hasOwnIndex: true },
});
describeExclusiveSection('the tape in memory', async (clock) => openMemoryEventStore({ time: clock, hasLock: true }));
describeCommitHook('the tape in memory', async (clock) => openMemoryEventStore({ time: clock, hasLock: true }));
