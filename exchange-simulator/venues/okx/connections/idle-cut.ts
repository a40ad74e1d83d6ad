import type { Clock } from '../../../core/clock.ts';

const MOST_IDLE_MS = 30_000;

/** Ends a connection to which nothing was sent for 30 seconds. */
export class IdleCut {
  readonly #clock: Clock;
  readonly #end: () => void;
  #lastSent: number;
  #cancel: () => void;

  constructor(clock: Clock, end: () => void) {
    this.#clock = clock;
    this.#end = end;
    this.#lastSent = clock.now();
    this.#cancel = this.#wait();
  }

  sent(): void {
    this.#lastSent = this.#clock.now();
  }

  stop(): void {
    this.#cancel();
  }

  #wait(): () => void {
    return this.#clock.after(this.#lastSent + MOST_IDLE_MS - this.#clock.now(), () => {
      if (this.#clock.now() - this.#lastSent >= MOST_IDLE_MS) this.#end();
      else this.#cancel = this.#wait();
    });
  }
}
