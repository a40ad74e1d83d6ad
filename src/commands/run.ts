/** `tapedeck run`: the whole system. Ingests the feeds' recordings, serves the API, and stays up. */

import { join } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { canBeShared } from '../adapters/open.ts';
import type { SettingsInForce } from '../domain/settings/in-force.ts';
import { paceSpeed, paceText } from '../domain/settings/settings.ts';
import { codeVersion } from '../runtime/code-version.ts';
import { Playback } from '../runtime/playback.ts';
import { applySettings } from '../runtime/settings-apply.ts';
import { loadSettings, recordingPath } from '../runtime/settings-file.ts';
import { type Summary, summarize } from '../runtime/summary.ts';
import { type Role, type ServedApi, type System, type SystemParts, startApi, startSystem } from '../system.ts';
import { makeLogger } from '../telemetry.ts';
import { startApiThread } from './api-thread.ts';
import { withExamples } from './examples.ts';
import { cliActor, type Opened, withStores } from './opening.ts';
import { findFeed, ingestFiles, troubles } from './recordings.ts';
import { ALL_ROLES, parseRoles } from './roles.ts';
import { makeScreen, type Screen } from './screen.ts';
import { stopSignal } from './stop-signal.ts';

/** How long the summary waits for the read models. */
const SUMMARY_WAIT_MS = 60_000;

interface Options {
  readonly roles: ReadonlySet<Role>;
  /** In place of what the settings say of each feed. */
  readonly pace?: string;
  readonly rollBack?: true;
  readonly json?: true;
}

export function runCommand(): Command {
  const command = new Command('run')
    .description(
      'run the whole system, or some of its parts: ingest the recordings of the feeds, decide, trade on paper, serve the API',
    )
    .addOption(
      new Option('--roles <list>', 'the parts to run, of engine, ingest, projections and api')
        .argParser(parseRoles)
        .default(ALL_ROLES, 'all'),
    )
    .option(
      '--pace <pace>',
      'play recorded sessions at this multiple of real time, such as 1, or at once (max); else as the settings say of each feed. Candle histories come at once',
      parsePace,
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
    'tapedeck run --roles engine,ingest,projections',
    'PORT=8080 TAPEDECK_DATA=/srv/trading tapedeck run --json',
  ]);
}

async function run(opened: Opened, options: Options): Promise<void> {
  const { config, clock, events, reads } = opened;
  const signal = stopSignal(config.withinNpm);
  const { roles, pace } = options;
  const logFile = process.stdout.isTTY && options.json !== true ? join(config.dataFolder, 'tapedeck.log') : undefined;
  const log = makeLogger(config.logLevel, logFile);
  const screen = makeScreen(logFile === undefined ? undefined : process.stdout, log);
  const build = codeVersion();
  const proposed = await loadSettings(config.settingsFile);
  const { outcome, settings } = await applySettings(events, proposed, { clock, actor: cliActor(config), codeVersion: build });
  if (outcome === 'ignored') {
    screen.warn(
      `${config.settingsFile}: generation ${proposed.generation} is ignored, generation ${settings.generation} is in force on the tape`,
    );
  }
  const parts = { events, reads, clock, log, codeVersion: build, rollBack: options.rollBack === true };
  const system = await startSystem(parts, roles);
  let api: ServedApi | undefined;
  try {
    if (roles.has('api')) api = await serve(opened, parts, system, logFile);
    const serving = api === undefined ? `running ${[...roles].join(', ')}` : `serving ${api.address}`;
    screen.say(serving, { address: api?.address ?? null, roles: [...roles], codeVersion: build });
    if (roles.has('ingest') && !roles.has('engine')) {
      screen.say('evidence is recorded, for an engine elsewhere to decide upon', {});
    }
    const work = async (): Promise<void> => {
      if (roles.has('ingest')) {
        await ingestFeeds(opened, system, settings, { build, signal, screen, pace, address: api?.address ?? '' });
      }
      await aborted(signal);
    };
    await Promise.race([work(), system.ended, ...(api === undefined ? [] : [api.ended])]);
  } finally {
    screen.say('stopping', {});
    await api?.close();
    await system.close();
  }
}

/** Serves the API in a thread of its own, or in this one where the stores are in its memory. */
function serve({ config }: Opened, parts: SystemParts, system: System, logFile: string | undefined): Promise<ServedApi> {
  const { metrics, events, pulse } = system;
  const { codeVersion } = parts;
  if (!canBeShared(config)) return startApi({ ...parts, events, metrics, pulse }, config);
  const main = { append: events.append.bind(events), figures: () => metrics.snapshot() };
  return startApiThread(main, { pulse, codeVersion, logFile });
}

interface Ingesting {
  readonly build: string;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly pace: string | undefined;
  /** Where the API is served, if it is. */
  readonly address: string;
}

/** One after the other, in the order of the settings, so that any pace makes the same tape. */
async function ingestFeeds(
  { config, events, reads }: Opened,
  system: System,
  settings: SettingsInForce,
  { build, signal, screen, pace, address }: Ingesting,
): Promise<void> {
  const ingested: Summary['recordings'][number][] = [];
  for (const feed of settings.feeds.values()) {
    const { venue, symbol, recordings, bars } = feed;
    if (recordings.length === 0 || signal.aborted) continue;
    const files = recordings.map((recording) => recordingPath(config.settingsFile, recording));
    const name = `${venue} ${symbol} ${bars}`;
    const speed = paceSpeed(pace ?? feed.pace ?? 'max');
    const outcome = await ingestFiles(system.take, files, findFeed(settings, venue, symbol), {
      codeVersion: build,
      metrics: system.metrics,
      signal,
      playback: speed === null ? undefined : new Playback({ speed, store: events, signal }),
      onProgress: (progress) => screen.progress(name, progress),
    });
    ingested.push({ feed: name, evidence: outcome.evidence });
    screen.done(name, outcome);
    for (const trouble of troubles(outcome)) screen.warn(`${name}: ${trouble}`);
  }
  // Where the read models are made elsewhere, nobody knows when they will have caught up.
  if (signal.aborted || system.projections.size === 0) return;
  const head = await events.head();
  for (const projection of system.projections.values()) await projection.waitFor(head, SUMMARY_WAIT_MS);
  screen.summary(await summarize(reads, settings, ingested), address);
}

function parsePace(text: string): string {
  if (paceText.safeParse(text).success) return text;
  throw new InvalidArgumentError('It must be "max" or a multiple of real time above zero, such as 1 or 10.');
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
