import type { Limit } from '../limit.ts';

/**
 * A halt in force for the order's strategy, its account or for all. `reduce-only` lets reducing orders through, `stop`
 * none but those by which a halt itself closes what is held. Cancels are no orders and always pass.
 */
export const halt: Limit = {
  name: 'halt',
  opensOnly: false,
  check(order, view) {
    const ok = order.flattening || view.halt === 'none' || (view.halt === 'reduce-only' && order.reducing);
    const bound = order.flattening ? 'stop' : order.reducing ? 'reduce-only' : 'none';
    return { limit: 'halt', value: view.halt, bound, ok };
  },
};
