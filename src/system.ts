/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import type { Logger } from 'pino';
import { bindHost } from './api/auth.ts';
import { USUAL_PATIENCE } from './api/dependencies.ts';
import { behind } from './api/health.ts';
import type { KeySources } from './api/key-ring.ts';
import { buildServer } from './api/server.ts';
import { Engine } from './domain/engine/engine.ts';
import { makeReactors } from './domain/reactors.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import type { Clock, EventStore, ReadStore } from './ports.ts';
import { PROJECTIONS } from './projections/projections.ts';
import { startEngineLoop } from './runtime/engine-loop.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine-runner.ts';
import { type HostedProjection, startProjection } from './runtime/hosted-projection.ts';
import { MeteredEngine } from './runtime/metered-engine.ts';
import { meteredEventStore } from './runtime/metered-event-store.ts';
import { watchProcess } from './runtime/process-metrics.ts';
import { assertSameTape, ENGINE_CHECKPOINT } from './runtime/same-tape.ts';
import { watchEngine, watchHalts, watchProjections } from './runtime/system-metrics.ts';
import { beginCounting, countDecisions } from './runtime/trading-metrics.ts';
import { makeId } from './tape/id.ts';
import { logDecisions } from './telemetry.ts';

export interface SystemParts {
  readonly events: EventStore;
  readonly reads: ReadStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly codeVersion: string;
  /** A person wants this build back in place of the one that replaced it. */
  readonly rollBack: boolean;
}

/** Where the API is served, and to whom. */
export interface ApiParts extends KeySources {
  readonly host: string;
  readonly port: number;
  readonly rateLimit?: number | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

export interface System {
  /** The figures of this thread. */
  readonly metrics: Metrics;
  readonly engine: EngineRunner;
  /** By name. */
  readonly projections: ReadonlyMap<string, HostedProjection>;
  /** Where the API answers; null when it is not served. */
  readonly address: string | null;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part; the stores stay open. */
  close(): Promise<void>;
}

/** Projections that are further behind than this make the process not ready. */
const MAX_LAG_MS = 5_000;
/** An engine that is in one commit for longer than this has stopped turning. */
const MAX_TURN_MS = 60_000;

/** The engine on a tape, as every command that decides runs it; with figures of what it does where `metrics` are given. */
export function makeEngineRunner(parts: SystemParts, metrics?: Metrics): EngineRunner {
  const { events, reads, clock, log, codeVersion, rollBack } = parts;
  return new EngineRunner({
    store: events,
    makeEngine: () =>
      metrics === undefined
        ? new Engine(makeReactors(makeId), makeId, codeVersion)
        : new MeteredEngine(makeReactors(makeId), makeId, codeVersion, metrics),
    codeVersion,
    clock,
    checkpoint: engineCheckpoint(events, reads),
    rollBack,
    onDecided: (decisions) => {
      logDecisions(log, decisions);
      if (metrics !== undefined) countDecisions(metrics, decisions);
    },
  });
}

/** Starts the engine, adopting what is recorded, then every projection, and then the API, if it is to be served. */
export async function startSystem(given: SystemParts, api?: ApiParts): Promise<System> {
  const metrics = makeMetrics();
  const parts = { ...given, events: meteredEventStore(given.events, metrics) };
  const { events, reads, clock } = parts;
  const host = api === undefined ? '' : await bindHost(api);
  const engine = makeEngineRunner(parts, metrics);
  const endWatch = watchProcess(metrics, 'main', parts.codeVersion);
  const running: Part[] = [{ close: async () => endWatch() }];
  const close = async (): Promise<void> => {
    for (const part of running) await part.close();
  };
  try {
    const loop = watched(await startEngineLoop(engine, events));
    running.push(loop);
    const projections = new Map<string, HostedProjection>();
    for (const projection of PROJECTIONS) {
      const onBatch = batchFigures(metrics, projection.name);
      const runner = watched(await startProjection(projection, events, reads, { clock, onBatch }));
      running.push(runner);
      projections.set(projection.name, runner);
    }
    beginCounting(metrics);
    watchEngine(metrics, engine, events, clock);
    watchProjections(metrics, projections.values());
    watchHalts(metrics, reads);
    const { ended } = watched({ ended: Promise.race([loop, ...projections.values()].map((part) => part.ended)) });
    const server = api === undefined ? undefined : makeServer(parts, api, engine, projections, metrics);
    if (server !== undefined) running.unshift({ close: () => server.close() });
    const address = (await server?.listen({ host, port: api?.port ?? 0 })) ?? null;
    return { metrics, engine, projections, address, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function batchFigures({ project, projectedEvents }: Metrics, projection: string): (events: number, ms: number) => void {
  return (events, ms) => {
    project.observe({ projection }, ms / 1_000);
    projectedEvents.inc({ projection }, events);
  };
}

interface Part {
  close(): Promise<void>;
}

/** A part that stops before everything is started is told of by `System.ended`, not by a crash of the process. */
function watched<P extends { readonly ended: Promise<void> }>(part: P): P {
  part.ended.catch(() => undefined);
  return part;
}

function makeServer(
  { events, reads, clock, codeVersion, log }: SystemParts,
  { apiKeys, keyFolder, rateLimit, corsOrigins }: ApiParts,
  engine: EngineRunner,
  projections: ReadonlyMap<string, HostedProjection>,
  metrics: Metrics,
) {
  const stuck = (): boolean => engine.busySince !== null && clock.now() - engine.busySince > MAX_TURN_MS;
  return buildServer({
    events,
    reads,
    projections,
    clock,
    codeVersion,
    apiKeys,
    keyFolder,
    rateLimit,
    corsOrigins,
    metrics,
    health: {
      live: () => (stuck() ? [{ path: 'engine', message: `has been in one commit for more than ${MAX_TURN_MS / 1000} s` }] : []),
      ready: () => behind(projections.values(), MAX_LAG_MS),
      // The server listens when everything that is done once at start-up is done.
      started: () => [],
    },
    patience: USUAL_PATIENCE,
    logger: log,
  });
}

function engineCheckpoint(events: EventStore, reads: ReadStore): EngineCheckpoint {
  return {
    load: async () => {
      await assertSameTape(events, reads);
      return reads.checkpoint(ENGINE_CHECKPOINT);
    },
    save: async (position) => {
      await reads.commit(ENGINE_CHECKPOINT, [], position);
    },
  };
}
