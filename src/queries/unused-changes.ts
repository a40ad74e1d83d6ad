/** Strategies that were changed when everything on the tape had been decided already: nothing was decided with the change. */

import type { SettingsInForce } from '../domain/settings/in-force.ts';
import { SETTINGS_STREAM } from '../domain/streams.ts';
import type { EventStore, ReadQuery } from '../ports/event-store.ts';
import { eventsOf } from '../ports/pages.ts';
import type { RecordedEvent } from '../tape/envelope.ts';

/** How many bars of others are passed over in search of one of a strategy's. */
const MAX_BARS = 10_000;

export interface UnusedChange {
  readonly strategy: string;
  /** It was there before, with other settings. */
  readonly isChange: boolean;
}

/** Those in force that have bars from before they were set, and none from after. */
export async function unusedChanges(events: EventStore, settings: SettingsInForce): Promise<UnusedChange[]> {
  const found: UnusedChange[] = [];
  const set = await lastSet(events);
  for (const { name, venue, symbol, interval } of settings.strategies.values()) {
    const change = set.get(name);
    if (change === undefined) continue;
    const isOfIts = (event: RecordedEvent): boolean =>
      event.type === 'BarClosed' &&
      event.data.venue === venue &&
      event.data.symbol === symbol &&
      event.data.interval === interval;
    const { position: after, isChange } = change;
    if (await hasBar(events, { after }, isOfIts)) continue;
    if (await hasBar(events, { after, isBackward: true }, isOfIts)) found.push({ strategy: name, isChange });
  }
  return found;
}

/** Where each strategy was last set, and whether it had been set before. */
async function lastSet(
  events: EventStore,
): Promise<ReadonlyMap<string, { readonly position: string; readonly isChange: boolean }>> {
  const set = new Map<string, { position: string; isChange: boolean }>();
  for await (const event of eventsOf(events, { stream: SETTINGS_STREAM, types: ['StrategyConfigured', 'StrategyRetired'] })) {
    if (event.type === 'StrategyRetired') set.delete(event.data.name);
    if (event.type !== 'StrategyConfigured') continue;
    const { name } = event.data;
    set.set(name, { position: event.position, isChange: set.has(name) });
  }
  return set;
}

async function hasBar(
  events: EventStore,
  where: Pick<ReadQuery, 'after' | 'isBackward'>,
  isOfIts: (event: RecordedEvent) => boolean,
): Promise<boolean> {
  const query = { categories: ['bars', 'rollups'], types: ['BarClosed'], ...where };
  for await (const event of eventsOf(events, query, MAX_BARS)) if (isOfIts(event)) return true;
  return false;
}
