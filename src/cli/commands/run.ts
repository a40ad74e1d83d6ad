/** `tapedeck run`: the whole system. Ingests the feeds' recordings, serves the API, and stays up. */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { canBeShared, openFeed, openPublisher } from '../../adapters/open.ts';
import { type ServedApi, startApi, startProbes } from '../../api/serve.ts';
import { startApiThread } from '../../api/thread/api-thread.ts';
import type { Config } from '../../config/environment.ts';
import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { type FeedSettings, type InstrumentSettings, paceText, type Settings } from '../../domain/settings/settings.ts';
import { UserError } from '../../domain/user-error.ts';
import { makeLogger } from '../../logging.ts';
import { type Summary, summarize } from '../../queries/run-summary.ts';
import { applySettings } from '../../requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../../requests/settings-file.ts';
import { codeVersion } from '../../runtime/engine/code-version.ts';
import { warnings } from '../../runtime/ingest/feed-run.ts';
import { type IngestListener, ingestFeeds } from '../../runtime/ingest/ingest-part.ts';
import type { Holding, LeaseTerms } from '../../runtime/leases/lease.ts';
import { isPassing } from '../../runtime/process/supervisor.ts';
import { makeSystem } from '../../system.ts';
import type { Role, System, SystemDependencies } from '../../system-dependencies.ts';
import { aborted, untilAvailable } from '../../waiting.ts';
import { ALL_ROLES, parseRoles } from '../roles.ts';
import { stopSignal } from '../stop-signal.ts';
import { cliActor, type OpenStores, withStores } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { makeScreen, type Screen } from '../terminal/screen.ts';

/** How long the summary waits for the read models. */
const SUMMARY_WAIT_MS = 60_000;

interface Options {
  readonly roles: ReadonlySet<Role>;
  /** In place of what the settings say of each feed. */
  readonly pace?: string;
  readonly rollBack?: true;
  readonly json?: true;
}

export function runCommand(command: Command): void {
  command
    .addOption(
      new Option(
        '--roles <list>',
        'the parts to run, of engine, ingest, projections, relay (where TAPEDECK_KAFKA is set) and api',
      )
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
      '\nEnvironment: HOST, PORT, TAPEDECK_DATA, TAPEDECK_KAFKA, TAPEDECK_SETTINGS, TAPEDECK_API_KEYS, TAPEDECK_LOG_LEVEL; see README.md.',
    )
    .action((options: Options) => withStores((opened) => run(opened, options)));
  withExamples(command, [
    'tapedeck run',
    'tapedeck run --pace 1',
    'tapedeck run --roles engine,ingest,projections',
    'PORT=8080 TAPEDECK_DATA=/srv/trading tapedeck run --json',
  ]);
}

async function run(opened: OpenStores, options: Options): Promise<void> {
  const { config, time, events, reads } = opened;
  const signal = stopSignal(config.withinNpm);
  const hasten = (): void => events.hasten?.();
  // Work in hand may wait for a store that is away.
  signal.addEventListener('abort', hasten, { once: true });
  const { pace } = options;
  const roles = rolesWith(options.roles, config);
  const logFile = process.stdout.isTTY && options.json !== true ? join(config.dataFolder, 'tapedeck.log') : undefined;
  const log = makeLogger(config.logLevel, logFile);
  const screen = makeScreen(logFile === undefined ? undefined : process.stdout, log);
  const build = codeVersion();
  const proposed = await loadSettings(config.settingsFile);
  const rollBack = options.rollBack === true;
  const publisher = roles.has('relay') && config.kafka !== null ? await openPublisher(config.kafka, log) : undefined;
  const parts = { events, reads, time, log, codeVersion: build, rollBack, leases: leaseTerms(opened), publisher };
  const system = makeSystem(parts, roles);
  let served: ServedApi | undefined;
  try {
    // At once, so that whoever looks after the process sees what it waits for.
    served = roles.has('api') ? await serve(opened, parts, system, logFile) : await probe(opened, parts, system, screen);
    const address = roles.has('api') ? (served?.address ?? '') : '';
    const work = async (): Promise<void> => {
      const settings = await Promise.race([
        system.first('settings', () => settle(opened, proposed, build, screen)),
        aborted(signal).then(() => undefined),
      ]);
      if (settings === undefined) return;
      await Promise.race([system.start(), aborted(signal)]);
      if (signal.aborted) return;
      const serving = address === '' ? `running ${[...roles].join(', ')}` : `serving ${address}`;
      screen.say(serving, { address: served?.address ?? null, roles: [...roles], codeVersion: build });
      if (roles.has('ingest') && !roles.has('engine')) {
        screen.say('evidence is recorded, for an engine elsewhere to decide upon', {});
      }
      if (roles.has('ingest')) await ingestAndSum(opened, system, settings, { build, signal, screen, pace, address });
      await aborted(signal);
    };
    const working = work().catch((error: unknown) => {
      if (!signal.aborted || !isPassing(error)) throw error;
    });
    await Promise.race([working, system.ended, ...(served === undefined ? [] : [served.ended])]);
  } finally {
    screen.say('stopping', {});
    hasten();
    await served?.close();
    await system.close();
  }
}

