/** A session whose evidence is told in short. */

import { FeedSession } from '../../../src/domain/feed/feed-session.ts';
import type { MarketMessage, SnapshotSource } from '../../../src/domain/feed/messages.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import type { FeedSettings } from '../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { SECONDS_FEED } from './market-fixtures.ts';

/** Of each piece its type, and what matters of it, times from midnight. */
export function session(feed: FeedSettings = SECONDS_FEED, snapshots: SnapshotSource = 'fetched') {
  const tally = new Tally();
  const keys: string[] = [];
  const running = new FeedSession(feed, BTCUSDT, tally, snapshots);
  const offset = (iso: string | null) => (iso === null ? null : iso.slice(14, 23));
  const told = (drafts: ReturnType<FeedSession['apply']>) =>
    drafts.map((draft) => {
      const at = offset(draft.occurredAt);
      if (draft.type === 'FeedStale') return `stale ${draft.data.reason} at ${at}, last good ${offset(draft.data.lastEventTime)}`;
      if (draft.type === 'FeedRecovered') return `recovered from ${draft.data.reason} at ${at}`;
      if (draft.type === 'DepthSampled')
        return `sample ${draft.data.updateId} at ${at}: ${draft.data.bids[0]} ${draft.data.asks[0]}`;
      return `${draft.type} ${offset(draft.data.openTime)} ${draft.data.bid} ${draft.data.ask}`;
    });
  return {
    tally,
    /** Of all evidence so far. */
    keys,
    take: (...frames: MarketMessage[]) => {
      const drafts = frames.flatMap((frame) => running.apply(frame));
      keys.push(...drafts.map(({ key }) => key));
      return told(drafts);
    },
    end: () => told(running.end()),
    drop: () => running.drop(),
  };
}
