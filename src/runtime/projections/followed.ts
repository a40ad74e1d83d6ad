/**
 * How far the read models of other threads or processes are, for their readers: the build that serves and its
 * checkpoint, looked up in the read store. Nothing is written, and a store that is away is waited for.
 */

import type { Clock, Time } from '../../ports/clock.ts';
import { StoreUnavailableError } from '../../ports/errors.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, START } from '../../tape/envelope.ts';
import { backoffMs, pause } from '../../waiting.ts';
import { type Lag, lagBehind } from '../process/lag.ts';
import { collectionOf, GRACE_MS, readBuilds } from './builds.ts';
import { PositionWaiters } from './position-waiters.ts';

/** How often it is looked; at stores across a network, less often. */
const LOOK_EVERY_MS = 20;
const LOOK_ACROSS_EVERY_MS = 200;
/** How long the start waits for the first look. */
const FIRST_LOOK_MS = 1_000;
/** Looks in a row that may fail, as the disk may be away for a while. */
const MAX_FAILED_LOOKS = 250;

/** How long the build that served before may be read on. */
const READ_ON_MS = GRACE_MS / 2;

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
  /** Why nothing is known of them at this time; none when they could be looked up. */
  warnings(): readonly Warning[];
  /** Those that do not have yet what was on the tape at the first look. */
  unread(): readonly Warning[];
  /** Where they lie is known. */
  isKnown(): boolean;
  /** Resolves when closed; rejects when the stores failed for good. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface Warning {
  /** The part that it concerns. */
  readonly path: string;
  readonly message: string;
}

export interface FollowOptions {
  readonly time: Time;
  /** The stores are across a network, for several instances. */
  readonly isAcross: boolean;
}

/**
 * Follows what others make of the projections, from now on: what is not known within a second is known later. The
 * caller must watch `ended`.
 */
export async function followProjections(
  projections: readonly Projection[],
  events: EventStore,
  reads: ReadStore,
  { time, isAcross }: FollowOptions,
): Promise<FollowedProjections> {
  const followed = new Map<string, FollowedProjection>();
  for (const projection of projections) followed.set(projection.name, new FollowedProjection(projection, time));
  const closing = new AbortController();
  let warnings: readonly Warning[] = [{ path: 'read models', message: 'have not been looked up yet' }];
  let isKnown = false;
  let looked: () => void = () => {};
  const first = new Promise<void>((resolve) => {
    looked = resolve;
  });
  const look = async (): Promise<void> => {
    const isThere = await lookAtAll(followed, events, reads, time);
    looked();
    if (!isThere) return;
    warnings = [];
    isKnown = true;
  };
  const onAway = ({ backend, message }: StoreUnavailableError): void => {
    warnings = [{ path: backend, message }];
  };
  const ended = keepLooking(time, look, isAcross ? LOOK_ACROSS_EVERY_MS : LOOK_EVERY_MS, onAway, closing.signal);
  const close = async (): Promise<void> => {
    closing.abort();
    await ended.catch(() => {});
    for (const projection of followed.values()) projection.giveUp();
  };
  const waited = new AbortController();
  await Promise.race([first, ended, pause(time, FIRST_LOOK_MS, waited.signal)]);
  waited.abort();
  const unread = () => [...followed.values()].flatMap((projection) => projection.unread());
  return { projections: followed, warnings: () => warnings, unread, isKnown: () => isKnown, ended, close };
}

export class FollowedProjection {
  readonly #time: Time;
  readonly #waiters: PositionWaiters;
  #state: ServedProgress;
  /** When the build that serves was first seen to be behind what was read from the one before. */
  #behindSince: number | undefined;
  /** The tape's end at the first look; not known before it. */
  #firstHead: string | undefined;
  #isWhole = false;

  /** Until it is looked up, it is taken to be in its first build. */
  constructor({ name, version }: Projection, time: Time) {
    this.#time = time;
    this.#waiters = new PositionWaiters(time);
    const collection = collectionOf({ name }, { version, build: 1 });
    this.#state = { projection: name, collection, position: START, caughtUp: false, lagMs: null };
  }

  progress(): ServedProgress {
    return this.#state;
  }

  /** Does it have everything that was on the tape at the first look? Once it has, it stays so. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** What it still has to read of that. */
  unread(): Warning[] {
    if (this.#isWhole || this.#firstHead === undefined) return [];
    const { projection, position } = this.#state;
    return [{ path: projection, message: `is at position ${position} of ${this.#firstHead}, where the tape ended at the start` }];
  }

  /** How many callers wait for a position now. */
  get waiting(): number {
    return this.#waiters.count;
  }

  /** Resolves true once everything up to `position` is in the read store, false when that takes longer than `timeoutMs`. */
  waitFor(position: string, timeoutMs: number): Promise<boolean> {
    if (comparePositions(this.#state.position, position) >= 0) return Promise.resolve(true);
    return this.#waiters.wait(position, timeoutMs);
  }

  /** Notes where the tape ended at the first look; later ones change nothing. */
  noteStart(head: string): void {
    this.#firstHead ??= head;
  }

  /**
   * Notes the findings of a look. Readers never see a read model run back: while a new build is behind the one that
   * served before, they read on from that one, as long as it is kept for certain.
   */
  noteProgress(collection: string, position: string, lag: Lag): void {
    const isBehind = collection !== this.#state.collection && comparePositions(position, this.#state.position) < 0;
    this.#behindSince = isBehind ? (this.#behindSince ?? this.#time.monotonic()) : undefined;
    if (this.#behindSince !== undefined && this.#time.monotonic() - this.#behindSince < READ_ON_MS) return;
    this.#state = { projection: this.#state.projection, collection, position, ...lag };
    this.#isWhole ||= lag.caughtUp || (this.#firstHead !== undefined && comparePositions(position, this.#firstHead) >= 0);
    this.#waiters.advance(position);
  }

  /** Nothing more will be seen. */
  giveUp(): void {
    this.#waiters.giveUp();
  }
}

/** False where there is none yet of some. */
async function lookAtAll(
  followed: ReadonlyMap<string, FollowedProjection>,
  events: EventStore,
  reads: ReadStore,
  clock: Clock,
): Promise<boolean> {
  const builds = await readBuilds(reads, [...followed.keys()]);
  const head = await events.head();
  // Most are at the same position, and each lag costs a look at the tape.
  const lags = new Map<string, Lag>();
  for (const [name, projection] of followed) {
    projection.noteStart(head);
    const serving = builds.get(name)?.serving;
    const collection = serving === undefined ? projection.progress().collection : collectionOf({ name }, serving);
    const position = serving === undefined ? START : await reads.checkpoint(collection);
    const lag = lags.get(position) ?? (await lagBehind(events, clock, position, head));
    lags.set(position, lag);
    projection.noteProgress(collection, position, lag);
  }
  return [...followed.keys()].every((name) => builds.has(name));
}

async function keepLooking(
  time: Time,
  look: () => Promise<void>,
  everyMs: number,
  onAway: (error: StoreUnavailableError) => void,
  closing: AbortSignal,
): Promise<void> {
  for (let [failed, away] = [0, 0]; !closing.aborted; ) {
    try {
      await look();
      [failed, away] = [0, 0];
    } catch (error) {
      if (error instanceof StoreUnavailableError) {
        away++;
        onAway(error);
      } else if (++failed === MAX_FAILED_LOOKS) throw error;
    }
    if (closing.aborted) return;
    await pause(time, away === 0 ? everyMs : Math.max(everyMs, backoffMs(time, away)), closing);
  }
}
