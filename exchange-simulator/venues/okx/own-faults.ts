import type { FaultMaker } from '../../faults/schedule.ts';

/** What this venue does beside the misbehaviours of all: for `scheduledFaults`. */
export const OKX_FAULTS: readonly FaultMaker[] = [
  () => ({ kind: 'reset-books', isEmpty: false }),
  () => ({ kind: 'no-snapshot', times: 1 }),
  (random) => ({ kind: 'upgrade', leadMs: random.between(1000, 60_000) }),
  (random) => ({ kind: 'checksums', as: 'right', forMs: random.between(1000, 30_000) }),
  () => ({ kind: 'lose-cancel-race', times: 1 }),
];
