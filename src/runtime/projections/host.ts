/**
 * Keeps a read model going: a runner on the build that serves. A build of an older version serves on while this
 * version's is made, and gives way when that has caught up. Where another process put a build in its place, the runner
 * moves to that one. A build of a newer version is left to the processes that know it. Among several instances the
 * holder of the lease runs it, and the others follow it.
 */

import { StoreUnavailableError } from '../../ports/errors.ts';
import type { EventStore } from '../../ports/event-store.ts';
import type { ReadStore } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions } from '../../tape/envelope.ts';
import { aborted, pause } from '../../waiting.ts';
import { GuardedReadStore } from '../leases/guarded-stores.ts';
import { type Lease, LeaseLostError, type Tenure } from '../leases/lease.ts';
import { type Lag, lagBehind } from '../process/lag.ts';
import type { RunPart } from '../process/supervisor.ts';
import {
  type Build,
  type Builds,
  collectionOf,
  dropBuilds,
  ensureServing,
  GRACE_MS,
  isSameBuild,
  joinBuild,
  prepareBuild,
  swapWhenReady,
} from './builds.ts';
import { type ProjectionRunner, type RunnerOptions, type RunnerProgress, startRunner } from './runner.ts';

/** How often it is looked whether another build serves; among several instances, over a network. */
const LOOK_EVERY_MS = 100;
const LOOK_ACROSS_EVERY_MS = 500;
/** How often a waiter looks while what serves is not made here. */
const WAIT_LOOK_MS = 20;
/** Looks in a row that may fail, as the disk may be away for a while. */
const MAX_FAILED_LOOKS = 50;

export interface ProjectionProgress extends RunnerProgress {
  readonly projection: string;
  /** Where the documents that are served lie, such as `orders@1.2`. */
  readonly collection: string;
  /** A build that is made to take its place, and how far that is; null when there is none. */
  readonly building: { readonly collection: string; readonly position: string } | null;
}

export interface HostOptions extends Pick<RunnerOptions, 'time' | 'onBatch'> {
  /** Among several instances; absent, this is the only one, or as good as. */
  readonly lease?: Lease | undefined;
}

interface Running {
  readonly build: Build;
  readonly runner: ProjectionRunner;
  /** The lease's tenure that it runs under. */
  readonly tenure: Tenure | undefined;
}

/** Starts a projection where its build left off. The caller must watch `ended`. */
export async function startProjection(
  projection: Projection,
  events: EventStore,
  reads: ReadStore,
  options: HostOptions,
): Promise<HostedProjection> {
  const hosted = new HostedProjection(projection, events, reads, options, await ensureServing(reads, projection));
  try {
    await hosted.begin();
    return hosted;
  } catch (error) {
    await hosted.close();
    throw error;
  }
}

/** Runs a projection as a part; `onStarted` is handed it each time it is begun. */
export function projectionPart(
  projection: Projection,
  events: EventStore,
  reads: ReadStore,
  options: HostOptions,
  onStarted: (hosted: HostedProjection) => void,
): RunPart {
  return async (tell, signal) => {
    const hosted = await startProjection(projection, events, reads, options);
    hosted.ended.catch(() => undefined);
    onStarted(hosted);
    tell('running');
    try {
      await Promise.race([hosted.ended, aborted(signal)]);
    } finally {
      await hosted.close();
    }
  };
}

export class HostedProjection {
  /** Resolves when closed; rejects when the tape or the read store failed: for good, or because one of them is away. */
  readonly ended: Promise<void>;
  readonly #projection: Projection;
  readonly #events: EventStore;
  readonly #reads: ReadStore;
  readonly #options: HostOptions;
  readonly #closing = new AbortController();
  /** When a build that is to be dropped was first seen, by its collection. */
  readonly #retiredAt = new Map<string, number>();
  readonly #fail: (error: unknown) => void;
  #builds: Builds;
  #running: Running | undefined;
  #tenure: Tenure | undefined;
  /** It has begun, or joined, a build that is to serve. */
  #hasJoined = false;
  /** How far the build that serves is, when it is not made here. */
  #elsewhere: Lag & { readonly position: string } = { position: '0', caughtUp: false, lagMs: null };
  #looking: Promise<void> = Promise.resolve();

  /** Use `startProjection`. */
  constructor(projection: Projection, events: EventStore, reads: ReadStore, options: HostOptions, builds: Builds) {
    this.#projection = projection;
    this.#events = events;
    this.#reads = reads;
    this.#options = options;
    this.#builds = builds;
    let [fail, end]: [(error: unknown) => void, () => void] = [() => {}, () => {}];
    this.ended = new Promise((resolve, reject) => {
      [fail, end] = [reject, resolve];
    });
    this.#fail = fail;
    this.#closing.signal.addEventListener('abort', () => void this.#looking.then(end, fail), { once: true });
  }

