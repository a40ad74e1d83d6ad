/** The ingest of a feed among several instances: the holder of its lease does it, from where the tape is. */

import { type Holding, type Lease, LeaseLostError } from './lease.ts';

/**
 * Does the work while the lease is held, from its beginning each time that it is got: evidence that is on the tape is
 * not recorded again. Undefined when `signal` aborts before the lease is got. Without a lease it is done at once.
 */
export async function whileHeld<T>(
  lease: Lease | null,
  signal: AbortSignal,
  work: (holding: Holding | undefined, stop: AbortSignal) => Promise<T>,
): Promise<T | undefined> {
  if (lease === null) return work(undefined, signal);
  for (;;) {
    const holding = await lease.acquire(signal);
    if (holding === undefined) return undefined;
    try {
      const done = await work(holding, AbortSignal.any([signal, holding.ended]));
      // It may have been stopped half-way.
      if (holding.isHeld() || signal.aborted) return done;
    } catch (error) {
      if (error instanceof LeaseLostError) continue;
      // Another instance may be able to do what this one cannot: the tape may be out of reach from here only.
      await lease.giveBack().catch(() => undefined);
      throw error;
    }
  }
}
