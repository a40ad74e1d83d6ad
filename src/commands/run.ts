/** `tapedeck run`: the whole system. Ingests the feeds' recordings, serves the API, and stays up. */

import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import type { SettingsInForce } from '../domain/settings/in-force.ts';
import { codeVersion } from '../runtime/code-version.ts';
import { Playback } from '../runtime/playback.ts';
import { applySettings } from '../runtime/settings-apply.ts';
import { loadSettings, recordingPath } from '../runtime/settings-file.ts';
import { type Summary, summarize } from '../runtime/summary.ts';
import { type System, startSystem } from '../system.ts';
import { makeLogger } from '../telemetry.ts';
import { withExamples } from './examples.ts';
import { cliActor, type Opened, withStores } from './opening.ts';
import { findFeed, ingestFiles, troubles } from './recordings.ts';
import { makeScreen, type Screen } from './screen.ts';
import { stopSignal } from './stop-signal.ts';

/** How long the summary waits for the read models. */
const SUMMARY_WAIT_MS = 60_000;

interface Options {
  readonly pace: Pace;
  readonly rollBack?: true;
  readonly json?: true;
}

/** How fast recorded sessions are taken in: at once, or at a multiple of real time. */
type Pace = 'max' | number;

export function runCommand(): Command {
  const command = new Command('run')
    .description('run the whole system: ingest the recordings of the feeds, decide, trade on paper, serve the API')
    .option(
      '--pace <pace>',
      'play recorded sessions at this multiple of real time, such as 1; candle histories come at once',
      parsePace,
      'max',
    )
    .option('--roll-back', 'put this build back in place of the one that replaced it')
    .option('--json', 'JSON lines instead of a screen')
    .addHelpText(
      'after',
      '\nEnvironment: HOST, PORT, TAPEDECK_DATA, TAPEDECK_SETTINGS, TAPEDECK_API_KEYS, TAPEDECK_LOG_LEVEL; see README.md.',
    )
    .action((options: Options) => withStores((opened) => run(opened, options)));
  return withExamples(command, [
    'tapedeck run',
    'tapedeck run --pace 1',
    'PORT=8080 TAPEDECK_DATA=/var/lib/tapedeck tapedeck run --json',
  ]);
}

async function run(opened: Opened, options: Options): Promise<void> {
  const { config, clock, events, reads } = opened;
  const signal = stopSignal(config.withinNpm);
  const onScreen = process.stdout.isTTY && options.json !== true;
  const log = makeLogger(config.logLevel, onScreen ? join(config.dataFolder, 'tapedeck.log') : undefined);
  const screen = makeScreen(onScreen ? process.stdout : undefined, log);
  const build = codeVersion();
  const proposed = await loadSettings(config.settingsFile);
  const { outcome, settings } = await applySettings(events, proposed, { clock, actor: cliActor(config), codeVersion: build });
  if (outcome === 'ignored') {
    screen.warn(
      `${config.settingsFile}: generation ${proposed.generation} is ignored, generation ${settings.generation} is in force on the tape`,
    );
  }
  const parts = { events, reads, clock, log, codeVersion: build, rollBack: options.rollBack === true };
  const system = await startSystem(parts, config);
  try {
    screen.say(`serving ${system.address}`, { address: system.address, codeVersion: build });
    const work = async (): Promise<void> => {
      await ingestFeeds(opened, system, settings, { build, signal, screen, pace: options.pace });
      await aborted(signal);
    };
    await Promise.race([work(), system.ended]);
  } finally {
    screen.say('stopping', {});
    await system.close();
  }
}

interface Ingesting {
  readonly build: string;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly pace: Pace;
}

/** One after the other, in the order of the settings, so that any pace makes the same tape. */
async function ingestFeeds(
  { config, events, reads }: Opened,
  system: System,
  settings: SettingsInForce,
  { build, signal, screen, pace }: Ingesting,
): Promise<void> {
  const ingested: Summary['recordings'][number][] = [];
  for (const { venue, symbol, recordings, bars } of settings.feeds.values()) {
    if (recordings.length === 0 || signal.aborted) continue;
    const files = recordings.map((recording) => recordingPath(config.settingsFile, recording));
    const name = `${venue} ${symbol} ${bars}`;
    const outcome = await ingestFiles(system.engine.inStep.bind(system.engine), files, findFeed(settings, venue, symbol), {
      codeVersion: build,
      metrics: system.metrics,
      signal,
      playback: pace === 'max' ? undefined : new Playback({ speed: pace, store: events, signal }),
      onProgress: (progress) => screen.progress(name, progress),
    });
    ingested.push({ feed: name, evidence: outcome.evidence });
    screen.done(name, outcome);
    for (const trouble of troubles(outcome)) screen.warn(`${name}: ${trouble}`);
  }
  if (signal.aborted) return;
  const head = await events.head();
  for (const projection of system.projections.values()) await projection.waitFor(head, SUMMARY_WAIT_MS);
  screen.summary(await summarize(reads, settings, ingested), system.address ?? '');
}

function parsePace(text: string): Pace {
  if (text === 'max') return text;
  const speed = /^\d{1,6}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (speed > 0) return speed;
  throw new InvalidArgumentError('It must be "max" or a multiple of real time above zero, such as 1 or 10.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
