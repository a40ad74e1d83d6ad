import { describe, expect, test } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { describeEventStore, TestClock } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';

describeEventStore('the tape in memory', async (clock) => openMemoryEventStore({ clock, exclusive: true }));
describeEventStore('the tape in memory without a lock', async (clock) => openMemoryEventStore({ clock, exclusive: false }));
describeExclusiveSection('the tape in memory', async (clock) => openMemoryEventStore({ clock, exclusive: true }));

describe('the tape in memory', () => {
  test('has no exclusive sections when it is opened without', () => {
    expect(openMemoryEventStore({ clock: new TestClock(), exclusive: false }).exclusively).toBeUndefined();
  });
});
