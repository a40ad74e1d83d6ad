/** The feeds that settings name, and their recordings. */

import { checkRecording, openFeed } from '../adapters/open.ts';
import type { Config } from '../config/environment.ts';
import type { FeedSettings, Settings } from '../domain/settings/settings.ts';
import { planSettings, type SettingsOrigin, type SettingsPlan, SettingsRefusedError } from '../requests/settings-apply.ts';
import { recordingPath } from '../requests/settings-file.ts';
import { unusableRecordings } from '../requests/settings-recordings.ts';
import type { IngestTerms } from '../runtime/ingest/ingest-part.ts';
import type { OpenStores } from './stores.ts';

/** Relative paths of recordings are relative to the settings file. */
export function feedsOf({ settingsFile }: Config): IngestTerms['openFeed'] {
  return (feed, instrument) => openFeed(feed, instrument, (recording) => recordingPath(settingsFile, recording));
}

/**
 * The plan, once the recordings of the feeds that it changes were looked at: what is in force stays on the tape. Throws
 * SettingsRefusedError for what cannot be ingested, and as `planSettings` does.
 */
export async function planWithRecordings(
  settings: Settings,
  { config, events }: Pick<OpenStores, 'config' | 'events'>,
  origin: SettingsOrigin,
): Promise<SettingsPlan> {
  const planned = await planSettings(events, settings, origin);
  const feeds = planned.events.flatMap((event) => (event.type === 'FeedConfigured' ? [event.data] : []));
  const unusable = await unusableIn(feeds, config.settingsFile);
  if (unusable.length > 0) throw new SettingsRefusedError(unusable.join('; '));
  return planned;
}

/** The recordings that cannot be ingested by a start with that settings file. */
export function unusableIn(feeds: readonly FeedSettings[], settingsFile: string): Promise<string[]> {
  return unusableRecordings(feeds, (recording) => recordingPath(settingsFile, recording), checkRecording);
}
