import { expect, it, onTestFinished } from 'vitest';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { Lease } from '../../../src/runtime/leases/lease.ts';
import { whileHeld } from '../../../src/runtime/leases/lease.ts';
import { LeaseKeeper } from '../../../src/runtime/leases/lease-keeper.ts';

const leases = openMemoryLeases();
const forever = new AbortController().signal;

/** The feed's lease as that instance has it. */
function leaseOf(owner: string): Lease {
  const time: Time = { ...systemTime, after: (_ms, call) => systemTime.after(5, call) };
  const keeper = new LeaseKeeper({ leases, owner, holder: `host-${owner}:1`, lengthMs: 60_000, time }, () => {});
  onTestFinished(() => keeper.close());
  return keeper.lease('feed-venue.SYMBOL');
}

it('leaves a feed to another instance when the tape is out of reach from this one', async () => {
  const mine = leaseOf('a');
  const away = new StoreUnavailableError('event store', 'away');
  const failing = whileHeld(mine, forever, async () => {
    expect(mine.isHeld()).toBe(true);
    throw away;
  });
  await expect(failing).rejects.toBe(away);
  expect(mine.isHeld()).toBe(false);
  // Long before the lease has run out.
  expect(await whileHeld(leaseOf('b'), forever, async () => 'done')).toBe('done');
});
