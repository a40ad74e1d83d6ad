/** What settings say that is allowed and does not do what a person who wrote it will think. */

import { intervalMs } from '../interval.ts';
import { DAY_MS } from '../time.ts';
import { type Violation, violationLine } from './check.ts';
import { idleLimits } from './ranges.ts';
import type { AccountSettings, FeedSettings, Settings } from './settings.ts';

/** A sentence each, with the place in the file. */
export function settingsWarnings(settings: Settings): string[] {
  const unseen = settings.accounts.flatMap((account, index) =>
    [...unseenLosses(account, settings), ...unheldStrategies(account, settings)].map(
      (text): Violation => [['accounts', index, 'limits', 'dailyLoss'], text],
    ),
  );
  return [...idleLimits(settings), ...unseen.map(violationLine)];
}

/**
 * A day's loss is counted from 00:00 UTC, which is when a bar of a day closes: what is only ever valued then has no loss
 * on any day.
 */
function unseenLosses({ id, currency, balances, limits }: AccountSettings, settings: Settings): string[] {
  if (limits.dailyLoss === undefined) return [];
  const used = settings.strategies.filter(({ account }) => account === id);
  const held = settings.instruments.filter(({ base, quote }) => quote === currency && base !== currency && base in balances);
  const quoted = settings.instruments.filter(({ quote }) => quote === currency);
  // Of an account that nothing is known of yet, whatever people may trade in it.
  const parts = used.length + held.length > 0 ? [...used, ...held] : quoted;
  const feeds = settings.feeds.filter((feed) => parts.some((part) => isOf(feed, part)));
  const daily = feeds.filter(isOfDaysAlone);
  if (daily.length === 0) return [];
  const names = daily.map(({ venue, symbol }) => `${venue} ${symbol}`).join(', ');
  const because = 'has bars of a day alone, and these close when a new day begins to count';
  return daily.length === feeds.length
    ? [`can never bind: ${names} ${because}; take shorter bars, or limit "drawdown"`]
    : [`does not see what is lost in ${names}, which ${because}; take shorter bars, or limit "drawdown"`];
}

/**
 * A strategy of a day decides when its bar closes, at 00:00 UTC, whatever bars its feed has: the day's loss begins anew
 * then. Where the feed has bars of a day alone, that is said of the feed.
 */
function unheldStrategies({ id, limits }: AccountSettings, { strategies, feeds }: Settings): string[] {
  if (limits.dailyLoss === undefined) return [];
  const unheld = strategies.filter(
    (strategy) =>
      strategy.account === id &&
      intervalMs(strategy.interval) === DAY_MS &&
      !feeds.some((feed) => isOf(feed, strategy) && isOfDaysAlone(feed)),
  );
  if (unheld.length === 0) return [];
  const names = unheld.map(({ name }) => name).join(', ');
  return [`never holds up ${names}: on bars of a day it orders at 00:00 UTC, when the day's loss begins anew; limit "drawdown"`];
}

function isOfDaysAlone({ bars, depth }: FeedSettings): boolean {
  return intervalMs(bars) === DAY_MS && depth === undefined;
}

function isOf(feed: FeedSettings, { venue, symbol }: { readonly venue: string; readonly symbol: string }): boolean {
  return feed.venue === venue && feed.symbol === symbol;
}
