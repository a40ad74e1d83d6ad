/** Each account: its terms, what it holds and is worth, its limits in use and its halts. */

import type { HaltMode, HaltScope, LimitCheck } from '../domain/order/events.ts';
import type { RiskLimits } from '../domain/risk/limits.ts';
import type { AccountTerms } from '../domain/settings/in-force.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { type Projection, unexpected } from './projection.ts';

/** A halt as an account's stream says it. */
export interface AccountHalt {
  readonly scope: HaltScope;
  readonly mode: HaltMode;
  readonly reason: string;
  readonly requestId: string;
  readonly since: string;
}

export interface AccountDocument {
  readonly id: string;
  venue: string | null;
  currency: string | null;
  fees: AccountTerms['fees'] | null;
  slippage: string | null;
  latency: string | null;
  /** The bounds that were set; a limit that is absent is not checked. */
  bounds: RiskLimits | null;
  /** By asset. */
  balances: Record<string, string>;
  /** As last marked; null before the first. */
  equity: string | null;
  cash: string | null;
  peak: string | null;
  dayStart: string | null;
  /** Use against bound of the limits that do not depend on an order, as last marked. */
  limits: readonly LimitCheck[];
  markedAt: string | null;
  /** Those in force; of one scope only the latest. */
  halts: AccountHalt[];
  updatedAt: string;
}

export const accounts: Projection<AccountDocument> = {
  name: 'accounts',
  version: 1,
  categories: ['settings', 'account'],
  indexes: [['id']],

  keys(event) {
    switch (event.type) {
      case 'AccountOpened':
      case 'AccountUpdated':
        return [event.data.id];
      case 'RiskLimitsSet':
      case 'BalanceChanged':
      case 'AccountMarked':
      case 'TradingHalted':
      case 'TradingResumed':
        return [event.data.account];
      default:
        return [];
    }
  },

  apply(document, event): AccountDocument {
    const account = document ?? unknownAccount(accounts.keys(event)[0] ?? '', event);
    change(account, event);
    account.updatedAt = event.metadata.occurredAt;
    return account;
  },
};

function unknownAccount(id: string, event: RecordedEvent): AccountDocument {
  return {
    id,
    venue: null,
    currency: null,
    fees: null,
    slippage: null,
    latency: null,
    bounds: null,
    balances: {},
    equity: null,
    cash: null,
    peak: null,
    dayStart: null,
    limits: [],
    markedAt: null,
    halts: [],
    updatedAt: event.metadata.occurredAt,
  };
}

function change(account: AccountDocument, event: RecordedEvent): void {
  switch (event.type) {
    case 'AccountOpened':
    case 'AccountUpdated':
      account.venue = event.data.venue;
      account.currency = event.data.currency;
      account.fees = event.data.fees;
      account.slippage = event.data.slippage;
      account.latency = event.data.latency;
      return;
    case 'RiskLimitsSet':
      account.bounds = event.data.limits;
      return;
    case 'BalanceChanged':
      account.balances[event.data.asset] = event.data.balance;
      return;
    case 'AccountMarked':
      account.currency = event.data.currency;
      account.equity = event.data.equity;
      account.cash = event.data.cash;
      account.peak = event.data.peak;
      account.dayStart = event.data.dayStart;
      account.limits = event.data.limits;
      account.markedAt = event.metadata.occurredAt;
      return;
    case 'TradingHalted': {
      const { scope, mode, reason, requestId } = event.data;
      lift(account, scope);
      account.halts.push({ scope, mode, reason, requestId, since: event.metadata.occurredAt });
      return;
    }
    case 'TradingResumed':
      lift(account, event.data.scope);
      return;
    default:
      throw unexpected('accounts', event);
  }
}

function lift(account: AccountDocument, scope: HaltScope): void {
  account.halts = account.halts.filter((halt) => !sameScope(halt.scope, scope));
}

function sameScope(a: HaltScope, b: HaltScope): boolean {
  if ('strategy' in a) return 'strategy' in b && a.strategy === b.strategy;
  if ('account' in a) return 'account' in b && a.account === b.account;
  return 'all' in b;
}
