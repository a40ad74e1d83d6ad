import type { Fault } from '../../faults/fault.ts';

/** What this venue does beside the misbehaviours of all: for `scheduledFaults`. */
export const OKX_FAULTS: readonly Fault[] = [
  { kind: 'reset-books', isEmpty: false },
  { kind: 'no-snapshot', times: 1 },
  { kind: 'upgrade', leadMs: 10_000 },
  { kind: 'checksums', as: 'right', forMs: 20_000 },
  { kind: 'lose-cancel-race', times: 1 },
];
