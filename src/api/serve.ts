/** The API over the stores, in whichever thread; or the probes alone, of a process without it. */

import type { FastifyInstance } from 'fastify';
import { projectionsOn } from '../projections/projections.ts';
import { descriptorLimit } from '../runtime/process/descriptors.ts';
import { type HeartbeatState, MAX_TURN_MS, watchHeartbeat } from '../runtime/process/heartbeat.ts';
import { awaitedIn, type SystemReport } from '../runtime/process/system-report.ts';
import { followProjections } from '../runtime/projections/followed.ts';
import { watchPositionWaits } from '../runtime/projections/projection-metrics.ts';
import type { System, SystemDependencies } from '../system-dependencies.ts';
import { type ApiDependencies, DEFAULT_TIMEOUTS } from './dependencies.ts';
import { bindHost, isLoopback } from './http/auth.ts';
import type { KeySources } from './http/key-ring.ts';
import type { Violation } from './http/problem.ts';
import { buildProbeServer } from './probes.ts';
import { behind } from './routes/health.ts';
import { buildServer, waitForReadModels } from './server.ts';

/** Where it is served. */
export interface ProbedAt {
  readonly host: string;
  readonly port: number;
}

/** Where the API is served, and to whom. */
export interface ServeOptions extends KeySources, ProbedAt {
  readonly rateLimit?: number | undefined;
  readonly corsOrigins?: readonly string[] | undefined;
}

/** The dependencies of the API, in whichever thread it runs. */
export interface ServeDependencies
  extends Pick<SystemDependencies, 'events' | 'reads' | 'time' | 'log' | 'codeVersion'>,
    Pick<ApiDependencies, 'metrics' | 'otherMetrics'> {
  /** Of the thread with the engine. */
  readonly heartbeat: SharedArrayBuffer;
  /** How the parts of the process are; null while that is not known. Absent: the API is the only one. */
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

/** Serves the stores' contents in this thread, whichever process makes them. */
export async function startApi(
  { log, heartbeat, report = () => NO_PARTS, isAcross = false, ...dependencies }: ServeDependencies,
  { host, port, ...terms }: ServeOptions,
): Promise<ServedApi> {
  const allowedHost = await bindHost({ host, ...terms });
  const { events, reads, time } = dependencies;
  const followed = watched(await followProjections(projectionsOn(events), events, reads, { time, isAcross }));
  const watch = watchHeartbeat(heartbeat, time);
  const { projections } = followed;
  watchPositionWaits(dependencies.metrics, projections.values());
  const server = buildServer({
    ...dependencies,
    ...terms,
    projections,
    health: {
      live: () => notTurning(watch.look()),
      ready: () => [...followed.warnings(), ...notReady(followed.unread(), behind(projections.values(), MAX_LAG_MS))],
      started: () => starting(report()),
      report,
    },
    timeouts: DEFAULT_TIMEOUTS,
    descriptors: descriptorLimit(),
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
export async function startProbes(
  { log, time }: Pick<SystemDependencies, 'log' | 'time'>,
  system: System,
  at: ProbedAt,
): Promise<ServedApi> {
  const { metrics, report } = system;
  const waiting = () => awaitedIn(report()).map(({ part }) => ({ path: part, message: 'is waiting' }));
  const ready = () => [...starting(report()), ...waiting()];
  const health = { live: () => [], ready, started: () => starting(report()), report };
  const server = buildProbeServer({
    health,
    metrics,
    logger: log,
    isLocal: isLoopback(at.host),
    time,
    descriptors: descriptorLimit(),
  });
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

/** The parts that are still starting; one that waits for a backend has started. */
function starting(report: SystemReport | null): Violation[] {
  if (report === null || report.parts.length === 0) return [{ path: 'main', message: 'has not started yet' }];
  const parts = report.parts.filter(({ state }) => state === 'starting');
  return parts.map(({ part }) => ({ path: part, message: 'is starting' }));
}

/** The read models that keep the process from being ready, each once. */
function notReady(unread: readonly Violation[], behind: readonly Violation[]): Violation[] {
  return [...unread, ...behind.filter(({ path }) => !unread.some((other) => other.path === path))];
}

function notTurning(state: HeartbeatState): Violation[] {
  const seconds = MAX_TURN_MS / 1000;
  if (state === 'engine-stuck') return [{ path: 'engine', message: `has spent more than ${seconds} s in one commit` }];
  return state === 'stuck' ? [{ path: 'main', message: `its event loop has been blocked for ${seconds} s` }] : [];
}

/** `System.ended` reports a part that stops before everything is started; the process must not crash for it. */
function watched<P extends { readonly ended: Promise<void> }>(part: P): P {
  part.ended.catch(() => undefined);
  return part;
}
