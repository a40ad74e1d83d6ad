/** `tapedeck run`: the whole system. Ingests the feeds' recordings, serves the API, and stays up. */

import { hostname } from 'node:os';
import { join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openPublisher } from '../../adapters/open.ts';
import type { ServedApi } from '../../api/serve.ts';
import type { Config } from '../../config/environment.ts';
import type { SettingsInForce } from '../../domain/settings/in-force.ts';
import { idleLimits } from '../../domain/settings/ranges.ts';
import { paceText, type Settings } from '../../domain/settings/settings.ts';
import { settingsWarnings } from '../../domain/settings/warnings.ts';
import { UserError } from '../../domain/user-error.ts';
import { makeLogger, openLogOutput, watchLog } from '../../logging.ts';
import { applySettings } from '../../requests/settings-apply.ts';
import { loadSettings } from '../../requests/settings-file.ts';
import { codeVersion } from '../../runtime/engine/code-version.ts';
import type { LeaseTerms } from '../../runtime/leases/lease.ts';
import { isPassing } from '../../runtime/process/supervisor.ts';
import { makeSystem } from '../../system.ts';
import type { Role, SystemDependencies } from '../../system-dependencies.ts';
import { aborted } from '../../waiting.ts';
import { serveApi, serveProbes } from '../api.ts';
import { folderWarning } from '../data-folder.ts';
import { IngestReport } from '../ingest-report.ts';
import { feedsOf, planWithRecordings } from '../recordings.ts';
import { ALL_ROLES, parseRoles } from '../roles.ts';
import { endForSure, stopSignal } from '../stop-signal.ts';
import { cliActor, type OpenStores, withStores } from '../stores.ts';
import { withExamples } from '../terminal/examples.ts';
import { boundedTerminal, makeScreen, type Screen } from '../terminal/screen.ts';

/** How long the end waits for the last lines of the log, which nobody may read. */
const FLUSH_MS = 1_000;

interface Options {
  readonly roles: ReadonlySet<Role>;
  /** In place of what the settings say. */
  readonly pace?: string;
  readonly rollBack?: true;
  readonly json?: true;
}

export function runCommand(command: Command): void {
  command
    .addOption(
      new Option(
        '--roles <list>',
        'the roles to run, of engine, ingest, projections, relay (where TAPEDECK_KAFKA is set) and api',
      )
        .argParser(parseRoles)
        .default(ALL_ROLES, 'all'),
    )
    .option(
      '--pace <pace>',
      'play recorded sessions at this multiple of real time, such as 1, or at once (max); default: the pace in the settings. Candle histories never wait',
      parsePace,
    )
    .option('--roll-back', 'let this build replace the one that replaced it')
    .option('--json', 'print JSON lines instead of a screen')
    .addHelpText(
      'after',
      '\nEnvironment: HOST, PORT, TAPEDECK_DATA, TAPEDECK_KAFKA, TAPEDECK_SETTINGS, TAPEDECK_API_KEYS, TAPEDECK_LOG_LEVEL; see docs/reference/configuration.md.',
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
  const signal = stopSignal(time, config.isWithinNpm);
  const hasten = (): void => events.hasten();
  // Work in hand may wait for a store that is away.
  signal.addEventListener('abort', hasten, { once: true });
  const roles = rolesWith(options.roles, config);
  const logFile = process.stdout.isTTY && options.json !== true ? join(config.dataFolder, 'tapedeck.log') : undefined;
  const output = openLogOutput(time, logFile);
  const log = makeLogger(config.logLevel, output);
  const terminal = logFile === undefined ? undefined : boundedTerminal(time);
  const screen = makeScreen(terminal, log);
  const report = new IngestReport(screen);
  const build = codeVersion();
  const proposed = await loadSettings(config.settingsFile);
  const dependencies: SystemDependencies = {
    events,
    reads,
    time,
    log,
    codeVersion: build,
    mayRollBack: options.rollBack === true,
    leases: leaseTerms(opened),
    settle: () => settle(opened, proposed, build, screen, roles),
    ingest: { openFeed: feedsOf(config), pace: options.pace, signal, listener: report },
    publisher: roles.has('relay') && config.kafka !== null ? await openPublisher(config.kafka, log, time) : undefined,
  };
  const system = makeSystem(dependencies, roles);
  watchLog(system.metrics, output);
  let served: ServedApi | undefined;
  try {
    // At once, so that a probe sees what the process waits for.
    served = roles.has('api')
      ? await serveApi(opened, dependencies, system, logFile)
      : await serveProbes(opened, dependencies, system, screen);
    const address = roles.has('api') ? (served?.address ?? '') : '';
    const work = async (): Promise<void> => {
      await Promise.race([system.start(), aborted(signal)]);
      if (signal.aborted) return;
      const serving = address === '' ? `running ${[...roles].join(', ')}` : `serving ${address}`;
      screen.say(serving, { address: served?.address ?? null, roles: [...roles], codeVersion: build });
      if (roles.has('ingest') && !roles.has('engine')) {
        screen.say('evidence is recorded, for an engine elsewhere to decide on', {});
      }
      await Promise.race([report.ended, aborted(signal)]);
      // Where the read models are made elsewhere, nobody knows when they will have caught up.
      if (roles.has('projections') && !signal.aborted) await report.showSummary(opened, address, signal);
      await aborted(signal);
    };
    const working = work().catch((error: unknown) => {
      if (!signal.aborted || !isPassing(error)) throw error;
    });
    await Promise.race([working, system.ended, ...(served === undefined ? [] : [served.ended])]);
  } finally {
    endForSure(time);
    screen.say('stopping', {});
    hasten();
    try {
      await served?.close();
    } finally {
      await system.close();
      await Promise.all([output.flush(FLUSH_MS), terminal?.flush(FLUSH_MS)]);
    }
  }
}

/** All roles, without the relay where no Kafka is configured. */
function rolesWith(roles: ReadonlySet<Role>, { kafka }: Config): ReadonlySet<Role> {
  if (kafka !== null || !roles.has('relay')) return roles;
  if (roles === ALL_ROLES) return new Set([...roles].filter((role) => role !== 'relay'));
  throw new UserError(
    'the role relay has nowhere to send to: set TAPEDECK_KAFKA to the brokers, such as kafka-1:9092,kafka-2:9092',
  );
}

/** Puts the proposed settings in force, and says what in them may surprise. Who ingests looks at their recordings first. */
async function settle(
  opened: OpenStores,
  proposed: Settings,
  build: string,
  screen: Screen,
  roles: ReadonlySet<Role>,
): Promise<SettingsInForce> {
  const { config, time, events } = opened;
  const unsafe = folderWarning(config.dataFolder);
  if (unsafe !== undefined) screen.warn(unsafe);
  for (const warning of settingsWarnings(proposed)) screen.warn(`${config.settingsFile}: ${warning}`);
  const origin = { clock: time, actor: cliActor(config), codeVersion: build };
  if (roles.has('ingest')) await planWithRecordings(proposed, opened, origin);
  const { outcome, settings } = await applySettings(events, proposed, origin);
  if (outcome === 'ignored') {
    screen.warn(
      `${config.settingsFile}: generation ${proposed.generation} is ignored, generation ${settings.generation} is in force on the tape`,
    );
  }
  if (outcome === 'applied') for (const remark of idleLimits(proposed)) screen.warn(`${config.settingsFile}: ${remark}`);
  return settings;
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
