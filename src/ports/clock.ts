/**
 * Time and chance, for everything outside of the domain: whatever waits, measures or draws lots does it through here, so
 * that tests, and a simulation of the whole system, can give it a time of their own. The domain has neither.
 */

/** The wall clock: for what people and other machines read, never for durations. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Something that is due later. */
export interface Timer {
  /** It is not called any more. */
  cancel(): void;
}

/** How a timer runs. */
export interface TimerOptions {
  /** Whether the process stays up for it; true unless said otherwise. */
  readonly isAwaited?: boolean;
}

/** Time and chance as one process has them. */
export interface Time extends Clock {
  /** Milliseconds, with fractions, of a clock that only runs forward: for durations. */
  monotonic(): number;
  /** Calls once, after so many milliseconds. */
  after(ms: number, call: () => void, options?: TimerOptions): Timer;
  /** Calls again and again, every so many milliseconds, until it is cancelled. */
  every(ms: number, call: () => void, options?: TimerOptions): Timer;
  /** Resolves when what the event loop has at hand is done. */
  nextLoop(): Promise<void>;
  /** From 0 inclusive to 1 exclusive; not for secrets. */
  random(): number;
  /** A random UUID (RFC 9562, version 4): for names that nobody else has. */
  uuid(): string;
}
