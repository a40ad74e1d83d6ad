/**
 * The map of the system: its roles and how they are wired. It takes its ports as arguments and opens nothing. The API is
 * started apart, because it may have a thread of its own.
 */

import { makeMetrics } from './metric-families.ts';
import { projectionsOn } from './projections/projections.ts';
import { readSettings } from './queries/settings-in-force.ts';
import { ENGINE_CHECKPOINT, engineCheckpoint } from './runtime/engine/engine-checkpoint.ts';
import { type EngineDependencies, engineRole, engineRunner } from './runtime/engine/engine-role.ts';
import type { EngineRunner } from './runtime/engine/engine-runner.ts';
import { type IngestDependencies, ingestPart } from './runtime/ingest/ingest-part.ts';
import { untilSettled } from './runtime/ingest/run-end.ts';
import type { Lease } from './runtime/leases/lease.ts';
import { LeaseKeeper } from './runtime/leases/lease-keeper.ts';
import { beat, makeHeartbeat } from './runtime/process/heartbeat.ts';
import { watchInstance } from './runtime/process/instance-metrics.ts';
import { MeteredEventStore } from './runtime/process/metered-event-store.ts';
import { watchProcess } from './runtime/process/process-metrics.ts';
import { type RunPart, Supervisor } from './runtime/process/supervisor.ts';
import type { SystemReport } from './runtime/process/system-report.ts';
import { whileTapeInReach } from './runtime/process/tape-in-reach.ts';
import { ensureServing } from './runtime/projections/builds.ts';
import { type HostedProjection, projectionPart } from './runtime/projections/host.ts';
import {
  batchFigures,
  watchHalts,
  watchProjections,
  watchProjectionsElsewhere,
} from './runtime/projections/projection-metrics.ts';
import { watchRelay } from './runtime/relay/relay-metrics.ts';
import { relayPart } from './runtime/relay/relay-part.ts';
import { assertSameTape } from './runtime/stores/read-store-owner.ts';
import type { Role, System, SystemDependencies } from './system-dependencies.ts';
import { aborted } from './waiting.ts';

/** Puts the parts together, as far as they are among the roles; `start` begins the work. */
export function makeSystem(
  dependencies: SystemDependencies,
  roles: ReadonlySet<Role> = new Set(['engine', 'projections']),
): System {
  const { events: tape, reads, time, log, codeVersion, leases, publisher, ingest } = dependencies;
  const metrics = makeMetrics();
  const keeper = leases && new LeaseKeeper(leases, (error) => log.debug({ err: error }, 'leases could not be looked at'));
  const lease = (name: string): Lease | null => keeper?.lease(name) ?? null;
  const supervisor = new Supervisor(time, (part, { backend: away, message }) => log.warn({ part, away }, message));
  const engine = roles.has('engine')
    ? engineRole(engineDependencies(dependencies), metrics, lease('engine'), supervisor.ending)
    : null;
  const events = engine?.events ?? new MeteredEventStore(tape, metrics, time);
  const projections = new Map<string, HostedProjection>();
  const report = (): SystemReport => ({ parts: supervisor.reports(), leases: keeper?.holders() ?? [] });
  const heartbeat = makeHeartbeat();
  const stopBeating = beat(heartbeat, time, () => engine?.isStuck() ?? false);
  const stopWatching = watchProcess(metrics, time, 'main', codeVersion);
  watchInstance(metrics, report);

  const run = (name: string, mine: Lease | null, part: RunPart): Promise<void> =>
    supervisor.start(name, whileTapeInReach(time, events, mine, part));
  const start = async (): Promise<void> => {
    // Before anything runs, for the engine and the feeds go by the settings on the tape.
    const settle = dependencies.settle ?? (async () => (await readSettings(events)).settings);
    const settings = await supervisor.once('settings', settle);
    if (settings === undefined) return;
    await supervisor.start('stores', storesPart(dependencies));
    if (publisher !== undefined && roles.has('relay')) {
      const { onPublished, onRelay } = watchRelay(metrics);
      const mine = lease('relay');
      const part = relayPart({ events, publisher, time, log, onPublished }, mine, onRelay);
      // Nothing waits for it: what is traded does not depend on what is handed on.
      run('relay', mine, part).catch(() => undefined);
    }
    if (engine !== null) {
      await run('engine', lease('engine'), engine.part);
      engine.watch();
    }
    for (const projection of roles.has('projections') ? projectionsOn(events) : []) {
      const { name, version } = projection;
      // Two versions may be made at the same time, so each has a lease of its own.
      const mine = lease(`projection-${name}@${version}`);
      const options = { time, onBatch: batchFigures(metrics, name), lease: mine ?? undefined };
      const part = projectionPart(projection, events, reads, options, (hosted) => projections.set(name, hosted));
      await run(`projection ${name}`, mine, part);
    }
    if (roles.has('projections')) watchProjections(metrics, projections);
    else if (roles.has('api')) watchProjectionsElsewhere(metrics, events, reads, time);
    watchHalts(metrics, reads);
    if (ingest !== undefined && roles.has('ingest')) {
      const runner = engine?.runner ?? null;
      const decidedUpTo = () => reads.checkpoint(ENGINE_CHECKPOINT);
      const settled: IngestDependencies['settled'] = (...run) =>
        untilSettled({ time, events, engine: runner, decidedUpTo, projections }, ...run);
      const part = ingestPart({ ...ingest, events, time, engine: runner, metrics, codeVersion, lease, settled }, settings);
      // It may take until the process ends. Its feeds have leases of their own.
      supervisor.start('ingest', part).catch(() => undefined);
    }
  };
  const close = async (): Promise<void> => {
    await supervisor.close();
    await engine?.close();
    await keeper?.close();
    stopBeating();
    stopWatching();
  };
  return { metrics, events, heartbeat, report, start, ended: supervisor.ended, close };
}

/** Makes the system and starts it. Rejects, with nothing left running, when a part cannot start. */
export async function startSystem(dependencies: SystemDependencies, roles?: ReadonlySet<Role>): Promise<System> {
  const system = makeSystem(dependencies, roles);
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

/** The engine by itself, as every command that decides runs it. */
export function makeEngineRunner(dependencies: SystemDependencies): EngineRunner {
  return engineRunner(engineDependencies(dependencies));
}

function engineDependencies(dependencies: SystemDependencies): EngineDependencies {
  const { events, reads } = dependencies;
  return { ...dependencies, checkpoint: engineCheckpoint(reads, () => assertSameTape(events, reads)) };
}

/** Where others make the read models, there must be something to read all the same. */
function storesPart({ events, reads }: SystemDependencies): RunPart {
  return async (tell, signal) => {
    await assertSameTape(events, reads);
    for (const projection of projectionsOn(events)) await ensureServing(reads, projection);
    tell('running');
    await aborted(signal);
  };
}
