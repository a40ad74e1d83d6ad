/** The strategies that are halted by name, whether or not the settings in force still have them. */

import { type AccountDocument, accounts } from '../projections/accounts.ts';
import type { Documents } from './documents.ts';

/** Their names. A halt outlives its strategy: one that is listed again under the name is halted until a person resumes it. */
export async function haltedStrategies(documents: Pick<Documents, 'all'>): Promise<ReadonlySet<string>> {
  const found = await documents.all<AccountDocument>(accounts, 'id');
  return new Set(found.flatMap(({ halts }) => halts.flatMap(({ scope }) => ('strategy' in scope ? scope.strategy : []))));
}
