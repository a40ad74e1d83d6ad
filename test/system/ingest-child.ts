/**
 * Ingests recordings in step as one run, with projections beside it, in commits of a few steps, so that a test can kill it in
 * between. Arguments: folder of the stores, settings file, steps a commit.
 */

import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings } from '../../src/requests/settings-file.ts';
import { type PieceOutcome, sumOf } from '../../src/runtime/engine/in-step.ts';
import type { EvidenceSink } from '../../src/runtime/ingest/evidence-sink.ts';
import { feedsOfRun, runFeeds } from '../../src/runtime/ingest/feed-run.ts';
import { makeEngineRunner, startSystem } from '../../src/system.ts';
import { projected, recordingsOf } from '../support/ingest-role.ts';

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
const few = Number(steps);
const take: EvidenceSink = async (drafts, origin, older) => {
  const pieces: PieceOutcome[] = [];
  for (let from = 0; from < drafts.length; from += few) {
    pieces.push(...(await engine.inStep(drafts.slice(from, from + few), origin, older)).pieces);
  }
  return { ...sumOf(pieces), pieces };
};
await runFeeds(take, events, feedsOfRun(settings, recordingsOf(settingsFile)), { settings, codeVersion });
await projected(events, reads);
await system.close();
await reads.close();
await events.close();
