/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import { Engine } from './domain/engine/engine.ts';
import { REACTORS } from './domain/reactors.ts';
import { logDecisions } from './logging.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import type { Clock, Time } from './ports/clock.ts';
import type { EventStore } from './ports/event-store.ts';
import type { Publisher } from './ports/publisher.ts';
import type { ReadStore } from './ports/read-store.ts';
import { projectionsOn } from './projections/projections.ts';
import { beginCounting, countDecisions } from './runtime/engine/decision-metrics.ts';
import { engineAlone, engineUnderLease, LeadershipGuard } from './runtime/engine/engine-leadership.ts';
import { watchEngine } from './runtime/engine/engine-metrics.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine/engine-runner.ts';
import { AppendsInStep } from './runtime/engine/joint-commit.ts';
import { meterEngine } from './runtime/engine/metered-engine.ts';
import { EvidenceRecorder } from './runtime/ingest/evidence-recorder.ts';
import type { EvidenceSink } from './runtime/ingest/ingest.ts';
import { guardedEventStore } from './runtime/leases/guarded-stores.ts';
import type { Holding, Lease } from './runtime/leases/lease.ts';
import { LeaseKeeper } from './runtime/leases/lease-keeper.ts';
import { beat, MAX_TURN_MS, makeHeartbeat } from './runtime/process/heartbeat.ts';
import { watchInstance } from './runtime/process/instance-metrics.ts';
import { meteredEventStore } from './runtime/process/metered-event-store.ts';
import { watchProcess } from './runtime/process/process-metrics.ts';
import { Supervisor } from './runtime/process/supervisor.ts';
import type { SystemReport } from './runtime/process/system-report.ts';
import { whileTapeInReach } from './runtime/process/tape-in-reach.ts';
import { ensureServing } from './runtime/projections/builds.ts';
import { type HostedProjection, projectionPart } from './runtime/projections/host.ts';
import { watchHalts, watchProjections, watchProjectionsElsewhere } from './runtime/projections/projection-metrics.ts';
import { assertSameTape, ENGINE_CHECKPOINT, ENGINE_CHECKPOINTS } from './runtime/projections/read-store-owner.ts';
import type { Relay } from './runtime/relay/relay.ts';
import { watchRelay } from './runtime/relay/relay-metrics.ts';
import { relayPart } from './runtime/relay/relay-part.ts';
import type { Role, System, SystemDependencies } from './system-dependencies.ts';
import { START } from './tape/envelope.ts';
import { makeId } from './tape/id.ts';
import { aborted } from './waiting.ts';

/**
 * The engine on a tape, as every command that decides runs it; with figures of what it does where `metrics` are given,
 * and under the engine's lease where `turn` is.
 */
export function makeEngineRunner(parts: SystemDependencies, metrics?: Metrics, turn?: LeadershipGuard): EngineRunner {
  const { events, reads, time, log, codeVersion, rollBack } = parts;
  return new EngineRunner({
    store: events,
    makeEngine: () => new Engine(REACTORS, makeId, codeVersion, metrics && meterEngine(metrics, time)),
    codeVersion,
    clock: time,
    checkpoint: engineCheckpoint(events, reads),
    rollBack,
    ...(turn && { assertTurn: () => turn.assertHeld() }),
    onDecided: (decisions) => {
      logDecisions(log, decisions);
      if (metrics !== undefined) countDecisions(metrics, decisions);
    },
  });
}

