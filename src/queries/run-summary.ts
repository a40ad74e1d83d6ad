/** The summary of a run for a person: bars, signals, orders, fills, positions, profit, where to look next. */

import type { SettingsInForce } from '../domain/settings/in-force.ts';
import { volumeShareText } from '../domain/venue/paper/fill-bounds.ts';
import { readAll } from '../ports/pages.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { type OrderDocument, orders } from '../projections/orders.ts';
import { type SignalDocument, signals } from '../projections/signals.ts';
import { servingCollection } from '../runtime/projections/builds.ts';
import { readStoredAccounts } from './stored-accounts.ts';
import type { CurrentAccount, ValuedPosition } from './valued-accounts.ts';

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
  /** The part of a bar's volume that its orders fill at most, or `off`. */
  readonly maxVolumeShare: string;
  /** Null before the engine has opened it. */
  readonly current: CurrentAccount | null;
  /** The open ones. */
  readonly positions: readonly ValuedPosition[];
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
  const valued = await readStoredAccounts(reads, settings);
  const summaries = valued.map(({ document: { id, currency }, current, positions }) => {
    return {
      account: id,
      currency: currency ?? '',
      maxVolumeShare: volumeShareText(settings.accounts.get(id) ?? {}),
      current,
      positions: positions.filter(({ quantity }) => quantity !== '0'),
    };
  });
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
