import { type AccountView, amountUse, type DecimalBound, decimalSetting, type Limit } from '../limit.ts';

/** What the position may be worth at the reference price, with everything that is working filled at worst. */
export const positionSize = {
  name: 'position-size',
  isForOpening: true,
  setting: decimalSetting('positionSize', "Most that a position may be worth, in the account's currency."),
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use(account: AccountView, bound: DecimalBound) {
  return amountUse(account.positionWorth(), bound);
}
