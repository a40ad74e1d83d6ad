/** Looks at the recordings that proposed settings name, before the settings are put in force. */

import type { FeedSettings } from '../domain/settings/settings.ts';
import { RecordingError } from '../ports/feed.ts';

/**
 * One sentence for each recording of these feeds that cannot be ingested. `check` throws RecordingError for the file at a
 * path, `pathOf` says where a recording lies.
 */
export async function unusableRecordings(
  feeds: readonly FeedSettings[],
  pathOf: (recording: string) => string,
  check: (path: string) => Promise<void>,
): Promise<string[]> {
  const sentences: string[] = [];
  for (const { recordings } of feeds) {
    for (const recording of recordings) {
      try {
        await check(pathOf(recording));
      } catch (error) {
        if (!(error instanceof RecordingError)) throw error;
        sentences.push(error.message);
      }
    }
  }
  return sentences;
}
