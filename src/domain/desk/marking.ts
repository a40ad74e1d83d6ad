/** Puts on the tape how an account stands. */

import { type Account, balanceOf } from '../account/account.ts';
import { dayStartOf, equityText, timeOf } from '../account/marks.ts';
import { formatDecimal, maximum } from '../decimal.ts';
import { standingLimits } from '../risk/risk.ts';
import { accountStream } from '../streams.ts';
import { isoTime } from '../time.ts';
import type { Deciding } from './desk-state.ts';
import { accountView } from './risk-view.ts';

export function markAccount({ state, emit }: Deciding, account: Account): void {
  const timeMs = timeOf(account);
  emit('AccountMarked', accountStream(account.id), {
    account: account.id,
    at: timeMs === 0 ? null : isoTime(timeMs),
    currency: account.currency,
    equity: equityText(account.equity),
    openingEquity: equityText(account.openingEquity),
    cash: formatDecimal(balanceOf(account, account.currency)),
    peak: equityText(maximum(account.peak, account.equity)),
    dayStart: equityText(dayStartOf(account)),
    limits: standingLimits(accountView(state, account), account.limits),
  });
}
