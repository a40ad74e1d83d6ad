/** All accounts as the read models have them, at the latest prices there. */

import type { SettingsInForce } from '../domain/settings/in-force.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { accounts } from '../projections/accounts.ts';
import { servingCollection } from '../runtime/projections/builds.ts';
import { comparePositions } from '../tape/envelope.ts';
import { storedDocuments } from './documents.ts';
import { VALUED_FROM, type ValuedAccount, valuedAccounts } from './valued-accounts.ts';

/** By id. */
export async function readStoredAccounts(reads: ReadStore, settings: SettingsInForce): Promise<ValuedAccount[]> {
  const source = storedDocuments(reads, (projection) => servingCollection(reads, projection));
  const collections = await Promise.all(VALUED_FROM.map((projection) => servingCollection(reads, projection)));
  const positions = await Promise.all(collections.map((collection) => reads.checkpoint(collection)));
  const reached = positions.reduce((least, position) => (comparePositions(position, least) < 0 ? position : least));
  return valuedAccounts(source, settings, await source.all(accounts, 'id'), reached);
}
