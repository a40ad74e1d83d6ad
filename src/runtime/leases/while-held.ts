/** The ingest of a feed among several instances: the holder of its lease does it, from where the tape is. */

import { type Lease, LeaseLostError, type Tenure } from './lease.ts';

/**
 * Does the work while the lease is held, from its beginning each time that it is got: evidence that is on the tape is
 * not recorded again. Undefined when `signal` aborts before the lease is got. Without a lease it is done at once.
 */
export async function whileHeld<T>(
  lease: Lease | null,
  signal: AbortSignal,
  work: (tenure: Tenure | undefined, stop: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  if (lease === null) return work(undefined, signal);
  for (;;) {
    const tenure = await lease.acquire(signal);
    if (tenure === undefined) return undefined;
    try {
      const done = await work(tenure, AbortSignal.any([signal, tenure.ended]));
      // It may have been stopped half-way.
      if (tenure.isHeld() || signal.aborted) return done;
    } catch (error) {
      if (error instanceof LeaseLostError) continue;
      // Another instance may be able to do what this one cannot: the tape may be out of reach from here only.
      await lease.giveBack().catch(() => undefined);
      throw error;
    }
  }
}
