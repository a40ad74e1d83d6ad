/** The time of an exchange, and how it waits. Milliseconds since 1970-01-01 UTC. */
export interface Clock {
  now(): number;
  /** Calls `action` once, `milliseconds` from now at the earliest; the function returned calls it off. */
  after(milliseconds: number, action: () => void): () => void;
}

/** The machine's time: for an exchange behind real sockets. */
export const WALL_CLOCK: Clock = {
  now: () => Date.now(),
  after(milliseconds, action) {
    const timer = setTimeout(action, milliseconds);
    return () => clearTimeout(timer);
  },
};

/** Calls `action` every `milliseconds` until the function returned is called. */
export function every(clock: Clock, milliseconds: number, action: () => void): () => void {
  let cancel = (): void => {};
  const wait = (): void => {
    cancel = clock.after(milliseconds, () => {
      wait();
      action();
    });
  };
  wait();
  return () => cancel();
}

/** Time that moves only when it is told to: hours of an exchange pass in seconds, the same way each time. */
export class VirtualClock implements Clock {
  #now: number;
  /** In the order in which they are due; of one time, in the order in which they were asked for. */
  readonly #timers: { readonly at: number; readonly action: () => void }[] = [];

  constructor(start: number) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, milliseconds), action };
    let [low, high] = [0, this.#timers.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#timers[middle]?.at ?? Number.POSITIVE_INFINITY) <= timer.at) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** Lets `milliseconds` pass. What is promised before each timer is settled before the next one fires. */
  async advance(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    await settled();
    for (let next = this.#timers[0]; next !== undefined && next.at <= end; next = this.#timers[0]) {
      this.#timers.shift();
      this.#now = next.at;
      next.action();
      await settled();
    }
    this.#now = end;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
