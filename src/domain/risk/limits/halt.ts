import type { Limit } from '../limit.ts';

/**
 * A halt in force for the order's strategy, its account or for all. `reduce-only` lets reducing orders through, `stop`
 * none but those by which a halt itself closes what is held. Cancels are no orders and always pass.
 */
export const halt = {
  name: 'halt',
  isForOpening: false,
  setting: null,
  check: ({ isFlattening, isReducing }, view) => {
    const isWithin = isFlattening || view.halt === 'none' || (view.halt === 'reduce-only' && isReducing);
    const bound = isFlattening ? 'stop' : isReducing ? 'reduce-only' : 'none';
    return { value: view.halt, bound, isWithin };
  },
} as const satisfies Limit<null>;
