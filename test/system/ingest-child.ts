/**
 * Ingests a recording in step, with projections beside it, in commits of a few steps, so that a test can kill it in
 * between. Arguments: folder of the stores, settings file, steps a commit.
 */

import { openEventStore, openReadStore, openRecording } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import { makeLogger } from '../../src/logging.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../../src/requests/settings-file.ts';
import { makeEngineRunner, startSystem } from '../../src/system.ts';
import { projected } from '../support/ingest-role.ts';

const [folder = '', settingsFile = '', steps = '20'] = process.argv.slice(2);
const codeVersion = 'test';
const events = await openEventStore(`sqlite:${folder}/tape.sqlite`, systemTime);
const reads = await openReadStore(`sqlite:${folder}/reads.sqlite`, systemTime);
const proposed = await loadSettings(settingsFile);
const { settings } = await applySettings(events, proposed, { clock: systemTime, actor: 'test', codeVersion });
const log = makeLogger('silent');
const dependencies = { events, reads, time: systemTime, log, codeVersion, mayRollBack: false };
const system = await startSystem(dependencies, new Set(['projections']));
const engine = makeEngineRunner(dependencies);
for (const feed of settings.feeds.values()) {
  const instrument = [...settings.instruments.values()].find(
    ({ venue, symbol }) => venue === feed.venue && symbol === feed.symbol,
  );
  if (instrument === undefined) throw new Error(`${feed.symbol} is not listed`);
  const files = feed.recordings.map((file) => recordingPath(settingsFile, file));
  for await (const drafts of openRecording(files, feed, instrument).evidence({ tally: new Tally() })) {
    for (let from = 0; from < drafts.length; from += Number(steps)) {
      await engine.inStep(drafts.slice(from, from + Number(steps)), { actor: 'ingest', codeVersion });
    }
  }
}
await projected(events, reads);
await system.close();
await reads.close();
await events.close();
