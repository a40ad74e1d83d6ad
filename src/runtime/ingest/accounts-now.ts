/** The now of accounts, as their feeds tell it. */

import type { Market } from '../../domain/feed/evidence.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { heldUpTo } from './held-evidence.ts';

/** The now of an account. */
export interface AccountNow {
  readonly account: string;
  /** Epoch ms. */
  readonly time: number;
}

/** Tells of a feed the latest now of an account that uses it; undefined where none has a now. */
export type NowOfAccounts = (feed: Market) => Promise<AccountNow | undefined>;

/**
 * The latest now of an account that uses a feed, by a strategy or an order, as it follows from what the tape holds of the
 * other feeds that it uses: data of this feed from before that would be old to it. The tape is asked for each feed once.
 */
export async function nowOfAccounts(events: Pick<EventStore, 'read'>, settings: SettingsInForce): Promise<NowOfAccounts> {
  const uses = await instrumentsUsed(events, settings);
  const held = new Map<string, number | null>();
  const timeOf = async (key: string): Promise<number | null> => {
    const feed = settings.feeds.get(key);
    if (!held.has(key)) held.set(key, feed === undefined ? null : await heldUpTo(events, feed));
    return held.get(key) ?? null;
  };
  return async ({ venue, symbol }) => {
    const key = instrumentKey(venue, symbol);
    let latest: AccountNow | undefined;
    for (const [account, used] of uses) {
      for (const other of used.has(key) ? used : []) {
        const time = other === key ? null : await timeOf(other);
        if (time !== null && (latest === undefined || time > latest.time)) latest = { account, time };
      }
    }
    return latest;
  };
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
