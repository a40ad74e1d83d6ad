/** Takes recordings onto the tape, and says what of them could not be used. */

import { openRecording } from '../../adapters/open.ts';
import type { EvidenceDraft } from '../../domain/feed/evidence.ts';
import { Tally, type TallyReason } from '../../domain/feed/tally.ts';
import { instrumentKey, type SettingsInForce } from '../../domain/settings/in-force.ts';
import type { FeedSettings, InstrumentSettings } from '../../domain/settings/settings.ts';
import { UserError } from '../../domain/user-error.ts';
import type { Metrics } from '../../metrics.ts';
import { FeedWatch } from './feed-watch.ts';
import { type EvidenceSink, type IngestOptions, type IngestProgress, ingest } from './ingest.ts';

export interface RecordingOutcome extends IngestProgress {
  /** How many pieces of evidence of each type the files gave. */
  readonly evidence: Readonly<Record<string, number>>;
  /** What could not be used or had to be allowed for, by reason, with the first example of each. */
  readonly tally: ReadonlyMap<TallyReason, { readonly count: number; readonly first: string }>;
}

export interface RecordingOptions extends IngestOptions {
  readonly codeVersion: string;
  /** Where figures of the feed go; absent, none are taken. */
  readonly metrics?: Metrics | undefined;
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

/** Takes the files, as one session in their order, onto the tape. */
export async function ingestFiles(
  take: EvidenceSink,
  files: readonly string[],
  { feed, instrument }: { readonly feed: FeedSettings; readonly instrument: InstrumentSettings },
  { codeVersion, metrics, ...options }: RecordingOptions,
): Promise<RecordingOutcome> {
  const tally = new Tally();
  const evidence: Record<string, number> = {};
  const watch = metrics === undefined ? undefined : new FeedWatch(metrics, feed, tally);
  const source = counted(openRecording(files, feed, instrument, tally, watch), evidence);
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
export function warnings({ tally, differing, firstDifference }: RecordingOutcome): string[] {
  const lines = [...tally].map(([reason, { count, first }]) => `${count} x ${reason} (first: ${first})`);
  return differing === 0 ? lines : [...lines, `${differing} x differs from the tape, dropped (first: ${firstDifference})`];
}
