import { compare, formatDecimal, ONE, parseDecimal } from '../../decimal.ts';
import { type AccountView, type DecimalBound, decimalSetting, fractionUse, type Limit } from '../limit.ts';

/** No venue lends more; a larger one is a slip of the finger. */
const MOST = parseDecimal('125');

/** What everything held may be worth as a multiple of equity, with everything that is working filled at worst. */
export const leverage = {
  name: 'leverage',
  isForOpening: true,
  setting: {
    ...decimalSetting('leverage', 'Most that all positions together may be worth, as a multiple of equity.'),
    objection: (text: string | undefined) =>
      compare(parseDecimal(text ?? '0'), MOST) > 0 ? `must be at most ${formatDecimal(MOST)}` : null,
    idleness: (text: string | undefined) =>
      compare(parseDecimal(text ?? '0'), ONE) > 0
        ? 'a paper account buys with what it has, and never holds more than its equity: leave the limit out, or lower it'
        : null,
  },
  check: (_order, view, bound) => use(view, bound),
  standing: use,
} as const satisfies Limit<DecimalBound>;

function use(account: AccountView, bound: DecimalBound) {
  return fractionUse(account.grossWorth(), account.equity, bound);
}
