/** Work that is done while leases are held, from its beginning each time that they are got. */

import { type Lease, LeaseLostError, type Tenure } from './lease.ts';

/**
 * Does the work while all the leases are held, from its beginning each time that they are got: evidence that is on the
 * tape is not recorded again. They are taken in the order given, which must be that of all instances: then no two wait for
 * each other. Who has lost one gives back the others and begins again. Undefined when `signal` aborts before all are got.
 */
export async function whileHeld<T>(
  leases: readonly Lease[],
  signal: AbortSignal,
  work: (tenures: readonly Tenure[], stop: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  for (;;) {
    const tenures = await acquireAll(leases, signal);
    if (tenures === undefined) return undefined;
    try {
      const done = await work(tenures, endOf(signal, tenures));
      // It may have been stopped half-way.
      if (signal.aborted || tenures.every((tenure) => tenure.isHeld())) return done;
    } catch (error) {
      if (!(error instanceof LeaseLostError)) {
        // Another instance may be able to do what this one cannot: the tape may be out of reach from here only.
        await giveBackAll(leases);
        throw error;
      }
    }
    await giveBackAll(leases);
  }
}

/** Undefined when `signal` aborts before all are got. */
async function acquireAll(leases: readonly Lease[], signal: AbortSignal): Promise<readonly Tenure[] | undefined> {
  for (;;) {
    const tenures: Tenure[] = [];
    for (const lease of leases) {
      const tenure = await lease.acquire(endOf(signal, tenures));
      if (tenure === undefined) break;
      tenures.push(tenure);
    }
    if (signal.aborted) return undefined;
    if (tenures.length === leases.length) return tenures;
    await giveBackAll(leases);
  }
}

/** Aborts with `signal`, and with the first of the tenures that is over. */
function endOf(signal: AbortSignal, tenures: readonly Tenure[]): AbortSignal {
  return AbortSignal.any([signal, ...tenures.map(({ ended }) => ended)]);
}

/** One that cannot be given back runs out. */
async function giveBackAll(leases: readonly Lease[]): Promise<void> {
  await Promise.all(leases.map((lease) => lease.giveBack().catch(() => undefined)));
}
