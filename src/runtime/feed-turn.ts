/** The ingest of a feed among several instances: the holder of its lease does it, from where the tape is. */

import type { EvidenceSink } from './ingest.ts';
import { type Holding, type Lease, LeaseLostError } from './lease.ts';
import { patiently } from './patience.ts';

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
      if (!(error instanceof LeaseLostError)) throw error;
    }
  }
}

/** `take`, which gives the same evidence again and again while the store is away. */
export function patientSink(take: EvidenceSink, signal: AbortSignal, onAway: (error: Error) => void): EvidenceSink {
  return (drafts, origin) => patiently(() => take(drafts, origin), signal, onAway);
}
