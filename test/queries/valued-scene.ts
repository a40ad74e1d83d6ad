/** What the queries make of the read models of a scene. */

import { evolveSettings, noSettings } from '../../src/domain/settings/in-force.ts';
import { accounts } from '../../src/projections/accounts.ts';
import { prices } from '../../src/projections/prices.ts';
import type { Projection } from '../../src/projections/projection.ts';
import type { Documents } from '../../src/queries/documents.ts';
import { type ValuedAccount, valuedAccounts } from '../../src/queries/valued-accounts.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import type { Scene } from '../domain/given.ts';
import { fold } from '../projections/recorded.ts';

/** The only account of a scene, at its latest prices. */
export async function valuedOf(scene: Scene): Promise<ValuedAccount> {
  const tape = scene.tape.map((event, index) => {
    return { ...event, revision: index, position: `${index + 1}`, recordedAt: event.metadata.occurredAt } as RecordedEvent;
  });
  const settings = noSettings();
  for (const event of tape) evolveSettings(settings, event);
  const documents = (projection: Projection) => fold(projection, tape) as ReadonlyMap<string, object>;
  const source: Documents = {
    async all(projection, _field, equal = {}) {
      const wanted = Object.entries(equal);
      const found = [...documents(projection as unknown as Projection).values()] as Record<string, unknown>[];
      return found.filter((one) => wanted.every(([name, values]) => [values].flat().includes(one[name] as string))) as never[];
    },
    prices: async () => documents(prices as unknown as Projection) as never,
  };
  const [valued, ...more] = await valuedAccounts(source, settings, await source.all(accounts, 'id'), '7');
  if (valued === undefined || more.length > 0) throw new Error(`${more.length + 1} accounts, not one`);
  return valued;
}
