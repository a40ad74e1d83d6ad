import { expect, it, onTestFinished } from 'vitest';
import { openMemoryLeases } from '../../../src/adapters/memory/leases.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { Lease } from '../../../src/runtime/leases/lease.ts';
import { LeaseKeeper, processTiming } from '../../../src/runtime/leases/lease-keeper.ts';
import { whileHeld } from '../../../src/runtime/leases/while-held.ts';

const leases = openMemoryLeases();
const forever = new AbortController().signal;

/** The feed's lease as that instance has it. */
function leaseOf(owner: string): Lease {
  const terms = { leases, owner, holder: `host-${owner}:1`, lengthMs: 60_000, timing: processTiming };
  const keeper = new LeaseKeeper(
    { ...terms, timing: { ...processTiming, sleep: (_ms, signal) => processTiming.sleep(5, signal) } },
    () => {},
  );
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
