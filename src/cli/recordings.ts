/** The feeds that settings name. */

import { openFeed } from '../adapters/open.ts';
import type { Config } from '../config/environment.ts';
import { recordingPath } from '../requests/settings-file.ts';
import type { IngestTerms } from '../runtime/ingest/ingest-part.ts';

/** Relative paths of recordings are relative to the settings file. */
export function feedsOf({ settingsFile }: Config): IngestTerms['openFeed'] {
  return (feed, instrument) => openFeed(feed, instrument, (recording) => recordingPath(settingsFile, recording));
}
