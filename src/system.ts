/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import type { Logger } from 'pino';
import { bindHost } from './api/auth.ts';
import { type ApiDependencies, USUAL_PATIENCE } from './api/dependencies.ts';
import { behind } from './api/health.ts';
import type { KeySources } from './api/key-ring.ts';
import type { Violation } from './api/problem.ts';
import { buildServer } from './api/server.ts';
import { Engine } from './domain/engine/engine.ts';
import { makeReactors } from './domain/reactors.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import type { Clock, EventStore, ReadStore } from './ports.ts';
import { PROJECTIONS } from './projections/projections.ts';
import { startEngineLoop } from './runtime/engine-loop.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine-runner.ts';
import { EvidenceRecorder } from './runtime/evidence-recorder.ts';
import { type HostedProjection, startProjection } from './runtime/hosted-projection.ts';
import type { EvidenceSink } from './runtime/ingest.ts';
import { MeteredEngine } from './runtime/metered-engine.ts';
import { meteredEventStore } from './runtime/metered-event-store.ts';
import { watchProcess } from './runtime/process-metrics.ts';
import { beat, MAX_TURN_MS, makePulse, type PulseState, watchPulse } from './runtime/pulse.ts';
import { assertSameTape, ENGINE_CHECKPOINT } from './runtime/same-tape.ts';
import { followProjections } from './runtime/served-projections.ts';
import { ensureServing } from './runtime/serving.ts';
import {
  watchEngine,
  watchHalts,
  watchPositionWaits,
  watchProjections,
  watchProjectionsElsewhere,
} from './runtime/system-metrics.ts';
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

/** What a process does. `ingest` and `api` are begun by whoever starts the system. */
export type Role = 'engine' | 'ingest' | 'projections' | 'api';

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
  /** The tape, with writes in the figures. */
  readonly events: EventStore;
  /** Takes evidence onto the tape: in step with the engine that runs here, or else for one that runs elsewhere. */
  readonly take: EvidenceSink;
  /** Those that are made here, by name. */
  readonly projections: ReadonlyMap<string, HostedProjection>;
  /** Shows other threads that this one turns. */
  readonly pulse: SharedArrayBuffer;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part; the stores stay open. */
  close(): Promise<void>;
}

/** What the API serves in whichever thread it runs. */
export interface ServedParts extends Omit<SystemParts, 'rollBack'>, Pick<ApiDependencies, 'metrics' | 'otherMetrics'> {
  /** Of the thread with the engine. */
  readonly pulse: SharedArrayBuffer;
}

/** The API, served. */
export interface ServedApi {
  readonly address: string;
  /** Rejects when it had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what was accepted; the stores stay open. */
  close(): Promise<void>;
}

/** Projections that are further behind than this make the process not ready. */
const MAX_LAG_MS = 5_000;

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

/** Starts the engine, adopting what is recorded, and then every projection, as far as they are among the roles. */
export async function startSystem(
  given: SystemParts,
  roles: ReadonlySet<Role> = new Set(['engine', 'projections']),
): Promise<System> {
  const metrics = makeMetrics();
  const parts = { ...given, events: meteredEventStore(given.events, metrics) };
  const { events, reads, clock } = parts;
  await assertSameTape(events, reads);
  const engine = roles.has('engine') ? makeEngineRunner(parts, metrics) : null;
  const endWatch = watchProcess(metrics, 'main', parts.codeVersion);
  const running: Part[] = [{ close: async () => endWatch() }];
  const close = async (): Promise<void> => {
    for (const part of running) await part.close();
  };
  const run = <P extends Part & { readonly ended: Promise<void> }>(part: P): P => {
    running.push(part);
    return watched(part);
  };
  try {
    const loops = engine === null ? [] : [run(await startEngineLoop(engine, events))];
    const projections = new Map<string, HostedProjection>();
    for (const projection of PROJECTIONS) {
      const onBatch = batchFigures(metrics, projection.name);
      // Where others make them, there must be something to read all the same.
      if (!roles.has('projections')) await ensureServing(reads, projection);
      else projections.set(projection.name, run(await startProjection(projection, events, reads, { clock, onBatch })));
    }
    if (engine !== null) {
      beginCounting(metrics);
      watchEngine(metrics, engine, events, clock);
    }
    if (roles.has('projections')) watchProjections(metrics, projections.values());
    else if (roles.has('api')) watchProjectionsElsewhere(metrics, events, reads, clock);
    watchHalts(metrics, reads);
    const { ended } = watched({ ended: Promise.race([...loops, ...projections.values()].map((part) => part.ended)) });
    const pulse = makePulse();
    const stopBeating = beat(pulse, () => engine !== null && isStuck(engine, clock));
    running.push({ close: async () => stopBeating() });
    return { metrics, events, take: sinkOf(engine, events), projections, pulse, ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function sinkOf(engine: EngineRunner | null, events: EventStore): EvidenceSink {
  if (engine !== null) return engine.inStep.bind(engine);
  const recorder = new EvidenceRecorder(events);
  return recorder.record.bind(recorder);
}

function isStuck({ busySince }: EngineRunner, clock: Clock): boolean {
  return busySince !== null && clock.now() - busySince > MAX_TURN_MS;
}

/** Serves what is in the stores, whoever makes it, in this thread. */
export async function startApi({ log, pulse, ...parts }: ServedParts, { host, port, ...terms }: ApiParts): Promise<ServedApi> {
  const allowedHost = await bindHost({ host, ...terms });
  const followed = watched(await followProjections(PROJECTIONS, parts.events, parts.reads, parts.clock));
  const watch = watchPulse(pulse);
  const { projections } = followed;
  watchPositionWaits(parts.metrics, projections.values());
  const server = buildServer({
    ...parts,
    ...terms,
    projections,
    health: {
      live: () => notTurning(watch.look()),
      ready: () => behind(projections.values(), MAX_LAG_MS),
      // The server listens when everything that is done once at start-up is done.
      started: () => [],
    },
    patience: USUAL_PATIENCE,
    logger: log,
  });
  const close = async (): Promise<void> => {
    await server.close();
    await followed.close();
    watch.close();
  };
  try {
    return { address: await server.listen({ host: allowedHost, port }), ended: followed.ended, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function notTurning(state: PulseState): Violation[] {
  const seconds = MAX_TURN_MS / 1000;
  if (state === 'engine-stuck') return [{ path: 'engine', message: `has been in one commit for more than ${seconds} s` }];
  return state === 'stuck' ? [{ path: 'main', message: `its loop has not turned for ${seconds} s` }] : [];
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
