/** The settings in force, folded from the tape. A set takes effect, whole, at its `SettingsApplied`. */

import type { TapeEvent } from '../catalogue.ts';
import type { RiskLimits } from '../risk/limits.ts';
import type { ConfiguredStrategy } from './events.ts';
import type { AccountSettings, FeedSettings, InstrumentSettings, Settings } from './settings.ts';

export type AccountTerms = Omit<AccountSettings, 'limits'>;

/** Plain data, keyed by names; `pending` holds the events of a set that is not closed yet. */
export interface SettingsInForce {
  /** 0 before the first set. */
  generation: number;
  hash: string | null;
  readonly instruments: Map<string, InstrumentSettings>;
  readonly feeds: Map<string, FeedSettings>;
  readonly accounts: Map<string, AccountTerms>;
  readonly limits: Map<string, RiskLimits>;
  readonly strategies: Map<string, ConfiguredStrategy>;
  pending: TapeEvent[];
}

export function noSettings(): SettingsInForce {
  return {
    generation: 0,
    hash: null,
    instruments: new Map(),
    feeds: new Map(),
    accounts: new Map(),
    limits: new Map(),
    strategies: new Map(),
    pending: [],
  };
}

/** The key of an instrument and of its feed. */
export function instrumentKey(venue: string, symbol: string): string {
  return `${venue}.${symbol}`;
}

/** What is in force as a file would propose it. */
export function asProposal(settings: SettingsInForce): Settings {
  return {
    generation: settings.generation,
    instruments: [...settings.instruments.values()],
    feeds: [...settings.feeds.values()],
    accounts: [...settings.accounts.values()].map((terms) => {
      const limits = settings.limits.get(terms.id);
      if (limits === undefined) throw new Error(`account ${terms.id} is open without limits, which are set with it`);
      return { ...terms, limits };
    }),
    strategies: [...settings.strategies.values()].map(({ settingsHash: _, ...strategy }) => strategy),
  };
}

/** Takes an event in. Returns true when it was the one by which a set took effect. */
export function evolveSettings(settings: SettingsInForce, event: TapeEvent): boolean {
  switch (event.type) {
    case 'InstrumentListed':
    case 'InstrumentUpdated':
    case 'FeedConfigured':
    case 'FeedRetired':
    case 'AccountOpened':
    case 'AccountUpdated':
    case 'RiskLimitsSet':
    case 'StrategyConfigured':
    case 'StrategyRetired':
      settings.pending.push(event);
      return false;
    case 'SettingsApplied':
      for (const change of lastOf(settings.pending, event.data.changes)) applyChange(settings, change);
      settings.pending = [];
      settings.generation = event.data.generation;
      settings.hash = event.data.hash;
      return true;
    default:
      return false;
  }
}

/** The set that is closed. One with fewer events than it says was read from its middle, and must not take effect in part. */
function lastOf(pending: readonly TapeEvent[], changes: number): TapeEvent[] {
  if (changes > pending.length)
    throw new Error(`SettingsApplied closes ${changes} changes, but only ${pending.length} precede it`);
  return pending.slice(pending.length - changes);
}

function applyChange(settings: SettingsInForce, change: TapeEvent): void {
  switch (change.type) {
    case 'InstrumentListed':
    case 'InstrumentUpdated':
      settings.instruments.set(instrumentKey(change.data.venue, change.data.symbol), change.data);
      break;
    case 'FeedConfigured':
      settings.feeds.set(instrumentKey(change.data.venue, change.data.symbol), change.data);
      break;
    case 'FeedRetired':
      settings.feeds.delete(instrumentKey(change.data.venue, change.data.symbol));
      break;
    case 'AccountOpened':
    case 'AccountUpdated':
      settings.accounts.set(change.data.id, change.data);
      break;
    case 'RiskLimitsSet':
      settings.limits.set(change.data.account, change.data.limits);
      break;
    case 'StrategyConfigured':
      settings.strategies.set(change.data.name, change.data);
      break;
    case 'StrategyRetired':
      settings.strategies.delete(change.data.name);
      break;
    default:
      throw new Error(`${change.type} is not a settings event`);
  }
}
