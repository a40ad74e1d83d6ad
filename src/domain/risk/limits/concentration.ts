import { type AccountView, type DecimalBound, fractionSetting, fractionUse, type Limit } from '../limit.ts';

/** What one asset may make up of the equity, with everything that is working filled at worst. */
export const concentration = {
  name: 'concentration',
  isForOpening: true,
  setting: fractionSetting(
    'concentration',
    'Most of the equity that one asset may make up, as a fraction.',
    'an asset that is paid for never makes up more than the equity: leave the limit out, or lower it',
  ),
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use(account: AccountView, bound: DecimalBound) {
  return fractionUse(account.assetWorth(), account.equity, bound);
}
