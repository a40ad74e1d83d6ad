/** How far the tape is with a feed. */

import type { Market } from '../../domain/feed/evidence.ts';
import { instrumentKey } from '../../domain/settings/in-force.ts';
import type { FeedSettings } from '../../domain/settings/settings.ts';
import { barsStream, depthStream, feedStream } from '../../domain/streams.ts';
import { epochMs } from '../../domain/time.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { eventsOf } from '../../ports/pages.ts';
import { comparePositions, type RecordedEvent, START } from '../../tape/envelope.ts';

/** So many of the last pieces of a stream are looked at: corrections of bars come late, under the times of their bars. */
const LAST_PIECES = 500;

/** What tells how far a feed is. */
export type HeldFeed = Pick<FeedSettings, 'venue' | 'symbol' | 'bars'>;

/**
 * The greatest time of what the tape holds of a feed, epoch ms; null where it holds nothing. The end of a session does not
 * count: it has the time of the last message, and a piece from before may follow where more of the session comes.
 */
export async function heldUpTo(store: Pick<EventStore, 'read'>, feed: HeldFeed): Promise<number | null> {
  const words = await store.read({ stream: feedStream(feed.venue, feed.symbol), isBackward: true, limit: LAST_PIECES });
  // Its first word comes with its first data: whoever has said nothing of a feed has not come far with it.
  const [lastWord] = words;
  if (lastWord === undefined) return null;
  const lasting = words.filter((word) => !isEnd(word));
  const data = await lastData(store, feed, isEnd(lastWord) ? lastWord.position : undefined, lasting[0]?.position ?? START);
  const pieces = data === null ? lasting : [...lasting, data, ...(await around(store, feed, data))];
  return pieces.length === 0 ? null : Math.max(...pieces.map(({ metadata }) => epochMs(metadata.occurredAt)));
}

/** Does the tape hold something of a feed that no end of it follows? So it is where taking it in was cut off. */
export async function isCutOff(store: Pick<EventStore, 'read'>, feed: Market): Promise<boolean> {
  const [lastWord] = await store.read({ stream: feedStream(feed.venue, feed.symbol), isBackward: true, limit: 1 });
  if (lastWord === undefined) return false;
  return !isEnd(lastWord) || (await lastData(store, feed, undefined, lastWord.position)) !== null;
}

function isEnd(word: RecordedEvent): boolean {
  return word.type === 'FeedStale' && word.data.reason === 'ended';
}

/** The feed's last bar or sample between two positions. Other feeds lie in between. */
async function lastData(
  store: Pick<EventStore, 'read'>,
  { venue, symbol }: Market,
  before: string | undefined,
  after: string,
): Promise<RecordedEvent | null> {
  const key = instrumentKey(venue, symbol);
  const query = { categories: ['bars', 'depth'], types: ['BarClosed', 'DepthSampled'], isBackward: true, after: before };
  for await (const event of eventsOf(store, query)) {
    if (comparePositions(event.position, after) < 0) return null;
    if (event.type !== 'BarClosed' && event.type !== 'DepthSampled') continue;
    if (instrumentKey(event.data.venue, event.data.symbol) === key) return event;
  }
  return null;
}

/** The last pieces of the streams that a piece lies in and beside. */
async function around(
  store: Pick<EventStore, 'read'>,
  { venue, symbol, bars }: HeldFeed,
  { stream, metadata: { occurredAt } }: RecordedEvent,
): Promise<RecordedEvent[]> {
  const streams = new Set([stream, depthStream(venue, symbol, occurredAt), barsStream(venue, symbol, bars, occurredAt)]);
  const found: RecordedEvent[] = [];
  for (const beside of streams) found.push(...(await store.read({ stream: beside, isBackward: true, limit: LAST_PIECES })));
  return found;
}
