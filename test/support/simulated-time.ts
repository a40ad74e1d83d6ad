/** Time that is advanced by the test, for several processes that share it, each with a monotonic clock of its own. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Time, Timer } from '../../src/ports/clock.ts';
import { seeded } from './seeded.ts';

interface Waiter {
  readonly due: number;
  readonly order: number;
  readonly process: SimulatedProcess | null;
  readonly wake: () => void;
}

/** Begins at 0, in both clocks. Chance is of the seed, and ids count. */
export class SimulatedTime implements Time {
  readonly #random: () => number;
  #ms = 0;
  #order = 0;
  #uuids = 0;
  #waiters: Waiter[] = [];

  constructor(seed = 1) {
    this.#random = seeded(seed);
  }

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms;
  }

  after(ms: number, call: () => void): Timer {
    return this.afterOf(null, ms, call);
  }

  every(ms: number, call: () => void): Timer {
    return repeated(this, ms, call);
  }

  nextLoop(): Promise<void> {
    return nextTurn();
  }

  random(): number {
    return this.#random();
  }

  uuid(): string {
    return `00000000-0000-4000-8000-${String(++this.#uuids).padStart(12, '0')}`;
  }

  /** Calls at that time, or when `process` runs again after it. */
  afterOf(process: SimulatedProcess | null, ms: number, call: () => void): Timer {
    const waiter: Waiter = { due: this.#ms + ms, order: this.#order++, process, wake: call };
    this.#waiters.push(waiter);
    return {
      cancel: () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
      },
    };
  }

  /** Wakes everything that is due until `time`, in order, and calls `look` after each. */
  async runUntil(time: number, look: () => void = () => {}): Promise<void> {
    for (;;) {
      await nextTurn();
      look();
      const next = this.#waiters
        .filter(({ process, due }) => Math.max(due, process?.frozenUntil ?? 0) <= time)
        .map((waiter) => ({ waiter, at: Math.max(waiter.due, waiter.process?.frozenUntil ?? 0, this.#ms) }))
        .sort((a, b) => a.at - b.at || a.waiter.order - b.waiter.order)[0];
      if (next === undefined) break;
      this.#ms = next.at;
      this.#waiters = this.#waiters.filter((other) => other !== next.waiter);
      next.waiter.wake();
    }
    this.#ms = time;
  }
}

/** A process: its clock began elsewhere, and while it is frozen nothing of it runs. */
export class SimulatedProcess implements Time {
  frozenUntil = 0;
  readonly #time: SimulatedTime;
  readonly #offset: number;

  constructor(time: SimulatedTime, offset: number) {
    this.#time = time;
    this.#offset = offset;
  }

  get isFrozen(): boolean {
    return this.frozenUntil > this.#time.now();
  }

  now(): number {
    return this.#time.now();
  }

  monotonic(): number {
    return this.#time.now() + this.#offset;
  }

  after(ms: number, call: () => void): Timer {
    return this.#time.afterOf(this, ms, call);
  }

  every(ms: number, call: () => void): Timer {
    return repeated(this, ms, call);
  }

  nextLoop(): Promise<void> {
    return this.#time.nextLoop();
  }

  random(): number {
    return this.#time.random();
  }

  uuid(): string {
    return this.#time.uuid();
  }
}

function repeated(time: Time, ms: number, call: () => void): Timer {
  let timer: Timer;
  const again = (): void => {
    timer = time.after(ms, again);
    call();
  };
  timer = time.after(ms, again);
  return { cancel: () => timer.cancel() };
}
