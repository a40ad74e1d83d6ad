/** The ingest as a part of a process: the feeds in force, each under its lease where there are several instances. */

import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { type FeedSettings, type InstrumentSettings, paceSpeed } from '../../domain/settings/settings.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Feed } from '../../ports/feed.ts';
import type { EngineRunner } from '../engine/engine-runner.ts';
import { GuardedEventStore } from '../leases/guarded-stores.ts';
import { type Lease, type Tenure, whileHeld } from '../leases/lease.ts';
import type { RunPart, TellState } from '../process/supervisor.ts';
import { type EvidenceSink, evidenceSink } from './evidence-sink.ts';
import { type FeedOutcome, feedName, findFeed, runFeed } from './feed-run.ts';
import type { IngestProgress } from './ingest.ts';
import { Pacing } from './pacing.ts';

/** After so long without the feed's lease another instance is taken to have it. */
const ELSEWHERE_MS = 3_000;

/** Follows the ingest; feeds have their names for people. */
export interface IngestListener {
  /** After each commit. */
  progress(feed: string, progress: IngestProgress): void;
  /** The feed came to its end, or the process to its own. */
  done(feed: string, outcome: FeedOutcome): void;
  /** Another instance ingests the feed, and this one stands by. */
  elsewhere(feed: string): void;
  /** Every feed came to its end, and the read models that this process makes have all of it. */
  finished(): void;
}

/** The sources of a process's feeds, and the listener that follows their ingest. */
export interface IngestTerms {
  /** Null where the settings name no source. */
  readonly openFeed: (feed: FeedSettings, instrument: InstrumentSettings) => Feed | null;
  /** In place of what the settings say of each feed. */
  readonly pace?: string | undefined;
  /** Ends the ingest, before the other parts are closed. */
  readonly signal: AbortSignal;
  readonly listener: IngestListener;
}

export interface IngestDependencies extends IngestTerms {
  readonly time: Time;
  readonly events: EventStore;
  /** The engine of this process, which decides on `events`; null where it has none. */
  readonly engine: EngineRunner | null;
  readonly metrics: Metrics;
  readonly codeVersion: string;
  /** The lease of that name; null where there are none. */
  readonly lease: (name: string) => Lease | null;
  /** Resolves when the read models that this process makes have all that is on the tape now. */
  readonly projected: () => Promise<void>;
}

/**
 * Ingests recordings one after the other, in the order of the settings, so that any pace, and any number of instances,
 * make the same tape. Begun again, it goes on with the feed that it was at.
 */
export function ingestPart(dependencies: IngestDependencies, settings: SettingsInForce): RunPart {
  const { openFeed, events, engine, time, listener } = dependencies;
  const record = evidenceSink(events, engine, time);
  const left = [...settings.feeds.values()];
  return async (tell, closing) => {
    const signal = AbortSignal.any([closing, dependencies.signal]);
    for (let feed = left[0]; feed !== undefined; feed = left[0]) {
      const { venue, symbol } = feed;
      const source = openFeed(feed, findFeed(settings, venue, symbol).instrument);
      const outcome = source && (await ingestFeed(dependencies, feed, source, record, tell, signal));
      if (outcome === undefined) return;
      left.shift();
      if (outcome !== null) listener.done(feedName(feed), outcome);
      if (signal.aborted) return;
    }
    tell('running');
    await dependencies.projected();
    listener.finished();
  };
}

/** Undefined when it is to stop before this instance has got the feed's lease. */
async function ingestFeed(
  { events, engine, time, metrics, codeVersion, pace, lease, listener }: IngestDependencies,
  feed: FeedSettings,
  source: Feed,
  record: EvidenceSink,
  tell: TellState,
  signal: AbortSignal,
): Promise<FeedOutcome | undefined> {
  const name = feedName(feed);
  const speed = paceSpeed(pace ?? feed.pace ?? 'max');
  const mine = lease(`feed-${feed.venue}.${feed.symbol}`);
  if (mine !== null) tell('standby');
  const elsewhere = time.after(ELSEWHERE_MS, () => listener.elsewhere(name));
  const sinkUnder = (tenure: Tenure): EvidenceSink =>
    evidenceSink(new GuardedEventStore(events, () => tenure.assertHeld()), engine, time);
  try {
    return await whileHeld(mine, signal, (tenure, stop) => {
      elsewhere.cancel();
      tell('running');
      return runFeed(tenure === undefined ? record : sinkUnder(tenure), source, {
        codeVersion,
        figures: { metrics, market: feed, time },
        signal: stop,
        pacing: speed === null ? undefined : new Pacing({ speed, time, store: events, signal: stop }),
        onProgress: (progress) => listener.progress(name, progress),
      });
    });
  } finally {
    elsewhere.cancel();
  }
}
