import { type AccountView, type DecimalBound, decimalSetting, fractionUse, type Limit } from '../limit.ts';

/** What everything held may be worth as a multiple of equity, with everything that is working filled at worst. */
export const leverage = {
  name: 'leverage',
  isForOpening: true,
  setting: decimalSetting('leverage', 'Most that all positions together may be worth, as a multiple of equity.'),
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use(account: AccountView, bound: DecimalBound) {
  return fractionUse(account.grossWorth(), account.equity, bound);
}
