/** Looks at the recordings that proposed settings name, before the settings are put in force. */

import { Tally } from '../domain/feed/tally.ts';
import type { FeedSettings, InstrumentSettings, Settings } from '../domain/settings/settings.ts';
import { type Feed, RecordingError } from '../ports/feed.ts';

/** The files at paths, as recordings. */
export interface RecordedFiles {
  /** Throws RecordingError for a file that is no recording. */
  readonly check: (path: string) => Promise<void>;
  readonly open: (paths: readonly string[], feed: FeedSettings, instrument: InstrumentSettings) => Feed;
}

/**
 * Why a start would fail with the recordings that these settings name: one sentence for each file that is none, and for
 * each feed that makes nothing of its files, which are of another interval, of several kinds or of another instrument.
 * `pathOf` says where a recording lies.
 */
export async function unusableRecordings(
  { feeds, instruments }: Pick<Settings, 'feeds' | 'instruments'>,
  pathOf: (recording: string) => string,
  files: RecordedFiles,
): Promise<string[]> {
  const sentences: string[] = [];
  for (const feed of feeds) {
    const paths = feed.recordings.map(pathOf);
    const instrument = instruments.find(({ venue, symbol }) => venue === feed.venue && symbol === feed.symbol);
    if (paths.length === 0 || instrument === undefined) continue;
    const unreadable: string[] = [];
    for (const path of paths) unreadable.push(...(await refusal(files.check(path))));
    const unread = unreadable.length > 0 ? unreadable : await refusal(readToFirstUse(files.open(paths, feed, instrument)));
    sentences.push(...unread);
  }
  return sentences;
}

/**
 * As far as the first frame or candle that is used: what speaks against the whole is known by then. A feed that uses
 * nothing is read to its end. Throws RecordingError as its reading does.
 */
export async function readToFirstUse(source: Feed): Promise<void> {
  const tally = new Tally();
  for await (const _ of source.evidence({ tally })) if (tally.total('used') > 0) return;
}

/** The sentence of a RecordingError, if the checking ends with one. */
async function refusal(checking: Promise<void>): Promise<string[]> {
  try {
    await checking;
    return [];
  } catch (error) {
    if (error instanceof RecordingError) return [error.message];
    throw error;
  }
}
