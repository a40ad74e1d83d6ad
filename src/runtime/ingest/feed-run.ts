/** Takes one feed onto the tape, and counts the input that could not be used. */

import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { Tally, type TallyReason } from '../../domain/feed/tally.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import type { Feed } from '../../ports/feed.ts';
import type { EvidenceSink } from './evidence-sink.ts';
import { FeedWatch } from './feed-watch.ts';
import { type IngestOptions, type IngestProgress, ingest } from './ingest.ts';

export interface FeedOutcome extends IngestProgress {
  /** How many pieces of evidence of each type the feed gave. */
  readonly evidence: Readonly<Record<string, number>>;
  /** Counts of input that could not be used or had to be allowed for, by reason, with the first example of each. */
  readonly tally: ReadonlyMap<TallyReason, { readonly count: number; readonly first: string }>;
}

export interface FeedRunOptions extends IngestOptions {
  readonly codeVersion: string;
  /** Where the feed's figures go, under its market; absent, none are taken. */
  readonly figures?: { readonly metrics: Metrics; readonly market: FeedSettings; readonly time: Time } | undefined;
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

/** The name of a feed for people, such as `binance BTCUSDT 1s`. */
export function feedName({ venue, symbol, bars }: FeedSettings): string {
  return `${venue} ${symbol} ${bars}`;
}

/** Takes the whole feed onto the tape, or as much as comes before the signal. */
export async function runFeed(
  take: EvidenceSink,
  feed: Feed,
  { codeVersion, figures, ...options }: FeedRunOptions,
): Promise<FeedOutcome> {
  const tally = new Tally();
  const evidence: Record<string, number> = {};
  const watch = figures && new FeedWatch(figures.metrics, figures.market, tally, figures.time);
  const source = counted(feed.evidence({ tally, meter: watch, signal: options.signal }), evidence);
  const sink = watch === undefined ? take : watch.watching(take);
  try {
    const progress = await ingest(sink, source, { actor: 'ingest', codeVersion }, options);
    return { ...progress, evidence, tally: tally.entries };
  } finally {
    watch?.end();
  }
}

async function* counted(source: AsyncIterable<readonly EvidenceDraft[]>, counts: Record<string, number>) {
  for await (const drafts of source) {
    for (const { type } of drafts) counts[type] = (counts[type] ?? 0) + 1;
    yield drafts;
  }
}

/** The tally and the differences as lines, for people. */
export function warnings({ tally, differing, firstDifference }: FeedOutcome): string[] {
  const lines = [...tally].map(([reason, { count, first }]) => `${count} x ${reason} (first: ${first})`);
  return differing === 0 ? lines : [...lines, `${differing} x differs from the tape, dropped (first: ${firstDifference})`];
}
