/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { bindHost } from './api/auth.ts';
import { type ApiDependencies, USUAL_PATIENCE } from './api/dependencies.ts';
import { behind } from './api/health.ts';
import type { KeySources } from './api/key-ring.ts';
import { buildProbeServer } from './api/probes.ts';
import type { Violation } from './api/problem.ts';
import { buildServer, waitForReadModels } from './api/server.ts';
import { Engine } from './domain/engine/engine.ts';
import { makeReactors } from './domain/reactors.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import type { Clock, EventStore, Publisher, ReadStore } from './ports.ts';
import { projectionsOn } from './projections/projections.ts';
import { aborted } from './runtime/abort.ts';
import { engineAlone, engineAmongOthers, Turn } from './runtime/engine-part.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine-runner.ts';
import { EvidenceRecorder } from './runtime/evidence-recorder.ts';
import { heldEventStore } from './runtime/held-stores.ts';
import { type HostedProjection, projectionPart } from './runtime/hosted-projection.ts';
import type { EvidenceSink } from './runtime/ingest.ts';
import type { Holding, Lease, LeaseTerms } from './runtime/lease.ts';
import { LeaseKeeper } from './runtime/lease-keeper.ts';
import { MeteredEngine } from './runtime/metered-engine.ts';
import { meteredEventStore } from './runtime/metered-event-store.ts';
import { watchProcess } from './runtime/process-metrics.ts';
import { beat, MAX_TURN_MS, makePulse, type PulseState, watchPulse } from './runtime/pulse.ts';
import type { Relay } from './runtime/relay.ts';
import { relayPart } from './runtime/relay-part.ts';
import { assertSameTape, ENGINE_CHECKPOINT } from './runtime/same-tape.ts';
import { followProjections } from './runtime/served-projections.ts';
import { ensureServing } from './runtime/serving.ts';
import { Supervisor } from './runtime/supervisor.ts';
import {
  watchEngine,
  watchHalts,
  watchInstance,
  watchPositionWaits,
  watchProjections,
  watchProjectionsElsewhere,
  watchRelay,
} from './runtime/system-metrics.ts';
import { awaitedIn, type SystemReport } from './runtime/system-report.ts';
import { whileTapeInReach } from './runtime/tape-in-reach.ts';
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
  /** Among several instances on the same stores; absent where the tape has a lock of its own, or this is the only one. */
  readonly leases?: LeaseTerms | undefined;
  /** Where the tape is handed on to; absent: nowhere. */
  readonly publisher?: Publisher | undefined;
}

/** What a process does. `ingest` and `api` are begun by whoever starts the system. */
export type Role = 'engine' | 'ingest' | 'projections' | 'relay' | 'api';

/** Where it is served. */
export interface ProbedAt {
  readonly host: string;
  readonly port: number;
}

