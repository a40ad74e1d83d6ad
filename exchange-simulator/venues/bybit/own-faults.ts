import type { FaultMaker } from '../../faults/schedule.ts';

/** What this venue does beside the misbehaviours of all: for `scheduledFaults`. */
export const BYBIT_FAULTS: readonly FaultMaker[] = [
  (random) => ({ kind: 'reject-later', times: random.between(1, 3) }),
  () => ({ kind: 'lose-cancel-race', times: 1 }),
  (random) => ({ kind: 'reset-books', isEmpty: random.next() < 0.5 }),
  () => ({ kind: 'funding' }),
];
