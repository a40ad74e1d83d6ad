/**
 * How far the read models are that other threads or processes make, for whoever only reads them: which build of each
 * serves and its checkpoint, looked up in the read store.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, EventStore, ReadStore } from '../ports.ts';
import type { Projection } from '../projections/projection.ts';
import { comparePositions, START } from '../tape/envelope.ts';
import { PositionWaiters } from './position-waiters.ts';
import { type Lag, lagBehind } from './projection-lag.ts';
import { collectionOf, ensureServing, readBuilds } from './serving.ts';

/** How often it is looked. */
const LOOK_EVERY_MS = 20;
/** Looks in a row that may fail, as the disk may be away for a while. */
const MAX_FAILED_LOOKS = 250;

export interface ServedProgress extends Lag {
  readonly projection: string;
  /** Where its documents lie, such as `orders@1.2`. */
  readonly collection: string;
  /** The last event delivered and committed, handled or not. */
  readonly position: string;
}

export interface FollowedProjections {
  /** By name. */
  readonly projections: ReadonlyMap<string, FollowedProjection>;
  /** Resolves when closed; rejects when the stores failed for good. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Follows what others make of the projections, from now on. The caller must watch `ended`. */
export async function followProjections(
  projections: readonly Projection[],
  events: EventStore,
  reads: ReadStore,
  clock: Clock,
): Promise<FollowedProjections> {
  const followed = new Map<string, FollowedProjection>();
  for (const projection of projections) {
    const { serving } = await ensureServing(reads, projection);
    followed.set(projection.name, new FollowedProjection(projection.name, collectionOf(projection, serving)));
  }
  const look = (): Promise<void> => lookAtAll(followed, events, reads, clock);
  await look();
  const closing = new AbortController();
  const ended = keepLooking(look, closing.signal);
  const close = async (): Promise<void> => {
    closing.abort();
    await ended.catch(() => {});
    for (const projection of followed.values()) projection.giveUp();
  };
  return { projections: followed, ended, close };
}

export class FollowedProjection {
  private readonly waiters = new PositionWaiters();
  private state: ServedProgress;

  constructor(projection: string, collection: string) {
    this.state = { projection, collection, position: START, caughtUp: false, lagMs: null };
  }

  progress(): ServedProgress {
    return this.state;
  }

  /** How many callers wait for a position now. */
  get waiting(): number {
    return this.waiters.count;
  }

  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean> {
    if (comparePositions(this.state.position, position) >= 0) return Promise.resolve(true);
    return this.waiters.wait(position, timeoutMs);
  }

  /** Takes in what a look has found. */
  saw(collection: string, position: string, lag: Lag): void {
    this.state = { projection: this.state.projection, collection, position, ...lag };
    this.waiters.advance(position);
  }

  /** Nothing more will be seen. */
  giveUp(): void {
    this.waiters.giveUp();
  }
}

async function lookAtAll(
  followed: ReadonlyMap<string, FollowedProjection>,
  events: EventStore,
  reads: ReadStore,
  clock: Clock,
): Promise<void> {
  const builds = await readBuilds(reads, [...followed.keys()]);
  const head = await events.head();
  for (const [name, projection] of followed) {
    const serving = builds.get(name)?.serving;
    if (serving === undefined) continue;
    const collection = collectionOf({ name }, serving);
    const position = await reads.checkpoint(collection);
    projection.saw(collection, position, await lagBehind(events, clock, position, head));
  }
}

async function keepLooking(look: () => Promise<void>, closing: AbortSignal): Promise<void> {
  for (let failed = 0; !closing.aborted; ) {
    await sleep(LOOK_EVERY_MS, undefined, { signal: closing }).catch(() => {});
    if (closing.aborted) return;
    try {
      await look();
      failed = 0;
    } catch (error) {
      if (++failed === MAX_FAILED_LOOKS) throw error;
    }
  }
}
