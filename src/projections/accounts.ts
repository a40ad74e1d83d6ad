/** Each account: its terms, what it holds and is worth, its limits in use and its halts. */

import { formatDecimal, parseDecimal, subtract } from '../domain/decimal.ts';
import type { HaltMode, HaltScope, LimitCheck } from '../domain/order/events.ts';
import type { RiskLimits } from '../domain/risk/limits.ts';
import type { AccountTerms } from '../domain/settings/in-force.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
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

export interface AccountMark {
  readonly equity: string;
  /** What the account was opened with was worth at the first price of each asset; null where no mark said it. */
  readonly openingEquity: string | null;
  readonly cash: string;
  readonly peak: string;
  readonly dayStart: string;
  /** Use against bound of the limits that do not depend on an order. */
  readonly limits: readonly LimitCheck[];
  readonly at: string;
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
  /** By asset: what it holds, what it was opened with, and what was taken from it as fees. */
  balances: Record<string, string>;
  openings: Record<string, string>;
  feesByAsset: Record<string, string>;
  /** Keys of instruments that it had an order in. */
  traded: string[];
  /** As it was last marked, which decisions rest on; null before the first. */
  marked: AccountMark | null;
  /** Those in force; of one scope only the latest. */
  halts: AccountHalt[];
  updatedAt: string;
}

export const accounts: Projection<AccountDocument> = {
  name: 'accounts',
  version: 4,
  categories: ['settings', 'account', 'order'],
  indexes: [['id']],
  hidden: ['traded'],

  keys(event) {
    switch (event.type) {
      case 'AccountOpened':
      case 'AccountUpdated':
        return [event.data.id];
      case 'RiskLimitsSet':
      case 'BalanceChanged':
      case 'AccountMarked':
      case 'OrderApproved':
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
    // What somebody orders is not of the account itself.
    if (event.type !== 'OrderApproved') account.updatedAt = event.metadata.occurredAt;
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
    openings: {},
    feesByAsset: {},
    traded: [],
    marked: null,
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
    case 'BalanceChanged': {
      const { asset, balance, change, reason } = event.data;
      account.balances[asset] = balance;
      if (reason === 'opening') account.openings[asset] = balance;
      if (reason === 'fee') account.feesByAsset[asset] = less(account.feesByAsset[asset], change);
      return;
    }
    case 'AccountMarked': {
      const { currency, equity, openingEquity, cash, peak, dayStart, limits } = event.data;
      // Before any market, and of an older build, that of its cause.
      const at = event.data.at ?? event.metadata.occurredAt;
      account.currency = currency;
      account.marked = { equity, openingEquity, cash, peak, dayStart, limits, at };
      return;
    }
    case 'OrderApproved': {
      const key = instrumentKey(event.data.venue, event.data.symbol);
      if (!account.traded.includes(key)) account.traded.push(key);
      return;
    }
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

function less(sum: string | undefined, change: string): string {
  return formatDecimal(subtract(parseDecimal(sum ?? '0'), parseDecimal(change)));
}

function lift(account: AccountDocument, scope: HaltScope): void {
  account.halts = account.halts.filter((halt) => !sameScope(halt.scope, scope));
}

function sameScope(a: HaltScope, b: HaltScope): boolean {
  if ('strategy' in a) return 'strategy' in b && a.strategy === b.strategy;
  if ('account' in a) return 'account' in b && a.account === b.account;
  return 'all' in b;
}
