import { expect, it } from 'vitest';
import type { EventStore } from '../../src/ports/event-store.ts';
import { SettingsReader } from '../../src/queries/settings-in-force.ts';

it('requests that wait for a tape that is silent fail together, and not one after the other', async () => {
  const readings: { fail(): void }[] = [];
  const read = () =>
    new Promise<never>((_, reject) => {
      readings.push({ fail: () => reject(new Error('silent')) });
    });
  const reader = new SettingsReader({ read } as Partial<EventStore> as EventStore);
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