  /** Once, before anything else. */
  async begin(): Promise<void> {
    if (this.#options.lease !== undefined) void this.#keepHolding(this.#options.lease);
    await this.#follow();
    this.#looking = this.#keepLooking();
  }

  progress(): ProjectionProgress {
    const running = this.#running;
    const isServing = this.#runsWhatServes();
    const idle = { ...this.#elsewhere, parkedKeys: 0, parkedEvents: 0, retries: 0 };
    const run = running?.runner.progress();
    return {
      ...(isServing && run !== undefined ? run : idle),
      projection: this.#projection.name,
      collection: collectionOf(this.#projection, this.#builds.serving),
      building:
        isServing || running === undefined
          ? null
          : { collection: collectionOf(this.#projection, running.build), position: running.runner.progress().position },
    };
  }

  /** Resolves true once everything up to `position` is in what serves, false when that takes longer than `timeoutMs`. */
  async waitFor(position: string, timeoutMs: number): Promise<boolean> {
    const deadline = this.#options.time.monotonic() + timeoutMs;
    for (;;) {
      const leftMs = Math.max(0, deadline - this.#options.time.monotonic());
      // A runner tells its waiters that it ends; another may be in its place then.
      const running = this.#running;
      if (running !== undefined && this.#runsWhatServes() && (await running.runner.waitFor(position, leftMs))) return true;
      if (comparePositions(this.progress().position, position) >= 0) return true;
      if (leftMs === 0 || this.#closing.signal.aborted) return false;
      await pause(this.#options.time, WAIT_LOOK_MS);
    }
  }

  /** Finishes the batch in hand, keeps its checkpoint and stops. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#looking.catch(() => {});
    await this.#running?.runner.close();
  }

  #runsWhatServes(): boolean {
    return isSameBuild(this.#running?.build ?? null, this.#builds.serving);
  }

  async #keepHolding(lease: Lease): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#tenure = await lease.acquire(signal);
      if (this.#tenure !== undefined) await aborted(AbortSignal.any([this.#tenure.ended, signal]));
    }
  }

  #mayWrite(): boolean {
    return this.#options.lease === undefined || (this.#tenure?.isHeld() ?? false);
  }

  async #keepLooking(): Promise<void> {
    const everyMs = this.#options.lease === undefined ? LOOK_EVERY_MS : LOOK_ACROSS_EVERY_MS;
    for (let failed = 0; !this.#closing.signal.aborted; ) {
      await pause(this.#options.time, everyMs, this.#closing.signal);
      if (this.#closing.signal.aborted) return;
      try {
        await this.#follow();
        failed = 0;
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) && ++failed < MAX_FAILED_LOOKS) continue;
        this.#fail(error);
        return;
      }
    }
  }

  /** Runs what is to be run, and puts it in its place when it is ready. */
  async #follow(): Promise<void> {
    this.#builds = await ensureServing(this.#reads, this.#projection);
    const mayWrite = this.#mayWrite();
    const target = mayWrite ? await this.#target() : null;
    const isRun = isSameBuild(target, this.#running?.build ?? null) && this.#running?.tenure === this.#tenure;
    if (!isRun) await this.#run(target, this.#tenure);
    if (this.#runsWhatServes()) {
      await this.#running?.runner.readmitParked();
    } else {
      await this.#lookElsewhere();
      const running = this.#running;
      const isSwapped =
        running && (await swapWhenReady(this.#reads, this.#projection, running.build, this.#builds.serving, running.runner));
      if (isSwapped) this.#builds = await ensureServing(this.#reads, this.#projection);
    }
    if (mayWrite) await this.#dropRetired();
  }

  /** The build of this version that serves or is to serve; null where a newer version's does. */
  async #target(): Promise<Build | null> {
    const { serving, next } = this.#builds;
    const { version } = this.#projection;
    if (serving.version === version) return serving;
    if (serving.version > version) return null;
    if (isSameBuild(next, this.#running?.build ?? null)) return next;
    // Once only: a process of the newer version that still runs puts its own back, and else the two would never end.
    if (this.#hasJoined && next !== null && next.version > version) return null;
    this.#hasJoined = true;
    return joinBuild(this.#reads, this.#projection);
  }

  async #run(build: Build | null, tenure: Tenure | undefined): Promise<void> {
    const before = this.#running;
    this.#running = undefined;
    await before?.runner.close();
    if (build === null) return;
    await prepareBuild(this.#reads, this.#projection, build);
    const target = { projection: this.#projection, collection: collectionOf(this.#projection, build) };
    const reads = tenure === undefined ? this.#reads : new GuardedReadStore(this.#reads, () => tenure.assertHeld());
    const runner = await startRunner(target, this.#events, reads, this.#options);
    this.#running = { build, runner, tenure };
    runner.ended.catch((error: unknown) => {
      // One whose build was dropped after it was replaced cannot write any more.
      if (this.#running?.runner !== runner) return;
      // The next look begins again, where this instance has the lease again already, or else follows.
      if (!(error instanceof LeaseLostError)) this.#fail(error);
    });
  }

  async #lookElsewhere(): Promise<void> {
    const position = await this.#reads.checkpoint(collectionOf(this.#projection, this.#builds.serving));
    this.#elsewhere = { position, ...(await lagBehind(this.#events, this.#options.time, position, await this.#events.head())) };
  }

  async #dropRetired(): Promise<void> {
    const now = this.#options.time.monotonic();
    const due = this.#builds.retired.filter((build) => {
      const collection = collectionOf(this.#projection, build);
      const since = this.#retiredAt.get(collection) ?? now;
      this.#retiredAt.set(collection, since);
      return now - since >= GRACE_MS;
    });
    if (due.length === 0) return;
    await dropBuilds(this.#reads, this.#projection, due);
    for (const build of due) this.#retiredAt.delete(collectionOf(this.#projection, build));
  }
}
