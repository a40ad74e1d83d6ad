/** Takes feeds onto the tape as one run, and counts the input of each that could not be used. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { type FrameCounts, Tally, type TallyReason } from '../../domain/feed/tally.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { type Feed, RecordingError } from '../../ports/feed.ts';
import { compareTexts } from '../../ports/find-rules.ts';
import type { EvidenceSink } from './evidence-sink.ts';
import { startFeeds } from './feed-start.ts';
import { FeedWatch } from './feed-watch.ts';
import { type IngestOptions, type IngestProgress, ingest } from './ingest.ts';
import { type LateFeedOptions, lateFeeds } from './late-feeds.ts';

export interface FeedOutcome extends IngestProgress {
  /** What is to be said of a feed that an account which uses it is past; null for any other. */
  readonly late: string | null;
  /** How many pieces of evidence of each type the feed gave. */
  readonly evidence: Readonly<Record<string, number>>;
  /** Counts of input that could not be used or had to be allowed for, by reason, with the first example of each. */
  readonly tally: ReadonlyMap<TallyReason, { readonly count: number; readonly first: string }>;
  /** What became of every frame or candle that was read, by kind. */
  readonly frames: ReadonlyMap<string, Readonly<FrameCounts>>;
}

/** A feed of a run, and where its data come from. */
export interface FeedOfRun {
  readonly market: FeedSettings;
  readonly source: Feed;
}

export interface FeedRunOptions extends Pick<IngestOptions, 'signal' | 'pacing'>, Pick<LateFeedOptions, 'isOfOne'> {
  /** In force. */
  readonly settings: SettingsInForce;
  readonly codeVersion: string;
  /** Where the feeds' figures go, each under its market; absent, none are taken. */
  readonly figures?: { readonly metrics: Metrics; readonly time: Time } | undefined;
  /** Called after each commit with the sums so far of each feed that had a part in it. */
  readonly onProgress?: ((feed: FeedOfRun, progress: IngestProgress) => void) | undefined;
  /** The feed came to its end, and all of it is on the tape. */
  readonly onEnd?: ((feed: FeedOfRun, outcome: FeedOutcome) => void) | undefined;
}

/** The feed and the instrument in force under that name. Throws UserError that lists what there is. */
export function findFeed(
  settings: SettingsInForce,
  venue: string,
  symbol: string,
): { feed: FeedSettings; instrument: InstrumentSettings } {
  const key = instrumentKey(venue, symbol);
  const instrument = settings.instruments.get(key);
  if (instrument === undefined) {
    const listed = [...settings.instruments.values()].map((known) => `${known.venue} ${known.symbol}`).join(', ');
    throw new UserError(`${venue} ${symbol} is not listed: list it in the settings, or use one of ${listed || '(none)'}`);
  }
  const feed = settings.feeds.get(key);
  if (feed === undefined) throw new UserError(`${venue} ${symbol} has no feed: add one to the settings`);
  return { feed, instrument };
}

/** The feeds in force that have a source, in the order of a run: by venue and symbol. */
export function feedsOfRun(
  settings: SettingsInForce,
  open: (feed: FeedSettings, instrument: InstrumentSettings) => Feed | null,
): readonly FeedOfRun[] {
  const inOrder = [...settings.feeds.values()].sort((a, b) => compareTexts(a.venue, b.venue) || compareTexts(a.symbol, b.symbol));
  return inOrder.flatMap((market) => {
    const source = open(market, findFeed(settings, market.venue, market.symbol).instrument);
    return source === null ? [] : [{ market, source: inForce(source, settings.generation) }];
  });
}

/** A source that fails says in which settings it is named: corrected under the same generation, they would be refused. */
function inForce(source: Feed, generation: number): Feed {
  return {
    async *evidence(reading) {
      try {
        yield* source.evidence(reading);
      } catch (error) {
        if (!(error instanceof RecordingError)) throw error;
        throw new RecordingError(
          `${error.message}; generation ${generation} of the settings is in force now: raise "generation" when you correct the settings file`,
          { cause: error },
        );
      }
    },
  };
}

