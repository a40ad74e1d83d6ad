/** The now of accounts, as their feeds tell it. */

import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings } from '../../domain/settings/settings.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { FirstTime } from './feed-start.ts';
import { heldUpTo } from './held-evidence.ts';

/**
 * The latest now of an account whose strategies use the feed, as it follows from what the tape holds of their other
 * feeds: data of this feed from before that would be old to it. Undefined where none has a now.
 */
export async function nowOfAccounts(
  events: Pick<EventStore, 'read'>,
  settings: SettingsInForce,
  { venue, symbol }: FeedSettings,
): Promise<FirstTime | undefined> {
  const key = instrumentKey(venue, symbol);
  const strategies = [...settings.strategies.values()].map((strategy) => ({
    account: strategy.account,
    instrument: instrumentKey(strategy.venue, strategy.symbol),
  }));
  const accounts = new Set(strategies.filter(({ instrument }) => instrument === key).map(({ account }) => account));
  const others = new Map(
    strategies
      .filter(({ account, instrument }) => accounts.has(account) && instrument !== key)
      .map(({ account, instrument }) => [instrument, account]),
  );
  let latest: FirstTime | undefined;
  for (const [instrument, account] of others) {
    const feed = settings.feeds.get(instrument);
    const time = feed === undefined ? null : await heldUpTo(events, feed);
    if (time === null || (latest !== undefined && time <= latest.time)) continue;
    latest = { time, because: `account ${account}, which uses it,` };
  }
  return latest;
}
