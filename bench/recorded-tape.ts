/** The shipped recordings on a tape of this machine's disk, made once for all rows that read one. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore, openFeed, openReadStore } from '../src/adapters/open.ts';
import { systemTime } from '../src/adapters/system-time.ts';
import { Engine } from '../src/domain/engine/engine.ts';
import { REACTORS } from '../src/domain/reactors.ts';
import { makeLogger } from '../src/logging.ts';
import { applySettings } from '../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../src/requests/settings-file.ts';
import { feedsOfRun, runFeeds } from '../src/runtime/ingest/feed-run.ts';
import { makeEngineRunner } from '../src/system.ts';
import { makeId } from '../src/tape/id.ts';

const SETTINGS = 'settings/default.json';
export const BUILD = 'bench';

/** Holds everything that is written; removed when the process ends. */
const folder = mkdtempSync(join(tmpdir(), 'tapedeck-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

let names = 0;

/** The path of a file that is not there yet. */
export function newFile(): string {
  return join(folder, `${++names}.sqlite`);
}

export function newEngine(): Engine {
  return new Engine(REACTORS, makeId, BUILD);
}

let made: Promise<string> | undefined;

/** The path of the tape. */
export function recordedTape(): Promise<string> {
  made ??= makeTape();
  return made;
}

async function makeTape(): Promise<string> {
  const file = newFile();
  const [events, reads] = [await openEventStore(`sqlite:${file}`, systemTime), await openReadStore('memory:', systemTime)];
  const by = { clock: systemTime, actor: BUILD, codeVersion: BUILD };
  const { settings } = await applySettings(events, await loadSettings(SETTINGS), by);
  const log = makeLogger('silent');
  const runner = makeEngineRunner({ events, reads, time: systemTime, log, codeVersion: BUILD, mayRollBack: false });
  const feeds = feedsOfRun(settings, (feed, instrument) =>
    openFeed(feed, instrument, (recording) => recordingPath(SETTINGS, recording)),
  );
  await runFeeds(runner.inStep.bind(runner), events, feeds, { settings, codeVersion: BUILD });
  await events.close();
  await reads.close();
  return file;
}
