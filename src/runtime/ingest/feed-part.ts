/** What `run` ingests: the recordings of the feeds in force. */

import type { OpenStores } from '../../cli/stores.ts';
import type { Screen } from '../../cli/terminal/screen.ts';
import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { type FeedSettings, paceSpeed } from '../../domain/settings/settings.ts';
import { type Summary, summarize } from '../../queries/run-summary.ts';
import { recordingPath } from '../../requests/settings-file.ts';
import type { System } from '../../system-dependencies.ts';
import { whileHeld } from '../leases/while-held.ts';
import { untilAvailable } from '../process/backoff.ts';
import { Playback } from './pacing.ts';
import { findFeed, ingestFiles, type RecordingOutcome, warnings } from './recording-run.ts';

/** How long the summary waits for the read models. */
const SUMMARY_WAIT_MS = 60_000;
/** After so long without the feed's lease another instance is taken to have it. */
const ELSEWHERE_MS = 3_000;

interface Ingesting {
  readonly build: string;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly pace: string | undefined;
  /** Where the API is served, if it is. */
  readonly address: string;
}

/**
 * One after the other, in the order of the settings, so that any pace, and any number of instances, make the same tape.
 */
export async function ingestFeeds(
  opened: OpenStores,
  system: System,
  settings: SettingsInForce,
  ingesting: Ingesting,
): Promise<void> {
  const { signal, screen, address } = ingesting;
  const ingested: Summary['recordings'][number][] = [];
  for (const feed of settings.feeds.values()) {
    const { venue, symbol, recordings, bars } = feed;
    if (recordings.length === 0 || signal.aborted) continue;
    const name = `${venue} ${symbol} ${bars}`;
    const outcome = await untilAvailable(() => ingestFeed(opened, system, settings, feed, ingesting), signal, screenAway(screen));
    if (outcome === undefined) return;
    ingested.push({ feed: name, evidence: outcome.evidence });
    screen.done(name, outcome);
    for (const trouble of warnings(outcome)) screen.warn(`${name}: ${trouble}`);
  }
  // Where the read models are made elsewhere, nobody knows when they will have caught up.
  if (signal.aborted || system.projections.size === 0) return;
  const summary = await untilAvailable(() => summaryOf(opened, system, settings, ingested), signal, screenAway(screen));
  screen.summary(summary, address);
}

/** Undefined when it is to stop before this instance has got the feed's lease. */
async function ingestFeed(
  { config, events }: OpenStores,
  system: System,
  settings: SettingsInForce,
  feed: FeedSettings,
  { build, signal, screen, pace }: Ingesting,
): Promise<RecordingOutcome | undefined> {
  const { venue, symbol, recordings, bars } = feed;
  const name = `${venue} ${symbol} ${bars}`;
  const files = recordings.map((recording) => recordingPath(config.settingsFile, recording));
  const speed = paceSpeed(pace ?? feed.pace ?? 'max');
  const lease = system.lease(`feed-${venue}.${symbol}`);
  const elsewhere = setTimeout(() => screen.say(`${name}: another instance ingests it, this one stands by`, {}), ELSEWHERE_MS);
  try {
    return await whileHeld(lease, signal, (holding, stop) => {
      clearTimeout(elsewhere);
      const take = holding === undefined ? system.take : system.takeUnder(holding);
      return ingestFiles(take, files, findFeed(settings, venue, symbol), {
        codeVersion: build,
        metrics: system.metrics,
        signal: stop,
        playback: speed === null ? undefined : new Playback({ speed, store: events, signal: stop }),
        onProgress: (progress) => screen.progress(name, progress),
      });
    });
  } finally {
    clearTimeout(elsewhere);
  }
}

async function summaryOf(
  { events, reads }: OpenStores,
  system: System,
  settings: SettingsInForce,
  ingested: Summary['recordings'],
): Promise<Summary> {
  const head = await events.head();
  for (const projection of system.projections.values()) await projection.waitFor(head, SUMMARY_WAIT_MS);
  return summarize(reads, settings, ingested);
}

function screenAway(screen: Screen): (error: Error) => void {
  return ({ message }) => screen.warn(message);
}
