/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import { Engine } from './domain/engine/engine.ts';
import { makeReactors } from './domain/reactors.ts';
import { type Metrics, makeMetrics } from './metrics.ts';
import type { Clock, EventStore, Publisher, ReadStore } from './ports.ts';
import { projectionsOn } from './projections/projections.ts';
import { aborted } from './runtime/abort.ts';
import { AppendsInStep } from './runtime/appends-in-step.ts';
import { engineAlone, engineAmongOthers, Turn } from './runtime/engine-part.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine-runner.ts';
import { EvidenceRecorder } from './runtime/evidence-recorder.ts';
import { heldEventStore } from './runtime/held-stores.ts';
import { type HostedProjection, projectionPart } from './runtime/hosted-projection.ts';
import type { EvidenceSink } from './runtime/ingest.ts';
import type { Holding, Lease } from './runtime/lease.ts';
import { LeaseKeeper } from './runtime/lease-keeper.ts';
import { MeteredEngine } from './runtime/metered-engine.ts';
import { meteredEventStore } from './runtime/metered-event-store.ts';
import { watchProcess } from './runtime/process-metrics.ts';
import { beat, MAX_TURN_MS, makePulse } from './runtime/pulse.ts';
import type { Relay } from './runtime/relay.ts';
import { relayPart } from './runtime/relay-part.ts';
import { assertSameTape, ENGINE_CHECKPOINT, ENGINE_CHECKPOINTS } from './runtime/same-tape.ts';
import { ensureServing } from './runtime/serving.ts';
import { Supervisor } from './runtime/supervisor.ts';
import {
  watchEngine,
  watchHalts,
  watchInstance,
  watchProjections,
  watchProjectionsElsewhere,
  watchRelay,
} from './runtime/system-metrics.ts';
import type { Role, System, SystemParts } from './runtime/system-parts.ts';
import type { SystemReport } from './runtime/system-report.ts';
import { whileTapeInReach } from './runtime/tape-in-reach.ts';
import { beginCounting, countDecisions } from './runtime/trading-metrics.ts';
import { START } from './tape/envelope.ts';
import { makeId } from './tape/id.ts';
import { logDecisions } from './telemetry.ts';

/**
 * The engine on a tape, as every command that decides runs it; with figures of what it does where `metrics` are given,
 * and under the engine's lease where `turn` is.
 */
export function makeEngineRunner(parts: SystemParts, metrics?: Metrics, turn?: Turn): EngineRunner {
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
    ...(turn && { assertTurn: () => turn.assertHeld() }),
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
  let inStep: AppendsInStep | null = null;
  const events = meteredEventStore(given.events, metrics, (...append) => (inStep ?? given.events).append(...append));
  const keeper =
    given.leases && new LeaseKeeper(given.leases, (error) => log.debug({ err: error }, 'leases could not be looked at'));
  const turn = new Turn();
  const decidedIn = keeper === undefined ? events : heldEventStore(events, () => turn.assertHeld());
  const engine = roles.has('engine') ? makeEngineRunner({ ...given, events: decidedIn }, metrics, keeper && turn) : null;
  if (engine !== null && decidedIn.exclusively !== undefined) {
    const warn = (error: unknown): void =>
      log.warn(
        { err: error },
        'what was appended could not be committed with its decisions: it is recorded by itself, if it can be',
      );
    inStep = new AppendsInStep(given.events, engine, warn);
  }
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
      const sayReplaced = (why: string): void => log.warn({ part: 'engine' }, `the engine stands by: ${why}`);
      const part = mine ? engineAmongOthers(engine, events, mine, turn, sayReplaced) : engineAlone(engine, events);
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
    await inStep?.close();
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
