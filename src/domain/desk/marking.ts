/** Puts on the tape how an account stands. */

import { type Account, balanceOf } from '../account/account.ts';
import { dayStartOf, equityText } from '../account/marks.ts';
import { formatDecimal, maximum } from '../decimal.ts';
import { standingLimits } from '../risk/risk.ts';
import { accountStream } from '../streams.ts';
import type { Deciding } from './desk-state.ts';
import { accountView } from './risk-view.ts';

export function markAccount({ state, emit }: Deciding, account: Account): void {
  emit('AccountMarked', accountStream(account.id), {
    account: account.id,
    currency: account.currency,
    equity: equityText(account.equity),
    openingEquity: equityText(account.openingEquity),
    cash: formatDecimal(balanceOf(account, account.currency)),
    peak: equityText(maximum(account.peak, account.equity)),
    dayStart: equityText(dayStartOf(account)),
    limits: standingLimits(accountView(state, account), account.limits),
  });
}
