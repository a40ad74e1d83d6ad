/** Time that is advanced by the test, for several processes that share it, each with a monotonic clock of its own. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Timing } from '../../src/runtime/leases/lease.ts';

interface Waiter {
  readonly due: number;
  readonly order: number;
  readonly process: SimulatedProcess | null;
  readonly wake: () => void;
}

export class SimulatedTime {
  now = 0;
  #order = 0;
  #waiters: Waiter[] = [];

  /** Resolves at that time, or when `process` runs again after it, or when `signal` aborts. */
  wait(ms: number, process: SimulatedProcess | null, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const waiter: Waiter = { due: this.now + ms, order: this.#order++, process, wake: resolve };
      this.#waiters.push(waiter);
      signal?.addEventListener('abort', () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        resolve();
      });
    });
  }

  /** Wakes everything that is due until `time`, in order, and calls `look` after each. */
  async runUntil(time: number, look: () => void = () => {}): Promise<void> {
    for (;;) {
      await nextTurn();
      look();
      const next = this.#waiters
        .filter(({ process, due }) => Math.max(due, process?.frozenUntil ?? 0) <= time)
        .map((waiter) => ({ waiter, at: Math.max(waiter.due, waiter.process?.frozenUntil ?? 0, this.now) }))
        .sort((a, b) => a.at - b.at || a.waiter.order - b.waiter.order)[0];
      if (next === undefined) break;
      this.now = next.at;
      this.#waiters = this.#waiters.filter((other) => other !== next.waiter);
      next.waiter.wake();
    }
    this.now = time;
  }
}

/** A process: its clock began elsewhere, and while it is frozen nothing of it runs. */
export class SimulatedProcess implements Timing {
  frozenUntil = 0;
  readonly #time: SimulatedTime;
  readonly #offset: number;

  constructor(time: SimulatedTime, offset: number) {
    this.#time = time;
    this.#offset = offset;
  }

  get isFrozen(): boolean {
    return this.frozenUntil > this.#time.now;
  }

  monotonic(): number {
    return this.#time.now + this.#offset;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#time.wait(ms, this, signal);
  }
}
