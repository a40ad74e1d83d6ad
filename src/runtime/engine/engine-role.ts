/** The engine as a role of a process: its runner, the tape that it decides on, and its figures. */

import type { Logger } from 'pino';
import { Engine } from '../../domain/engine/engine.ts';
import { REACTORS } from '../../domain/reactors.ts';
import { logDecisions } from '../../logging.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import { type EventStore, hasLock } from '../../ports/event-store.ts';
import { makeId } from '../../tape/id.ts';
import { GuardedEventStore } from '../leases/guarded-stores.ts';
import type { Lease } from '../leases/lease.ts';
import { EndingEventStore } from '../process/ending-event-store.ts';
import { MAX_TURN_MS } from '../process/heartbeat.ts';
import { MeteredEventStore } from '../process/metered-event-store.ts';
import type { RunPart } from '../process/supervisor.ts';
import { decidingWithin } from './commit-hook.ts';
import type { EngineCheckpoint } from './engine-checkpoint.ts';
import { engineAlone, engineUnderLease, LeadershipGuard } from './engine-leadership.ts';
import { watchEngine } from './engine-metrics.ts';
import { EngineRunner } from './engine-runner.ts';
import { beginCounting, countDecisions, meterEngine } from './metered-engine.ts';

export interface EngineDependencies {
  readonly events: EventStore;
  readonly checkpoint: EngineCheckpoint;
  readonly time: Time;
  readonly log: Logger;
  readonly codeVersion: string;
  /** A person wants this build back in place of the one that replaced it. */
  readonly mayRollBack: boolean;
}

export interface EngineRole {
  readonly runner: EngineRunner;
  /** The tape with its figures; what is appended to it is decided on in the same commit where the tape has a lock. */
  readonly events: EventStore;
  readonly part: RunPart;
  /** Has it been in one call for too long? */
  isStuck(): boolean;
  /** Shows the engine's figures from now on. */
  watch(): void;
  /** Once the part has ended: finishes the commit in hand. */
  close(): Promise<void>;
}

/** An engine with figures of what it does where `metrics` are given, and that decides only where `guard` permits. */
export function engineRunner(
  { events, checkpoint, time, log, codeVersion, mayRollBack }: EngineDependencies,
  metrics?: Metrics,
  guard?: LeadershipGuard,
): EngineRunner {
  return new EngineRunner({
    store: events,
    makeEngine: () => new Engine(REACTORS, makeId, codeVersion, metrics && meterEngine(metrics, time)),
    codeVersion,
    clock: time,
    checkpoint,
    mayRollBack,
    ...(guard && { assertLeader: () => guard.assertHeld() }),
    onDecided: (decisions) => {
      logDecisions(log, decisions);
      if (metrics !== undefined) countDecisions(metrics, decisions);
    },
  });
}

/**
 * `lease` is that of the engine among several instances; null where there is only one. Once `ending` aborts, the engine
 * reads and decides no further, however much is left.
 */
export function engineRole(
  dependencies: EngineDependencies,
  metrics: Metrics,
  lease: Lease | null,
  ending: AbortSignal,
): EngineRole {
  const { events: tape, time, log } = dependencies;
  const events = new MeteredEventStore(tape, metrics, time);
  const guard = new LeadershipGuard();
  const ended = new EndingEventStore(events, ending);
  const decidedIn = lease === null ? ended : new GuardedEventStore(ended, () => guard.assertHeld());
  const runner = engineRunner({ ...dependencies, events: decidedIn }, metrics, lease === null ? undefined : guard);
  const onUndone = (error: unknown): void =>
    log.warn(
      { err: error },
      'what was appended could not be committed with its decisions: it is recorded by itself, if it can be',
    );
  const unhook = hasLock(events) ? events.beforeCommit(decidingWithin(runner, onUndone)) : () => undefined;
  const sayReplaced = (why: string): void => log.warn({ part: 'engine' }, `the engine stands by: ${why}`);
  return {
    runner,
    events,
    part: lease === null ? engineAlone(runner, events) : engineUnderLease(runner, events, lease, guard, time, sayReplaced),
    isStuck: () => runner.busySince !== null && time.now() - runner.busySince > MAX_TURN_MS,
    watch: () => {
      beginCounting(metrics);
      watchEngine(metrics, runner, events, time);
    },
    close: async () => {
      unhook();
      await runner.settled();
    },
  };
}