/** All roles are those that there is something for. */
function rolesWith(roles: ReadonlySet<Role>, { kafka }: Config): ReadonlySet<Role> {
  if (kafka !== null || !roles.has('relay')) return roles;
  if (roles === ALL_ROLES) return new Set([...roles].filter((role) => role !== 'relay'));
  throw new UserError(
    'the role relay has nowhere to send to: set TAPEDECK_KAFKA to the brokers, such as kafka-1:9092,kafka-2:9092',
  );
}

/** Puts the proposed settings in force. */
async function settle(
  { config, time, events }: OpenStores,
  proposed: Settings,
  build: string,
  screen: Screen,
): Promise<SettingsInForce> {
  const origin = { clock: time, actor: cliActor(config), codeVersion: build };
  const { outcome, settings } = await applySettings(events, proposed, origin);
  if (outcome === 'ignored') {
    screen.warn(
      `${config.settingsFile}: generation ${proposed.generation} is ignored, generation ${settings.generation} is in force on the tape`,
    );
  }
  return settings;
}

interface Ingesting {
  readonly build: string;
  readonly signal: AbortSignal;
  readonly screen: Screen;
  readonly pace: string | undefined;
  /** Where the API is served, if it is. */
  readonly address: string;
}

/** Ingests the feeds in force, and shows what came of it. */
async function ingestAndSum(
  { config, time, events, reads }: OpenStores,
  system: System,
  settings: SettingsInForce,
  { build, signal, screen, pace, address }: Ingesting,
): Promise<void> {
  const ingested: Summary['recordings'][number][] = [];
  const away = ({ message }: Error): void => screen.warn(message);
  const listener: IngestListener = {
    progress: (name, progress) => screen.progress(name, progress),
    done: (name, outcome) => {
      ingested.push({ feed: name, evidence: outcome.evidence });
      screen.done(name, outcome);
      for (const trouble of warnings(outcome)) screen.warn(`${name}: ${trouble}`);
    },
    elsewhere: (name) => screen.say(`${name}: another instance ingests it, this one stands by`, {}),
    away,
  };
  const ingesting = {
    events,
    time,
    metrics: system.metrics,
    codeVersion: build,
    openFeed: (feed: FeedSettings, instrument: InstrumentSettings) =>
      openFeed(feed, instrument, (recording) => recordingPath(config.settingsFile, recording)),
    pace,
    lease: (name: string) => system.lease(name),
    take: (holding: Holding | undefined) => (holding === undefined ? system.take : system.takeUnder(holding)),
    listener,
  };
  await ingestFeeds(ingesting, settings, signal);
  // Where the read models are made elsewhere, nobody knows when they will have caught up.
  if (signal.aborted || system.projections.size === 0) return;
  const sum = async (): Promise<Summary> => {
    const head = await events.head();
    for (const projection of system.projections.values()) await projection.waitFor(head, SUMMARY_WAIT_MS);
    return summarize(reads, settings, ingested);
  };
  screen.summary(await untilAvailable(time, sum, signal, away), address);
}

/** Serves the API in a thread of its own, or in this one where the stores are in its memory. */
function serve(
  { config, leases }: OpenStores,
  parts: SystemDependencies,
  system: System,
  logFile: string | undefined,
): Promise<ServedApi> {
  const { metrics, events, heartbeat, report } = system;
  const { codeVersion } = parts;
  const isAcross = leases !== null;
  if (!canBeShared(config)) return startApi({ ...parts, events, metrics, heartbeat, report, isAcross }, config);
  const main = { append: events.append.bind(events), figures: () => metrics.snapshot(), report };
  return startApiThread(parts.time, main, { heartbeat, codeVersion, logFile, isAcross });
}

/** Serves what the cluster asks of a process without the API. Others on the same machine may have the port. */
async function probe(
  { config }: OpenStores,
  { log }: SystemDependencies,
  system: System,
  screen: Screen,
): Promise<ServedApi | undefined> {
  try {
    return await startProbes({ log }, system, config);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    screen.warn(`/livez, /readyz, /startupz and /metrics are not served: port ${config.port} is in use; set PORT to another one`);
    return undefined;
  }
}

function leaseTerms({ config, time, leases }: OpenStores): LeaseTerms | undefined {
  if (leases === null) return undefined;
  const holder = `${hostname()}:${process.pid}`;
  return { leases, owner: time.uuid(), holder, lengthMs: config.leaseMs, time };
}

function parsePace(text: string): string {
  if (paceText.safeParse(text).success) return text;
  throw new InvalidArgumentError('It must be "max" or a multiple of real time above zero, such as 1 or 10.');
}
