import type { Clock } from '../core/clock.ts';
import type { Fault, FrameScope } from './fault.ts';

type FrameFault = Extract<Fault, FrameScope>;

interface Active {
  readonly fault: FrameFault;
  readonly until: number;
  left: number;
}

/** What is to happen to one frame. */
export type FrameFate =
  | { readonly kind: 'lost' }
  | { readonly kind: 'sent'; readonly times: number; readonly byMs: number }
  | { readonly kind: 'swapped' };

/** The faults that frames meet on their way out. */
export class FrameFaults {
  readonly #clock: Clock;
  readonly #active: Active[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(fault: FrameFault): void {
    const isTimed = fault.kind === 'silence' || fault.kind === 'delay';
    const until = isTimed ? this.#clock.now() + fault.forMs : Number.POSITIVE_INFINITY;
    this.#active.push({ fault, until, left: isTimed ? Number.POSITIVE_INFINITY : fault.frames });
  }

  clear(): void {
    this.#active.length = 0;
  }

  fateOf(on: 'public' | 'private', stream: string): FrameFate {
    let [times, byMs] = [1, 0];
    for (const active of this.#matching(on, stream)) {
      active.left -= 1;
      const { kind } = active.fault;
      if (kind === 'silence' || kind === 'gap') return { kind: 'lost' };
      if (kind === 'reorder') return { kind: 'swapped' };
      if (kind === 'duplicate') times += 1;
      if (active.fault.kind === 'delay') byMs += active.fault.byMs;
    }
    return { kind: 'sent', times, byMs };
  }

  #matching(on: 'public' | 'private', stream: string): Active[] {
    if (this.#active.length === 0) return [];
    const now = this.#clock.now();
    const live = this.#active.filter((active) => active.left > 0 && active.until > now);
    this.#active.splice(0, this.#active.length, ...live);
    return live.filter(({ fault }) => fault.on === on && (fault.stream === undefined || stream.includes(fault.stream)));
  }
}
