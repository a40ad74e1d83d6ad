import { expect, it, onTestFinished } from 'vitest';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { Lease } from '../../../src/runtime/leases/lease.ts';

import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';
import { whileHeld } from '../../../src/runtime/leases/while-held.ts';

const leases = openMemoryLeases();
const forever = new AbortController().signal;

/** The feed's lease as that instance has it. */
function leaseOf(owner: string): Lease {
  const [lease] = leasesOf(owner, 'feed-venue.SYMBOL');
  return lease as Lease;
}

function leasesOf(owner: string, ...names: readonly string[]): readonly Lease[] {
  const time: Time = { ...systemTime, after: (_ms, call) => systemTime.after(5, call) };
  const keeper = new LeaseKeeper({ leases, owner, holder: `host-${owner}:1`, lengthMs: 60_000, time }, () => {});
  onTestFinished(() => keeper.close());
  return names.map((name) => keeper.lease(name));
}

async function giveBack(held: readonly Lease[]): Promise<void> {
  for (const lease of held) await lease.giveBack();
}

it('leaves a feed to another instance when the tape is out of reach from this one', async () => {
  const mine = leaseOf('a');
  const away = new StoreUnavailableError('event store', 'away');
  const failing = whileHeld([mine], forever, async () => {
    expect(mine.isHeld()).toBe(true);
    throw away;
  });
  await expect(failing).rejects.toBe(away);
  expect(mine.isHeld()).toBe(false);
  // Long before the lease has run out.
  expect(await whileHeld([leaseOf('b')], forever, async () => 'done')).toBe('done');
});

it('does the work of several leases once all are held, and in no two instances at once', async () => {
  const names = ['feed-a.A', 'feed-a.B', 'feed-a.C'];
  const instances = ['a', 'b', 'c'].map((owner) => leasesOf(owner, ...names));
  let working = 0;
  const done = await Promise.all(
    instances.map(async (mine) => {
      const result = await whileHeld(mine, forever, async (tenures) => {
        expect(++working).toBe(1);
        expect(tenures.map(({ name }) => name)).toEqual(names);
        await new Promise((resolve) => setTimeout(resolve, 20));
        working--;
        return 'done';
      });
      await giveBack(mine);
      return result;
    }),
  );
  expect(done).toEqual(['done', 'done', 'done']);
});

it('gives back what it holds while it waits for one, and when it has lost one: nobody waits for who waits for him', async () => {
  const names = ['feed-b.A', 'feed-b.B'];
  const [mine, theirs] = [leasesOf('a', ...names), leasesOf('b', ...names)];
  let tries = 0;
  const working = whileHeld(mine, forever, async (_, stop) => {
    if (++tries === 2) return 'done';
    // The first of them goes to the other, which waits for the second then.
    const record = (await leases.read()).get('feed-b.A');
    if (record === undefined) throw new Error('it is held');
    await leases.compareAndSet('feed-b.A', record.counter, { ...record, owner: 'b', counter: record.counter + 1 });
    await new Promise((resolve) => stop.addEventListener('abort', resolve));
    return 'stopped';
  });
  expect(await whileHeld(theirs, forever, async () => 'other')).toBe('other');
  await giveBack(theirs);
  expect(await working).toBe('done');
});

it('gets many leases that are free without a look for each', async () => {
  const keeper = new LeaseKeeper({ leases, owner: 'm', holder: 'host-m:1', lengthMs: 60_000, time: systemTime }, () => {});
  onTestFinished(() => keeper.close());
  const many = Array.from({ length: 30 }, (_, index) => keeper.lease(`feed-many.${index}`));
  const began = performance.now();
  // A look comes every six seconds.
  expect(await whileHeld(many, forever, async (tenures) => tenures.length)).toBe(30);
  expect(performance.now() - began).toBeLessThan(5_000);
});
