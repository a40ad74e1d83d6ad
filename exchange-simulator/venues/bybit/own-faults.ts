import type { Fault } from '../../faults/fault.ts';

/** What this venue does beside the misbehaviours of all: for `scheduledFaults`. */
export const BYBIT_FAULTS: readonly Fault[] = [
  { kind: 'reject-later', times: 2 },
  { kind: 'lose-cancel-race', times: 1 },
  { kind: 'reset-books', isEmpty: false },
  { kind: 'reset-books', isEmpty: true },
  { kind: 'funding' },
];
