/** The changes that a set of settings makes, field by field, against the settings in force. */

import type { TapeEvent } from '../domain/catalogue.ts';
import { instrumentKey, type SettingsInForce } from '../domain/settings/in-force.ts';
import { canonicalJson } from '../tape/canonical-json.ts';
import type { Palette } from './terminal/palette.ts';

export interface SettingsChange {
  /** The event that says so, such as `StrategyConfigured`. */
  readonly type: string;
  /** `instrument`, `feed`, `account`, `limits of account` or `strategy`. */
  readonly thing: string;
  readonly name: string;
  readonly change: 'new' | 'changed' | 'retired';
  /** With a change: what becomes of each field that differs; null where there is or was none. */
  readonly fields: readonly { readonly field: string; readonly from: unknown; readonly to: unknown }[];
}

/** One for each event of the set but the one that closes it. */
export function settingsChanges(inForce: SettingsInForce, events: readonly TapeEvent[]): SettingsChange[] {
  return events.flatMap((event) => {
    const about = aboutOf(inForce, event);
    if (about === undefined) return [];
    const { thing, name, before, after } = about;
    const change = after === undefined ? 'retired' : before === undefined ? 'new' : 'changed';
    const fields = change === 'changed' ? differing(before as object, after as object) : [];
    return [{ type: event.type, thing, name, change, fields }];
  });
}

interface About {
  readonly thing: string;
  readonly name: string;
  readonly before: object | undefined;
  readonly after: object | undefined;
}

function aboutOf(inForce: SettingsInForce, { type, data }: TapeEvent): About | undefined {
  switch (type) {
    case 'InstrumentListed':
    case 'InstrumentUpdated': {
      const name = instrumentKey(data.venue, data.symbol);
      return { thing: 'instrument', name, before: inForce.instruments.get(name), after: data };
    }
    case 'FeedConfigured':
    case 'FeedRetired': {
      const name = instrumentKey(data.venue, data.symbol);
      const after = type === 'FeedRetired' ? undefined : data;
      return { thing: 'feed', name, before: inForce.feeds.get(name), after };
    }
    case 'AccountOpened':
    case 'AccountUpdated':
      return { thing: 'account', name: data.id, before: inForce.accounts.get(data.id), after: data };
    case 'RiskLimitsSet':
      return { thing: 'limits of account', name: data.account, before: inForce.limits.get(data.account), after: data.limits };
    case 'StrategyConfigured':
    case 'StrategyRetired': {
      const after = type === 'StrategyRetired' ? undefined : data;
      return { thing: 'strategy', name: data.name, before: inForce.strategies.get(data.name), after };
    }
    default:
      return undefined;
  }
}

/** The hash says that something else differs, and nothing more. */
const UNTOLD = 'settingsHash';

function differing(before: object, after: object): SettingsChange['fields'] {
  const [from, to] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((field) => field !== UNTOLD && textOf(from.get(field)) !== textOf(to.get(field)))
    .map((field) => ({ field, from: from.get(field) ?? null, to: to.get(field) ?? null }));
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? 'none' : canonicalJson(value);
}

/** The changes as lines: `changed  strategy quick-cross`, and under it `params: {"fast":10} -> {"fast":12}`. */
export function changeLines(changes: readonly SettingsChange[], { good, warning, bad }: Palette): string[] {
  const colour = { new: good, changed: warning, retired: bad };
  return changes.flatMap(({ change, thing, name, fields }) => [
    `  ${colour[change](change.padEnd('changed'.length))}  ${thing} ${name}`,
    ...fields.map(({ field, from, to }) => `             ${field}: ${textOf(from)} -> ${textOf(to)}`),
  ]);
}