/** Puts the parts together, as far as they are among the roles; `start` begins the work. */
export function makeSystem(given: SystemDependencies, roles: ReadonlySet<Role> = new Set(['engine', 'projections'])): System {
  const metrics = makeMetrics();
  const { reads, time, log } = given;
  let inStep: AppendsInStep | null = null;
  const events = meteredEventStore(given.events, metrics, time, (...append) => (inStep ?? given.events).append(...append));
  const keeper =
    given.leases && new LeaseKeeper(given.leases, (error) => log.debug({ err: error }, 'leases could not be looked at'));
  const turn = new LeadershipGuard();
  const decidedIn = keeper === undefined ? events : guardedEventStore(events, () => turn.assertHeld());
  const engine = roles.has('engine') ? makeEngineRunner({ ...given, events: decidedIn }, metrics, keeper && turn) : null;
  if (engine !== null && decidedIn.exclusively !== undefined) {
    const warn = (error: unknown): void =>
      log.warn(
        { err: error },
        'what was appended could not be committed with its decisions: it is recorded by itself, if it can be',
      );
    inStep = new AppendsInStep(given.events, engine, time, warn);
  }
  const supervisor = new Supervisor(time, (part, { backend: away, message }) => log.warn({ part, away }, message));
  const projections = new Map<string, HostedProjection>();
  const lease = (name: string): Lease | null => keeper?.lease(name) ?? null;
  const report = (): SystemReport => ({ parts: supervisor.reports(), leases: keeper?.holders() ?? [] });
  const heartbeat = makeHeartbeat();
  const stopBeating = beat(heartbeat, time, () => engine !== null && isStuck(engine, time));
  const endWatch = watchProcess(metrics, time, 'main', given.codeVersion);
  watchInstance(metrics, report);

  /** Nothing waits for it: what is traded does not depend on what is handed on. */
  const startRelaying = (publisher: Publisher): void => {
    let relay: Relay | null = null;
    const onPublished = relayFigures(metrics);
    const mine = lease('relay');
    const part = relayPart({ events, publisher, time, log, onPublished }, mine, (running) => {
      relay = running;
    });
    supervisor.start('relay', whileTapeInReach(time, events, mine, part)).catch(() => undefined);
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
      const sayReplaced = (why: string): void => log.warn({ part: 'engine' }, `the engine stands by: ${why}`);
      const part = mine ? engineUnderLease(engine, events, mine, turn, time, sayReplaced) : engineAlone(engine, events);
      await supervisor.start('engine', whileTapeInReach(time, events, mine, part));
      beginCounting(metrics);
      watchEngine(metrics, engine, events, time);
    }
    for (const projection of roles.has('projections') ? projectionsOn(events) : []) {
      const { name, version } = projection;
      // A new version is made beside the old one: each has somebody who makes it.
      const mine = lease(`projection-${name}@${version}`);
      const options = { time, onBatch: batchFigures(metrics, name), lease: mine ?? undefined };
      const part = projectionPart(projection, events, reads, options, (hosted) => projections.set(name, hosted));
      await supervisor.start(`projection ${name}`, whileTapeInReach(time, events, mine, part));
    }
    if (roles.has('projections')) watchProjections(metrics, projections);
    else if (roles.has('api')) watchProjectionsElsewhere(metrics, events, reads, time);
    watchHalts(metrics, reads);
  };
  const close = async (): Promise<void> => {
    await supervisor.close();
    await inStep?.close();
    await keeper?.close();
    stopBeating();
    endWatch();
  };
  const takeUnder = (holding: Holding): EvidenceSink =>
    recorderOn(
      guardedEventStore(events, () => holding.assertHeld()),
      time,
    );
  const take = engine !== null && events.exclusively !== undefined ? engine.inStep.bind(engine) : recorderOn(events, time);
  const { ended } = supervisor;
  const first: System['first'] = (part, work) => supervisor.once(part, work);
  return { metrics, events, take, lease, takeUnder, projections, heartbeat, report, first, start, ended, close };
}

/** Makes the system and starts it. Rejects, with nothing left running, when a part cannot start. */
export async function startSystem(parts: SystemDependencies, roles?: ReadonlySet<Role>): Promise<System> {
  const system = makeSystem(parts, roles);
  try {
    await system.start();
    return system;
  } catch (error) {
    await system.close();
    throw error;
  }
}

function recorderOn(events: EventStore, time: Time): EvidenceSink {
  const recorder = new EvidenceRecorder(events, time);
  return recorder.record.bind(recorder);
}

function isStuck({ busySince }: EngineRunner, clock: Clock): boolean {
  return busySince !== null && clock.now() - busySince > MAX_TURN_MS;
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

function engineCheckpoint(events: EventStore, reads: ReadStore): EngineCheckpoint {
  return {
    assertSameTape: async () => {
      await reads.prepare([ENGINE_CHECKPOINTS]);
      await assertSameTape(events, reads);
    },
    load: async (activation) => (await reads.load(ENGINE_CHECKPOINTS.name, [activation])).get(activation)?._position ?? START,
    save: async (activation, position) => {
      const write = { collection: ENGINE_CHECKPOINTS.name, key: activation, document: { _position: position } };
      await reads.commit(ENGINE_CHECKPOINT, [write], position);
    },
  };
}
