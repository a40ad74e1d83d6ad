import { subtract } from '../../decimal.ts';
import { type AccountView, type DecimalBound, fractionSetting, fractionUse, type Limit } from '../limit.ts';

/** One minus equity over its peak, at its worst since a person last resumed the account. */
export const drawdown = {
  name: 'drawdown',
  isForOpening: true,
  setting: fractionSetting(
    'drawdown',
    'Most that equity may lie under its peak, as a fraction of the peak.',
    'equity never lies further under its peak: leave the limit out, or lower it',
  ),
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use({ maxDrawdown: { peak, equity } }: AccountView, bound: DecimalBound) {
  return fractionUse(subtract(peak, equity), peak, bound);
}
