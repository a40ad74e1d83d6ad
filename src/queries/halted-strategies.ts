/** The strategies that are halted by name, whether or not the settings in force still have them, and in which accounts. */

import type { ConfiguredStrategy } from '../domain/settings/events.ts';
import { type AccountDocument, type AccountHalt, accounts } from '../projections/accounts.ts';
import type { Documents } from './documents.ts';

/** Their names. A halt outlives its strategy: one that is listed again under the name is halted until a person resumes it. */
export async function haltedStrategies(documents: Pick<Documents, 'all'>): Promise<ReadonlySet<string>> {
  const found = await documents.all<AccountDocument>(accounts, 'id');
  return new Set(found.flatMap(({ halts }) => halts.flatMap(({ scope }) => ('strategy' in scope ? scope.strategy : []))));
}

/** How a strategy stands in an account. */
export interface StrategyStanding {
  readonly account: string;
  /** The settings in force have it trade there. */
  readonly inForce: boolean;
  readonly halts: readonly AccountHalt[];
}

/**
 * How the strategy stands in its account, which comes first, and in those that it was halted in and moved away from. A
 * halt of its name holds wherever it trades, though it is said in the accounts of the time of the halt alone.
 */
export function standingOf(
  { name, account: home }: Pick<ConfiguredStrategy, 'name' | 'account'>,
  all: readonly Pick<AccountDocument, 'id' | 'halts'>[],
): StrategyStanding[] {
  const isOwn = ({ scope }: AccountHalt): boolean => 'strategy' in scope && scope.strategy === name;
  const said = all.flatMap(({ halts }) => halts.filter(isOwn));
  const own = said.filter(({ requestId }, index) => said.findIndex((other) => other.requestId === requestId) === index);
  const standings: StrategyStanding[] = [{ account: home, inForce: true, halts: [] }];
  for (const { id, halts } of all)
    if (id !== home && halts.some(isOwn)) standings.push({ account: id, inForce: false, halts: [] });
  return standings.map((standing) => {
    const there = all.find(({ id }) => id === standing.account)?.halts ?? [];
    const known = there.filter((halt) => isOwn(halt) || !('strategy' in halt.scope));
    const elsewhere = own.filter(({ requestId }) => !known.some((halt) => halt.requestId === requestId));
    return { ...standing, halts: [...known, ...elsewhere] };
  });
}
