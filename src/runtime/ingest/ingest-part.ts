/** Ingests the feeds in force, each under its lease where there are several instances. */

import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { type FeedSettings, type InstrumentSettings, paceSpeed } from '../../domain/settings/settings.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Feed } from '../../ports/feed.ts';
import { untilAvailable } from '../../waiting.ts';
import type { Holding, Lease } from '../leases/lease.ts';
import { whileHeld } from '../leases/while-held.ts';
import { type FeedOutcome, feedName, findFeed, runFeed } from './feed-run.ts';
import type { EvidenceSink, IngestProgress } from './ingest.ts';
import { Playback } from './pacing.ts';

/** After so long without the feed's lease another instance is taken to have it. */
const ELSEWHERE_MS = 3_000;

/** Is told how the ingest goes, by the feeds' names for people. */
export interface IngestListener {
  /** After each commit. */
  progress(feed: string, progress: IngestProgress): void;
  /** The feed came to its end. */
  done(feed: string, outcome: FeedOutcome): void;
  /** Another instance ingests the feed, and this one stands by. */
  elsewhere(feed: string): void;
  /** A store is away, and the feed goes on when it is back. */
  away(error: Error): void;
}

export interface IngestDependencies {
  readonly events: EventStore;
  readonly time: Time;
  readonly metrics: Metrics;
  readonly codeVersion: string;
  /** Null where the settings name no source. */
  readonly openFeed: (feed: FeedSettings, instrument: InstrumentSettings) => Feed | null;
  /** In place of what the settings say of each feed. */
  readonly pace: string | undefined;
  /** The lease of that name; null where there are none. */
  readonly lease: (name: string) => Lease | null;
  /** Takes evidence onto the tape, under a lease where there is one. */
  readonly take: (holding: Holding | undefined) => EvidenceSink;
  readonly listener: IngestListener;
}

/**
 * Ingests recordings one after the other, in the order of the settings, so that any pace, and any number of instances,
 * make the same tape. Resolves when all are on the tape, or the signal aborts.
 */
export async function ingestFeeds(
  dependencies: IngestDependencies,
  settings: SettingsInForce,
  signal: AbortSignal,
): Promise<void> {
  const { time, openFeed, listener } = dependencies;
  for (const { venue, symbol } of settings.feeds.values()) {
    const { feed, instrument } = findFeed(settings, venue, symbol);
    const source = openFeed(feed, instrument);
    if (source === null || signal.aborted) continue;
    const work = () => ingestFeed(dependencies, feed, source, signal);
    const outcome = await untilAvailable(time, work, signal, (error) => listener.away(error));
    if (outcome === undefined) return;
    listener.done(feedName(feed), outcome);
  }
}

/** Undefined when it is to stop before this instance has got the feed's lease. */
async function ingestFeed(
  { events, time, metrics, codeVersion, pace, lease, take, listener }: IngestDependencies,
  feed: FeedSettings,
  source: Feed,
  signal: AbortSignal,
): Promise<FeedOutcome | undefined> {
  const name = feedName(feed);
  const speed = paceSpeed(pace ?? feed.pace ?? 'max');
  const elsewhere = time.after(ELSEWHERE_MS, () => listener.elsewhere(name));
  try {
    return await whileHeld(lease(`feed-${feed.venue}.${feed.symbol}`), signal, (holding, stop) => {
      elsewhere.cancel();
      return runFeed(take(holding), source, {
        codeVersion,
        figures: { metrics, market: feed, time },
        signal: stop,
        playback: speed === null ? undefined : new Playback({ speed, time, store: events, signal: stop }),
        onProgress: (progress) => listener.progress(name, progress),
      });
    });
  } finally {
    elsewhere.cancel();
  }
}
