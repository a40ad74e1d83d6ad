/** The feeds that settings name, and their recordings. */

import { checkRecording, openFeed, openRecording } from '../adapters/open.ts';
import type { Config } from '../config/environment.ts';
import type { Settings } from '../domain/settings/settings.ts';
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
 * The plan; of a change once the recordings of all feeds were looked at, because a start reads them all and what is in
 * force stays on the tape. Throws SettingsRefusedError for what cannot be ingested, and as `planSettings` does.
 */
export async function planWithRecordings(
  settings: Settings,
  { config, events }: Pick<OpenStores, 'config' | 'events'>,
  origin: SettingsOrigin,
): Promise<SettingsPlan> {
  const planned = await planSettings(events, settings, origin);
  const unusable = planned.outcome === 'applied' ? await unusableIn(settings, config.settingsFile) : [];
  if (unusable.length > 0) throw new SettingsRefusedError(unusable.join('; '));
  return planned;
}

/** Why a start with that settings file could not ingest its recordings; nothing where it could. */
export function unusableIn(settings: Settings, settingsFile: string): Promise<string[]> {
  const files = { check: checkRecording, open: openRecording };
  return unusableRecordings(settings, (recording) => recordingPath(settingsFile, recording), files);
}
