/** The limits applied: to an order, stopping at the first that refuses it, and to an account as it stands. */

import type { LimitCheck } from '../order/events.ts';
import type { AccountView, Limit, LimitUse, OrderTerms, RiskView } from './limit.ts';
import { type AccountLimits, LIMITS } from './limits.ts';

export interface RiskAnswer {
  /** The check that refused the order, null when it passed all. */
  readonly refusal: LimitCheck | null;
  /** The checks that it passed, in order. */
  readonly passed: readonly LimitCheck[];
}

export function checkOrder(order: OrderTerms, view: RiskView, limits: AccountLimits): RiskAnswer {
  const passed: LimitCheck[] = [];
  for (const limit of LIMITS) {
    if ((limit.isForOpening && order.isReducing) || !isChecked(limit, limits)) continue;
    const use = limit.check(order, view, boundOf(limit, limits));
    if (use === null) continue;
    if (!use.isWithin) return { refusal: checkOf(limit, use), passed };
    passed.push(checkOf(limit, use));
  }
  return { refusal: null, passed };
}

/** Use against bound of the limits that an account has a use of without an order. */
export function standingLimits(account: AccountView, limits: AccountLimits): LimitCheck[] {
  return LIMITS.flatMap((limit) => {
    if (limit.standing === undefined || !isChecked(limit, limits)) return [];
    return checkOf(limit, limit.standing(account, boundOf(limit, limits)));
  });
}

function isChecked(limit: Limit, limits: AccountLimits): boolean {
  return limit.setting === null || boundOf(limit, limits) !== null;
}

function boundOf({ setting }: Limit, limits: AccountLimits): unknown {
  return setting === null ? null : limits[setting.key as keyof AccountLimits];
}

function checkOf({ name }: Limit, { value, bound }: LimitUse): LimitCheck {
  return { limit: name, value, bound };
}
