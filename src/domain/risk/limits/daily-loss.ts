import { subtract } from '../../decimal.ts';
import { type AccountView, amountUse, type DecimalBound, decimalSetting, type Limit } from '../limit.ts';

/** Equity at the start of the UTC day minus equity; a gain is negative. */
export const dailyLoss = {
  name: 'daily-loss',
  isForOpening: true,
  setting: decimalSetting('dailyLoss', "Most that may be lost since the start of the day, in the account's currency."),
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use({ dayStart, equity }: AccountView, bound: DecimalBound) {
  return amountUse(subtract(dayStart, equity), bound);
}
