import { describe, expect, test } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { describeExclusiveSection } from '../../contracts/exclusive-section.ts';
import { DAY } from '../../contracts/tape-events.ts';
import { timeAt } from '../../support/test-time.ts';

describeEventStore('the tape in memory', async (clock) => openMemoryEventStore({ clock, exclusive: true }));
describeEventStore('the tape in memory without a lock', async (clock) => openMemoryEventStore({ clock, exclusive: false }));
describeExclusiveSection('the tape in memory', async (clock) => openMemoryEventStore({ clock, exclusive: true }));

describe('the tape in memory', () => {
  test('has no exclusive sections when it is opened without', () => {
    expect(openMemoryEventStore({ clock: timeAt(DAY), exclusive: false }).exclusively).toBeUndefined();
  });
});
