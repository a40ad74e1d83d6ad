/** The summary of a run for a person: bars, signals, orders, fills, positions, profit, where to look next. */

import { formatDecimal, parseDecimal, subtract } from '../domain/decimal.ts';
import type { SettingsInForce } from '../domain/settings/in-force.ts';
import { volumeShareText } from '../domain/venue/paper/fill-bounds.ts';
import { readAll } from '../ports/pages.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { type AccountDocument, accounts } from '../projections/accounts.ts';
import { type OrderDocument, orders } from '../projections/orders.ts';
import { type PositionDocument, positions } from '../projections/positions.ts';
import { type SignalDocument, signals } from '../projections/signals.ts';
import { servingCollection } from '../runtime/projections/builds.ts';

interface StrategySummary {
  readonly strategy: string;
  readonly account: string;
  signals: number;
  orders: number;
  filled: number;
  denied: number;
}

interface AccountSummary {
  readonly account: string;
  readonly currency: string;
  readonly equity: string;
  readonly profit: string;
  /** The part of a bar's volume that its orders fill at most, or `off`. */
  readonly maxVolumeShare: string;
  readonly positions: readonly PositionDocument[];
}

export interface Summary {
  readonly recordings: readonly { readonly feed: string; readonly evidence: Readonly<Record<string, number>> }[];
  readonly strategies: readonly StrategySummary[];
  readonly accounts: readonly AccountSummary[];
}

/** Reads the read models, which must have caught up. */
export async function summarize(
  reads: ReadStore,
  settings: SettingsInForce,
  recordings: Summary['recordings'],
): Promise<Summary> {
  const strategies: StrategySummary[] = [];
  for (const { name, account } of settings.strategies.values()) strategies.push(await summarizeStrategy(reads, name, account));
  const summaries: AccountSummary[] = [];
  for await (const account of readAll<AccountDocument>(reads, await servingCollection(reads, accounts), 'id')) {
    summaries.push(await summarizeAccount(reads, account, settings));
  }
  return { recordings, strategies, accounts: summaries };
}

async function summarizeStrategy(reads: ReadStore, strategy: string, account: string): Promise<StrategySummary> {
  const summary: StrategySummary = { strategy, account, signals: 0, orders: 0, filled: 0, denied: 0 };
  for await (const _ of readAll<SignalDocument>(reads, await servingCollection(reads, signals), 'sequence', { strategy }))
    summary.signals++;
  for await (const { status } of readAll<OrderDocument>(reads, await servingCollection(reads, orders), 'sequence', {
    strategy,
  })) {
    summary.orders++;
    if (status === 'filled') summary.filled++;
    if (status === 'denied') summary.denied++;
  }
  return summary;
}

async function summarizeAccount(reads: ReadStore, account: AccountDocument, settings: SettingsInForce): Promise<AccountSummary> {
  const { id } = account;
  const currency = account.currency ?? '';
  const opening = settings.accounts.get(id)?.balances[currency] ?? '0';
  const equity = account.equity ?? opening;
  const open: PositionDocument[] = [];
  for await (const position of readAll<PositionDocument>(reads, await servingCollection(reads, positions), 'name', {
    account: id,
  })) {
    if (position.quantity !== '0') open.push(position);
  }
  return {
    account: id,
    currency,
    equity,
    profit: formatDecimal(subtract(parseDecimal(equity), parseDecimal(opening))),
    maxVolumeShare: volumeShareText(settings.accounts.get(id) ?? {}),
    positions: open,
  };
}