/** Where the API is served, and to whom. */
export interface ApiParts extends KeySources, ProbedAt {
  readonly rateLimit?: number | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

export interface System {
  /** The figures of this thread. */
  readonly metrics: Metrics;
  /** The tape, with writes in the figures. */
  readonly events: EventStore;
  /** Takes evidence onto the tape: in step with the engine that runs here, or else for whichever decides. */
  readonly take: EvidenceSink;
  /** The lease of that name; null where there are none. */
  lease(name: string): Lease | null;
  /** As `take`, for as long as that lease is held. */
  takeUnder(holding: Holding): EvidenceSink;
  /** Those that are made here, or are to be, by name. */
  readonly projections: ReadonlyMap<string, HostedProjection>;
  /** Shows other threads that this one turns. */
  readonly pulse: SharedArrayBuffer;
  /** How the parts are. */
  report(): SystemReport;
  /** Does what must be done once before the work begins; undefined when the system is closed before. */
  first<T>(part: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Begins the work. Resolves when every part runs or stands by; engines that are away are waited for. */
  start(): Promise<void>;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part, and gives back the leases; the stores stay open. */
  close(): Promise<void>;
}

/** What the API serves in whichever thread it runs. */
export interface ServedParts
  extends Omit<SystemParts, 'rollBack' | 'leases' | 'publisher'>,
    Pick<ApiDependencies, 'metrics' | 'otherMetrics'> {
  /** Of the thread with the engine. */
  readonly pulse: SharedArrayBuffer;
  /** How the parts of the process are; null while that is not known. Absent: there are none beside the API. */
  readonly report?: (() => SystemReport | null) | undefined;
  /** The stores are across a network, for several instances. */
  readonly isAcross?: boolean | undefined;
}

/** The API, served. */
export interface ServedApi {
  readonly address: string;
  /** Rejects when it had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what was accepted; the stores stay open. */
  close(): Promise<void>;
}

const NO_PARTS: SystemReport = { parts: [{ part: 'main', state: 'running', reason: null }], leases: [] };

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

/** Puts the parts together, as far as they are among the roles; `start` begins the work. */
export function makeSystem(given: SystemParts, roles: ReadonlySet<Role> = new Set(['engine', 'projections'])): System {
  const metrics = makeMetrics();
  const { reads, clock, log } = given;
  const events = meteredEventStore(given.events, metrics);
  const keeper =
    given.leases && new LeaseKeeper(given.leases, (error) => log.debug({ err: error }, 'leases could not be looked at'));
  const turn = new Turn();
  const decidedIn = keeper === undefined ? events : heldEventStore(events, () => turn.assertHeld());
  const engine = roles.has('engine') ? makeEngineRunner({ ...given, events: decidedIn }, metrics) : null;
  const supervisor = new Supervisor((part, { engine: away, message }) => log.warn({ part, away }, message));
  const projections = new Map<string, HostedProjection>();
  const lease = (name: string): Lease | null => keeper?.lease(name) ?? null;
  const report = (): SystemReport => ({ parts: supervisor.reports(), leases: keeper?.holders() ?? [] });
  const pulse = makePulse();
  const stopBeating = beat(pulse, () => engine !== null && isStuck(engine, clock));
  const endWatch = watchProcess(metrics, 'main', given.codeVersion);
  watchInstance(metrics, report);

  /** Nothing waits for it: what is traded does not depend on what is handed on. */
  const startRelaying = (publisher: Publisher): void => {
    let relay: Relay | null = null;
    const onPublished = relayFigures(metrics);
    const mine = lease('relay');
    const part = relayPart({ events, publisher, clock, log, onPublished }, mine, (running) => {
      relay = running;
    });
    supervisor.start('relay', whileTapeInReach(events, mine, part)).catch(() => undefined);
    watchRelay(metrics, () => relay);
  };
  const start = async (): Promise<void> => {
    await supervisor.start('stores', async (tell, signal) => {
      await assertSameTape(events, reads);
      // Where others make the read models, there must be something to read all the same.
      for (const projection of projectionsOn(events)) await ensureServing(reads, projection);
      tell('running');
      await aborted(signal);
    });
    if (given.publisher !== undefined && roles.has('relay')) startRelaying(given.publisher);
    if (engine !== null) {
      const mine = lease('engine');
      const part = mine ? engineAmongOthers(engine, events, mine, turn) : engineAlone(engine, events);
      await supervisor.start('engine', whileTapeInReach(events, mine, part));
      beginCounting(metrics);
      watchEngine(metrics, engine, events, clock);
    }
    for (const projection of roles.has('projections') ? projectionsOn(events) : []) {
      const { name, version } = projection;
      // A new version is made beside the old one: each has somebody who makes it.
      const mine = lease(`projection-${name}@${version}`);
      const options = { clock, onBatch: batchFigures(metrics, name), lease: mine ?? undefined };
      const part = projectionPart(projection, events, reads, options, (hosted) => projections.set(name, hosted));
      await supervisor.start(`projection ${name}`, whileTapeInReach(events, mine, part));
    }
    if (roles.has('projections')) watchProjections(metrics, projections);
    else if (roles.has('api')) watchProjectionsElsewhere(metrics, events, reads, clock);
    watchHalts(metrics, reads);
  };
  const close = async (): Promise<void> => {
    await supervisor.close();
    await keeper?.close();
    stopBeating();
    endWatch();
  };
  const takeUnder = (holding: Holding): EvidenceSink => recorderOn(heldEventStore(events, () => holding.assertHeld()));
  const take = engine !== null && events.exclusively !== undefined ? engine.inStep.bind(engine) : recorderOn(events);
  const { ended } = supervisor;
  const first: System['first'] = (part, work) => supervisor.once(part, work);
  return { metrics, events, take, lease, takeUnder, projections, pulse, report, first, start, ended, close };
}

/** Makes the system and starts it. Rejects, with nothing left running, when a part cannot start. */
export async function startSystem(parts: SystemParts, roles?: ReadonlySet<Role>): Promise<System> {
  const system = makeSystem(parts, roles);
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

function recorderOn(events: EventStore): EvidenceSink {
  const recorder = new EvidenceRecorder(events);
  return recorder.record.bind(recorder);
}

function isStuck({ busySince }: EngineRunner, clock: Clock): boolean {
  return busySince !== null && clock.now() - busySince > MAX_TURN_MS;
}

/** Serves what is in the stores, whoever makes it, in this thread. */
export async function startApi(
  { log, pulse, report = () => NO_PARTS, isAcross = false, ...parts }: ServedParts,
  { host, port, ...terms }: ApiParts,
): Promise<ServedApi> {
  const allowedHost = await bindHost({ host, ...terms });
  const { events, reads, clock } = parts;
  const followed = watched(await followProjections(projectionsOn(events), events, reads, { clock, isAcross }));
  const watch = watchPulse(pulse);
  const { projections } = followed;
  watchPositionWaits(parts.metrics, projections.values());
  const server = buildServer({
    ...parts,
    ...terms,
    projections,
    health: {
      live: () => notTurning(watch.look()),
      ready: () => [...followed.troubles(), ...behind(projections.values(), MAX_LAG_MS)],
      started: () => starting(report()),
      report,
    },
    patience: USUAL_PATIENCE,
    logger: log,
  });
  waitForReadModels(server, followed.isKnown);
  const close = async (): Promise<void> => {
    await server.close();
    await followed.close();
    watch.close();
  };
  return listening(server, { host: allowedHost, port }, { ended: followed.ended, close });
}

/** Serves the probes and the figures of a process without an API. */
export async function startProbes({ log }: Pick<SystemParts, 'log'>, system: System, at: ProbedAt): Promise<ServedApi> {
  const { metrics, report } = system;
  const waiting = () => awaitedIn(report()).map(({ part }) => ({ path: part, message: 'waits' }));
  const ready = () => [...starting(report()), ...waiting()];
  const health = { live: () => [], ready, started: () => starting(report()), report };
  const server = buildProbeServer({ health, metrics, logger: log });
  return listening(server, at, { ended: new Promise(() => {}), close: () => server.close() });
}

async function listening(server: FastifyInstance, at: ProbedAt, served: Omit<ServedApi, 'address'>): Promise<ServedApi> {
  try {
    return { ...served, address: await server.listen({ host: at.host, port: at.port }) };
  } catch (error) {
    await served.close();
    throw error;
  }
}

/** The parts that take in what is there; one that waits for an engine has done its own. */
function starting(report: SystemReport | null): Violation[] {
  if (report === null || report.parts.length === 0) return [{ path: 'main', message: 'has not begun yet' }];
  const parts = report.parts.filter(({ state }) => state === 'starting');
  return parts.map(({ part }) => ({ path: part, message: 'is starting' }));
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

function relayFigures({ relayTransaction, relayedEvents }: Metrics): (events: number, ms: number) => void {
  return (events, ms) => {
    relayTransaction.observe(ms / 1_000);
    relayedEvents.inc(events);
  };
}

/** A part that stops before everything is started is told of by `System.ended`, not by a crash of the process. */
function watched<P extends { readonly ended: Promise<void> }>(part: P): P {
  part.ended.catch(() => undefined);
  return part;
}

function engineCheckpoint(events: EventStore, reads: ReadStore): EngineCheckpoint {
  return {
    load: async (begins) => {
      if (begins) await assertSameTape(events, reads);
      return reads.checkpoint(ENGINE_CHECKPOINT);
    },
    save: async (position) => {
      await reads.commit(ENGINE_CHECKPOINT, [], position);
    },
  };
}
