/** Positions as they are at the tape's end, at the latest prices. */

import type { EventStore } from '../ports/event-store.ts';
import { compareTexts } from '../ports/find-rules.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { accounts } from '../projections/accounts.ts';
import { latestDocuments } from './documents.ts';
import { readSettings } from './settings-in-force.ts';
import { type ValuedPosition, valuedAccounts } from './valued-accounts.ts';

/** The positions that fit, by account, strategy and instrument; `hasFlat`: with those that were closed. Throws OtherTapeError. */
export async function currentPositions(
  events: EventStore,
  reads: ReadStore,
  wanted: { readonly account?: string; readonly strategy?: string; readonly hasFlat: boolean },
): Promise<ValuedPosition[]> {
  const { account, strategy, hasFlat } = wanted;
  const position = await events.head();
  const source = latestDocuments(events, reads);
  const documents = await source.all(accounts, 'id', account === undefined ? {} : { id: account });
  const { settings } = await readSettings(events);
  const valued = await valuedAccounts(source, settings, documents, position);
  return valued
    .flatMap(({ positions }) => positions)
    .filter((one) => (hasFlat || one.quantity !== '0') && (strategy === undefined || one.strategy === strategy))
    .sort((a, b) => compareTexts(a.account, b.account) || compareTexts(a.name, b.name));
}