/** The name of a feed for people, such as `binance BTCUSDT 1s`. */
export function feedName({ venue, symbol, bars }: FeedSettings): string {
  return `${venue} ${symbol} ${bars}`;
}

/**
 * Takes all of the feeds onto the tape, merged by time, or as much as comes before the signal. Their order is that of
 * pieces of the same time. Returns the outcome of each. Throws UserError, before anything is recorded, as `lateFeeds` does.
 */
export async function runFeeds(
  take: EvidenceSink,
  events: Pick<EventStore, 'read'>,
  feeds: readonly FeedOfRun[],
  { settings, isOfOne, codeVersion, figures, signal, pacing, onProgress, onEnd }: FeedRunOptions,
): Promise<readonly FeedOutcome[]> {
  const late = await lateFeeds(events, settings, feeds, { isOfOne, signal });
  const readings = feeds.map((feed, index) => new Reading(feed, late[index] ?? null, signal, figures));
  try {
    const started = await startFeeds(
      events,
      readings.map(({ feed, evidence }) => ({ ...feed, evidence, signal })),
    );
    const sums = await ingest(
      take,
      started,
      { actor: 'ingest', codeVersion },
      {
        signal,
        pacing,
        onStep: (index, step) => {
          const { watch, feed } = readings[index] as Reading;
          watch?.noteStep(step);
          onProgress?.(feed, step.progress);
        },
        onEnd: (index, progress) => {
          const reading = readings[index] as Reading;
          reading.watch?.end();
          onEnd?.(reading.feed, reading.outcome(progress));
        },
      },
    );
    return readings.map((reading, index) => reading.outcome(sums[index] as IngestProgress));
  } finally {
    for (const { watch } of readings) watch?.end();
  }
}

/** One reading of a feed, with what is counted on the way. */
class Reading {
  readonly feed: FeedOfRun;
  readonly watch: FeedWatch | undefined;
  readonly evidence: AsyncIterable<readonly EvidenceDraft[]>;
  readonly #late: string | null;
  readonly #tally = new Tally();
  readonly #counts: Record<string, number> = {};

  constructor(feed: FeedOfRun, late: string | null, signal: AbortSignal | undefined, figures: FeedRunOptions['figures']) {
    this.feed = feed;
    this.#late = late;
    this.watch = figures && new FeedWatch(figures.metrics, feed.market, this.#tally, figures.time);
    this.evidence = this.#counted(feed.source.evidence({ tally: this.#tally, meter: this.watch, signal }));
  }

  outcome(progress: IngestProgress): FeedOutcome {
    return { ...progress, late: this.#late, evidence: this.#counts, tally: this.#tally.entries, frames: this.#tally.frames };
  }

  async *#counted(source: AsyncIterable<readonly EvidenceDraft[]>): AsyncGenerator<readonly EvidenceDraft[]> {
    this.watch?.noteAsked();
    for await (const drafts of source) {
      this.watch?.noteAnswered();
      for (const { type } of drafts) this.#counts[type] = (this.#counts[type] ?? 0) + 1;
      yield drafts;
      this.watch?.noteAsked();
    }
  }
}

/** What is late, the tally and the differences as lines, for people. */
export function warnings({ late, tally, differing, firstDifference, older, firstOlder }: FeedOutcome): string[] {
  const lines = late === null ? [] : [late];
  for (const [reason, { count, first }] of tally) lines.push(`${count} x ${reason} (first: ${first})`);
  if (differing > 0) lines.push(`${differing} x differs from the tape, dropped (first: ${firstDifference})`);
  if (older > 0) lines.push(`${older} x made otherwise by this build, and the tape is past it: dropped (first: ${firstOlder})`);
  return lines;
}
