import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { SettingsReader } from '../../src/queries/settings-in-force.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { alteredEvents } from '../support/altered-stores.ts';
import { smallSettings } from '../support/small-market.ts';

it('requests that wait for a tape that is silent fail together, and not one after the other', async () => {
  const readings: { fail(): void }[] = [];
  const read = () =>
    new Promise<never>((_, reject) => {
      readings.push({ fail: () => reject(new Error('silent')) });
    });
  const reader = new SettingsReader({ read } as Partial<EventStore> as EventStore, systemTime);
  const first = reader.inForce().catch((error: Error) => error.message);
  await Promise.resolve();
  const others = Promise.all(Array.from({ length: 20 }, () => reader.inForce().catch((error: Error) => error.message)));
  await Promise.resolve();
  expect(readings).toHaveLength(1);
  readings[0]?.fail();
  expect(await first).toBe('silent');
  // What was recorded after the first reading began is in the second, which is one for all of them.
  expect(readings).toHaveLength(2);
  readings[1]?.fail();
  expect(await others).toEqual(Array(20).fill('silent'));
});

it('settings that were read a moment ago are not read again, and those that are in force on the tape always', async () => {
  const store = openMemoryEventStore({ time: systemTime, hasLock: true });
  const origin = { clock: systemTime, actor: 'test', codeVersion: 'test' };
  await applySettings(store, smallSettings(1, 1, 2), origin);
  let reads = 0;
  const counted = alteredEvents(store, {
    read: (query) => {
      reads++;
      return store.read(query);
    },
  });
  let nowMs = 0;
  const reader = new SettingsReader(counted, { monotonic: () => nowMs });
  expect((await reader.recent()).generation).toBe(1);
  await applySettings(store, smallSettings(2, 1, 2), origin);
  const before = reads;
  nowMs = 50;
  expect((await reader.recent()).generation).toBe(1);
  expect(reads).toBe(before);
  nowMs = 51;
  expect((await reader.recent()).generation).toBe(2);
  await applySettings(store, smallSettings(3, 1, 2), origin);
  expect((await reader.inForce()).generation).toBe(3);
});
