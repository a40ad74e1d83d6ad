/**
 * Keeps the parts of a process running. A part that fails because a backend is away, or because another instance has
 * its lease now, is begun again; a failure that waiting does not mend ends the process.
 */

import type { Time } from '../../ports/clock.ts';
import { StoreUnavailableError } from '../../ports/errors.ts';
import { backoffMs, pause } from '../../waiting.ts';
import { LeaseLostError } from '../leases/lease.ts';

/**
 * `starting`: it takes in what is there; `running`: it does its work; `standby`: another instance does, and this one is
 * ready; `waiting`: a backend is away.
 */
export type PartState = 'starting' | 'running' | 'standby' | 'waiting';

export interface PartReport {
  readonly part: string;
  readonly state: PartState;
  /** The backend that it waits for, and why; null unless it waits. */
  readonly reason: string | null;
}

/** Tells how a part is as it goes on; a part that waits by itself gives the reason. */
export type TellState = {
  (state: 'running' | 'standby'): void;
  (state: 'waiting', reason: string): void;
};

/** Does the work of a part until `signal` aborts, and then finishes what is in hand. */
export type RunPart = (tell: TellState, signal: AbortSignal) => Promise<void>;

/** A part that ran this long, or stood by, was well: the next absence is a new one. */
const WELL_AFTER_MS = 10_000;

/** The process is to end, and what was begun is not finished here: the next start goes on with it. */
export class EndingError extends Error {}

export class Supervisor {
  /** Rejects when a part failed for good. */
  readonly ended: Promise<never>;
  readonly #time: Time;
  readonly #closing = new AbortController();
  readonly #onWaiting: (part: string, error: StoreUnavailableError) => void;
  readonly #states = new Map<string, PartReport>();
  readonly #running: Promise<void>[] = [];
  readonly #fail: (error: unknown) => void;

  /** `onWaiting` is told when a part begins to wait for a backend. */
  constructor(time: Time, onWaiting: (part: string, error: StoreUnavailableError) => void) {
    this.#time = time;
    this.#onWaiting = onWaiting;
    let fail: (error: unknown) => void = () => {};
    this.ended = new Promise((_resolve, reject) => {
      fail = reject;
    });
    this.ended.catch(() => undefined);
    this.#fail = fail;
  }

  /** Aborts when every part is to end. */
  get ending(): AbortSignal {
    return this.#closing.signal;
  }

  /** How every part is. */
  reports(): PartReport[] {
    return [...this.#states.values()];
  }

  /** Starts a part. Resolves when it first runs or stands by, or is told to close; rejects when it failed for good. */
  start(part: string, run: RunPart): Promise<void> {
    return new Promise((started, failed) => {
      const tell = (state: PartState, reason: string | null = null): void => {
        this.#states.set(part, { part, state, reason });
        if (state === 'running' || state === 'standby') started();
      };
      tell('starting');
      const keeping = this.#keepRunning(part, run, tell).then(started, (error: unknown) => {
        failed(error);
        this.#fail(error);
      });
      this.#running.push(keeping);
    });
  }

  /**
   * Does what must be done once before other parts start, as a part of that name until it is done. Undefined when it is
   * told to close before.
   */
  async once<T>(part: string, work: () => Promise<T>): Promise<T | undefined> {
    let result: T | undefined;
    await this.start(part, async (tell) => {
      result = await work();
      tell('running');
    });
    return result;
  }

  /** Ends every part. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#running);
  }

  async #keepRunning(part: string, run: RunPart, tell: (state: PartState, reason?: string) => void): Promise<void> {
    const { signal } = this.#closing;
    for (let failed = 0; !signal.aborted; ) {
      let wellSince = Number.POSITIVE_INFINITY;
      try {
        return await run((state: PartState, reason?: string) => {
          if (state !== 'waiting') wellSince = Math.min(wellSince, this.#time.monotonic());
          tell(state, reason);
        }, signal);
      } catch (error) {
        if (signal.aborted && isPassing(error)) return;
        if (error instanceof LeaseLostError) {
          tell('standby');
          continue;
        }
        if (!(error instanceof StoreUnavailableError)) throw error;
        failed = this.#time.monotonic() - wellSince > WELL_AFTER_MS ? 1 : failed + 1;
        tell('waiting', `${error.backend}: ${error.message}`);
        if (failed === 1) this.#onWaiting(part, error);
        await pause(this.#time, backoffMs(this.#time, failed), signal);
      }
    }
  }
}

/** Does it tell of what comes and goes, as against what is wrong? */
export function isPassing(error: unknown): boolean {
  return error instanceof StoreUnavailableError || error instanceof LeaseLostError || error instanceof EndingError;
}
