import type { FaultMaker } from '../../faults/schedule.ts';

/** What this venue does beside the misbehaviours of all: for `scheduledFaults`. */
export const USDM_FAULTS: readonly FaultMaker[] = [
  (random) => ({ kind: 'odd-print', as: random.oneOf(['insurance-fund', 'empty']) }),
  () => ({ kind: 'reset-books', isEmpty: false }),
];
