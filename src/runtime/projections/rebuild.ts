/** Makes the documents of a read model again from the tape while the old ones serve, and swaps them in. */

import { UserError } from '../../domain/user-error.ts';
import type { Time } from '../../ports/clock.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { pause } from '../../waiting.ts';
import {
  type Build,
  beginBuild,
  collectionOf,
  dropBuilds,
  ensureServing,
  GRACE_MS,
  giveUpBuild,
  readBuilds,
  swapWhenReady,
} from './builds.ts';
import { type ProjectionRunner, startRunner } from './runner.ts';

const LOOK_EVERY_MS = 100;

/** Somebody else began to build the same read model. */
export class RebuildOvertakenError extends UserError {
  constructor(collection: string) {
    super(`another rebuild was begun after this one: ${collection} was given up, and what served before is untouched`);
  }
}

/** It was stopped; what served before is untouched. */
export class RebuildStoppedError extends UserError {}

export interface RebuildProgress {
  readonly collection: string;
  /** Where the build is, and the tape's end. */
  readonly position: string;
  readonly head: string;
}

export interface RebuildOptions {
  readonly time: Time;
  readonly signal: AbortSignal;
  /** Called about ten times a second. */
  readonly onProgress: (progress: RebuildProgress) => void;
}

export interface Rebuilt {
  readonly projection: string;
  readonly collection: string;
  /** Everything up to it is in the documents. */
  readonly position: string;
  /** The collection that served before. */
  readonly before: string;
}

/**
 * Builds a read model again while the old build serves, and swaps it in when it is at the end of the tape.
 * The first event that cannot be applied stops it (UnappliedEventError); so does `signal`. A process that runs the
 * projection goes on with the new build by itself.
 */
export async function rebuildProjection(
  projection: Projection,
  events: EventStore,
  reads: ReadStore,
  options: RebuildOptions,
): Promise<Rebuilt> {
  const build = await beginBuild(reads, projection);
  const collection = collectionOf(projection, build);
  const runner = await startRunner({ projection, collection }, events, reads, { time: options.time, isStrict: true });
  let before: string;
  try {
    before = await untilSwapped(projection, build, runner, events, reads, options);
  } catch (error) {
    await runner.close();
    await giveUpBuild(reads, projection, build);
    await dropBuilds(reads, projection, [build]);
    throw error;
  }
  // It is kept going until those that run the projection have found it.
  await Promise.race([pause(options.time, GRACE_MS), runner.ended]);
  await runner.close();
  await dropRetired(projection, reads);
  return { projection: projection.name, collection, position: runner.progress().position, before };
}

/** Returns what served before. */
async function untilSwapped(
  projection: Projection,
  build: Build,
  runner: ProjectionRunner,
  events: EventStore,
  reads: ReadStore,
  { time, signal, onProgress }: RebuildOptions,
): Promise<string> {
  const collection = collectionOf(projection, build);
  for (;;) {
    // Ends the wait when the runner fails.
    await Promise.race([pause(time, LOOK_EVERY_MS), runner.ended]);
    if (signal.aborted) throw new RebuildStoppedError(`stopped; ${collection} was given up, and what served before is untouched`);
    onProgress({ collection, position: runner.progress().position, head: await events.head() });
    const { serving, next } = await ensureServing(reads, projection);
    if (next?.build !== build.build) throw new RebuildOvertakenError(collection);
    if (await swapWhenReady(reads, projection, build, serving, runner)) return collectionOf(projection, serving);
  }
}

async function dropRetired(projection: Projection, reads: ReadStore): Promise<void> {
  const builds = (await readBuilds(reads, [projection.name])).get(projection.name);
  if (builds !== undefined && builds.retired.length > 0) await dropBuilds(reads, projection, builds.retired);
}
