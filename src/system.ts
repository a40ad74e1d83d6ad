/** The map: which parts run, wired to which. Takes its ports as arguments and opens nothing. */

import type { Logger } from 'pino';
import { Engine } from './domain/engine/engine.ts';
import { makeReactors } from './domain/reactors.ts';
import type { Clock, EventStore, ReadStore } from './ports.ts';
import { collectionOf } from './projections/projection.ts';
import { PROJECTIONS } from './projections/projections.ts';
import { type EngineLoop, startEngineLoop } from './runtime/engine-loop.ts';
import { type EngineCheckpoint, EngineRunner } from './runtime/engine-runner.ts';
import { type ProjectionRunner, startProjection } from './runtime/projection-runner.ts';
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

export interface System {
  readonly engine: EngineRunner;
  /** By collection, such as `orders@1`. */
  readonly projections: ReadonlyMap<string, ProjectionRunner>;
  /** Rejects when a part had to stop. */
  readonly ended: Promise<void>;
  /** Finishes what is in hand and stops every part; the stores stay open. */
  close(): Promise<void>;
}

/** The engine on a tape, as every command that decides runs it. */
export function makeEngineRunner(parts: SystemParts): EngineRunner {
  const { events, reads, clock, log, codeVersion, rollBack } = parts;
  return new EngineRunner({
    store: events,
    makeEngine: () => new Engine(makeReactors(makeId), makeId, codeVersion),
    codeVersion,
    clock,
    checkpoint: engineCheckpoint(reads),
    rollBack,
    onDecided: (decisions) => logDecisions(log, decisions),
  });
}

/** Starts the engine, adopting what is recorded, and then every projection. */
export async function startSystem(parts: SystemParts): Promise<System> {
  const { events, reads, clock } = parts;
  const engine = makeEngineRunner(parts);
  const loop = await startEngineLoop(engine, events);
  const projections = new Map<string, ProjectionRunner>();
  for (const projection of PROJECTIONS) {
    projections.set(collectionOf(projection), await startProjection(projection, events, reads, { clock }));
  }
  return {
    engine,
    projections,
    ended: Promise.race([loop, ...projections.values()].map((part) => part.ended)),
    close: () => closeAll(loop, projections),
  };
}

async function closeAll(loop: EngineLoop, projections: ReadonlyMap<string, ProjectionRunner>): Promise<void> {
  await loop.close();
  for (const projection of projections.values()) await projection.close();
}

function engineCheckpoint(reads: ReadStore): EngineCheckpoint {
  return {
    load: () => reads.checkpoint('engine'),
    save: async (position) => {
      await reads.commit('engine', [], position);
    },
  };
}
