/** Counts within fixed windows of the venue's clock: a minute's count begins again with each minute. */
export class RateLimit {
  readonly limit: number;
  readonly windowMs: number;
  #window = -1;
  #used = 0;

  constructor(limit: number, windowMs: number) {
    this.limit = limit;
    this.windowMs = windowMs;
  }

  used(now: number): number {
    this.#turn(now);
    return this.#used;
  }

  add(now: number, count: number): void {
    this.#turn(now);
    this.#used = Math.max(0, this.#used + count);
  }

  /** Milliseconds until the window ends. */
  remaining(now: number): number {
    return this.windowMs - (now % this.windowMs);
  }

  #turn(now: number): void {
    const window = Math.floor(now / this.windowMs);
    if (window === this.#window) return;
    this.#window = window;
    this.#used = 0;
  }
}
