/** The checks before an order: all limits in order, stopping at the first that refuses it. */

import type { LimitCheck } from '../order/events.ts';
import type { Checked, OrderTerms, RiskView } from './limit.ts';
import { LIMITS } from './limits.ts';

export interface RiskAnswer {
  /** The check that refused the order, null when it passed all. */
  readonly refusal: LimitCheck | null;
  /** The checks that it passed, in order. */
  readonly passed: readonly LimitCheck[];
}

export function checkOrder(order: OrderTerms, view: RiskView): RiskAnswer {
  const passed: LimitCheck[] = [];
  for (const limit of LIMITS) {
    if (limit.opensOnly && order.reducing) continue;
    const checked = limit.check(order, view);
    if (checked === null) continue;
    if (!checked.ok) return { refusal: withoutAnswer(checked), passed };
    passed.push(withoutAnswer(checked));
  }
  return { refusal: null, passed };
}

function withoutAnswer({ limit, value, bound }: Checked): LimitCheck {
  return { limit, value, bound };
}
