/** Callers that wait until a read model has reached a position. */

import type { Time } from '../../ports/clock.ts';
import { comparePositions } from '../../tape/envelope.ts';

/** Most callers that may wait at once; further ones are told at once that their position is not reached. */
export const MAX_WAITERS = 10_000;

interface Waiter {
  readonly position: string;
  readonly done: (isReached: boolean) => void;
}

export class PositionWaiters {
  readonly #time: Time;
  readonly #waiters = new Set<Waiter>();

  constructor(time: Time) {
    this.#time = time;
  }

  /** How many wait now. */
  get count(): number {
    return this.#waiters.size;
  }

  /** Resolves true once `advance` reaches `position`, false when that takes longer than `timeoutMs`. */
  wait(position: string, timeoutMs: number): Promise<boolean> {
    if (this.#waiters.size >= MAX_WAITERS) return Promise.resolve(false);
    return new Promise((resolve) => {
      const waiter: Waiter = {
        position,
        done: (isReached) => {
          timer.cancel();
          this.#waiters.delete(waiter);
          resolve(isReached);
        },
      };
      const timer = this.#time.after(timeoutMs, () => waiter.done(false));
      this.#waiters.add(waiter);
    });
  }

  /** Tells those whose position is reached. */
  advance(position: string): void {
    for (const waiter of [...this.#waiters]) {
      if (comparePositions(position, waiter.position) >= 0) waiter.done(true);
    }
  }

  /** Tells all others that their position is not reached. */
  giveUp(): void {
    for (const waiter of [...this.#waiters]) waiter.done(false);
  }
}
