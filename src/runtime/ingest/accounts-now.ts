/** The now of accounts, as their feeds tell it. */

import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings } from '../../domain/settings/settings.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import type { FirstTime } from './feed-start.ts';
import { heldUpTo } from './held-evidence.ts';

/**
 * The latest now of an account that uses the feed, by a strategy or an order, as it follows from what the tape holds of the
 * other feeds that it uses: data of this feed from before that would be old to it. Undefined where none has a now.
 */
export async function nowOfAccounts(
  events: Pick<EventStore, 'read'>,
  settings: SettingsInForce,
  { venue, symbol }: FeedSettings,
): Promise<FirstTime | undefined> {
  const key = instrumentKey(venue, symbol);
  let latest: FirstTime | undefined;
  for (const [account, used] of await instrumentsUsed(events, settings)) {
    for (const other of used.has(key) ? used : []) {
      const feed = other === key ? undefined : settings.feeds.get(other);
      const time = feed === undefined ? null : await heldUpTo(events, feed);
      if (time === null || (latest !== undefined && time <= latest.time)) continue;
      latest = { time, because: `account ${account}, which uses it,` };
    }
  }
  return latest;
}

/** The keys of instruments that each account uses. */
async function instrumentsUsed(
  events: Pick<EventStore, 'read'>,
  { strategies }: SettingsInForce,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const used = new Map<string, Set<string>>();
  const note = ({ account, venue, symbol }: { readonly account: string; readonly venue: string; readonly symbol: string }) => {
    const known = used.get(account) ?? new Set();
    used.set(account, known.add(instrumentKey(venue, symbol)));
  };
  for (const strategy of strategies.values()) note(strategy);
  for await (const event of eventsOf(events, { categories: ['order'], types: ['OrderApproved'] })) {
    if (event.type === 'OrderApproved') note(event.data);
  }
  return used;
}
