import type { Clock } from '../core/clock.ts';
import type { ClientEnd } from '../core/venue.ts';
import type { FrameFaults } from '../faults/frame-faults.ts';

/** The way of frames from a venue to one client, with the misbehaviours of the moment. */
export class Outlet {
  readonly #client: ClientEnd;
  readonly #clock: Clock;
  readonly #faults: FrameFaults;
  /** Held back until the next frame of its stream has gone. */
  readonly #swapped = new Map<string, string>();
  /** Delayed, in order. */
  readonly #waiting: string[] = [];
  #readyAt = 0;
  #isClosed = false;

  constructor(client: ClientEnd, clock: Clock, faults: FrameFaults) {
    this.#client = client;
    this.#clock = clock;
    this.#faults = faults;
  }

  close(): void {
    this.#isClosed = true;
  }

  /** An answer to the client itself: no fault of frames touches it, but it keeps its place behind delayed ones. */
  answer(text: string): void {
    this.#send(text, 0);
  }

  push(on: 'public' | 'private', stream: string, text: string): void {
    const fate = this.#faults.fateOf(on, stream);
    if (fate.kind === 'lost') return;
    const held = this.#swapped.get(stream);
    if (fate.kind === 'swapped' && held === undefined) {
      this.#swapped.set(stream, text);
      return;
    }
    const { times, byMs } = fate.kind === 'sent' ? fate : { times: 1, byMs: 0 };
    for (let count = 0; count < times; count += 1) this.#send(text, byMs);
    if (held === undefined) return;
    this.#swapped.delete(stream);
    this.#send(held, byMs);
  }

  /** Frames of a connection never overtake each other but where a swap is asked for. */
  #send(text: string, byMs: number): void {
    const now = this.#clock.now();
    this.#readyAt = Math.max(this.#readyAt, now + byMs);
    if (this.#readyAt <= now && this.#waiting.length === 0) {
      if (!this.#isClosed) this.#client.send(text);
      return;
    }
    this.#waiting.push(text);
    // Real timers of one time may fire in any order: each sends what has waited longest.
    this.#clock.after(Math.max(0, this.#readyAt - now), () => {
      const first = this.#waiting.shift() as string;
      if (!this.#isClosed) this.#client.send(first);
    });
  }
}
