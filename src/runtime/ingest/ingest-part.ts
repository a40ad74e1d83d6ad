/** The ingest as a part of a process: the feeds in force as one run, under their leases where there are several instances. */

import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { type FeedSettings, type InstrumentSettings, paceSpeed, pacesOf } from '../../domain/settings/settings.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { Feed } from '../../ports/feed.ts';
import type { EngineRunner } from '../engine/engine-runner.ts';
import { GuardedEventStore } from '../leases/guarded-stores.ts';
import type { Lease, Tenure } from '../leases/lease.ts';
import { whileHeld } from '../leases/while-held.ts';
import { EndingEventStore } from '../process/ending-event-store.ts';
import { EndingError, type RunPart } from '../process/supervisor.ts';
import { evidenceSink } from './evidence-sink.ts';
import { type FeedOfRun, type FeedOutcome, feedName, feedsOfRun, runFeeds } from './feed-run.ts';
import type { IngestProgress } from './ingest.ts';
import { Pacing } from './pacing.ts';
import type { SettlingProgress } from './run-end.ts';

/** After so long without the feed's lease another instance is taken to have it. */
const ELSEWHERE_MS = 3_000;

/** Follows the ingest; feeds have their names for people. */
export interface IngestListener {
  /** After each commit, for each feed that had a part in it. */
  progress(feed: string, progress: IngestProgress): void;
  /** The feed came to its end, or the process to its own. */
  done(feed: string, outcome: FeedOutcome): void;
  /** Another instance has the feed, and this one stands by. */
  elsewhere(feed: string): void;
  /** Every feed came to its end; the engine or the read models have not. */
  settling(progress: SettlingProgress): void;
  /** Every feed came to its end, is decided, and is in the read models that this process makes. */
  finished(): void;
}

/** The sources of a process's feeds, and the listener that follows their ingest. */
export interface IngestTerms {
  /** Null where the settings name no source. */
  readonly openFeed: (feed: FeedSettings, instrument: InstrumentSettings) => Feed | null;
  /** In place of what the settings say. */
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
  /** Resolves when the run, of so many pieces, is decided, and in the read models that this process makes. */
  readonly settled: (pieces: number, tell: IngestListener['settling'], signal: AbortSignal) => Promise<void>;
}

/**
 * Ingests all recordings as one run, merged by time, so that any pace, and any number of instances, make the same tape.
 * Begun again, it passes over what is recorded.
 */
export function ingestPart(dependencies: IngestDependencies, settings: SettingsInForce): RunPart {
  const { lease, listener } = dependencies;
  const feeds = feedsOfRun(settings, dependencies.openFeed);
  const leases = feeds.flatMap(({ market }) => lease(`feed-${market.venue}.${market.symbol}`) ?? []);
  // All of what these had is on the tape.
  const ended = new Map<FeedOfRun, FeedOutcome>();
  return async (tell, closing) => {
    const signal = AbortSignal.any([closing, dependencies.signal]);
    const isElsewhere = dependencies.time.after(ELSEWHERE_MS, () => {
      for (const [index, { market }] of feeds.entries()) if (!leases[index]?.isHeld()) listener.elsewhere(feedName(market));
    });
    if (leases.length > 0) tell('standby');
    try {
      const isDone = await whileHeld(leases, signal, (tenures, stop) => {
        isElsewhere.cancel();
        tell('running');
        return playRun(dependencies, settings, feeds, ended, tenures, stop);
      });
      if (isDone === undefined) return;
    } finally {
      isElsewhere.cancel();
    }
    if (signal.aborted) return;
    const pieces = [...ended.values()].reduce((sum, { recorded, already }) => sum + recorded + already, 0);
    await dependencies.settled(pieces, (progress) => listener.settling(progress), signal);
    if (signal.aborted) return;
    listener.finished();
  };
}

/** Plays the feeds of the run that have not come to their ends. The listener hears of each as far as it has come. */
async function playRun(
  { events, engine, time, metrics, codeVersion, pace, listener }: IngestDependencies,
  settings: SettingsInForce,
  feeds: readonly FeedOfRun[],
  ended: Map<FeedOfRun, FeedOutcome>,
  tenures: readonly Tenure[],
  signal: AbortSignal,
): Promise<true> {
  const speed = paceSpeed(pace ?? paceInForce(settings));
  const going = new EndingEventStore(events, signal);
  const held = new GuardedEventStore(going, () => {
    for (const tenure of tenures) tenure.assertHeld();
  });
  const left = feeds.filter((feed) => !ended.has(feed));
  const running = runFeeds(evidenceSink(tenures.length === 0 ? going : held, engine, time), going, left, {
    settings,
    codeVersion,
    figures: { metrics, time },
    signal,
    pacing: speed === null ? undefined : new Pacing({ speed, time, signal }),
    onProgress: (feed, progress) => listener.progress(feedName(feed.market), progress),
    onEnd: (feed, outcome) => {
      ended.set(feed, outcome);
      listener.done(feedName(feed.market), outcome);
    },
  });
  const outcomes = await running.catch((error: unknown) => {
    // Before the feeds had begun.
    if (error instanceof EndingError) return [];
    throw error;
  });
  // The process is to end, or has lost a lease.
  for (const [index, outcome] of outcomes.entries()) {
    const feed = left[index] as FeedOfRun;
    if (!ended.has(feed) && tenures.every((tenure) => tenure.isHeld())) listener.done(feedName(feed.market), outcome);
  }
  return true;
}

/** Throws UserError where the feeds name several. */
function paceInForce({ feeds }: SettingsInForce): string {
  const paces = pacesOf(feeds.values());
  if (paces.length <= 1) return paces[0] ?? 'max';
  throw new UserError(
    `the feeds in force have the paces ${paces.join(' and ')}, but all recordings are one run: give them one pace in the settings, or name one with --pace`,
  );
}
