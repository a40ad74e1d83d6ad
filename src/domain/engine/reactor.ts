/** A part of the engine that turns evidence and earlier decisions into decisions. */

import type { EventData, EventName, TapeEvent } from '../catalogue.ts';

/** Records one decision. The engine gives it its id and evolves it into every reactor before this returns. */
export type Emit = <N extends EventName>(type: N, stream: string, data: EventData[N]) => void;

export interface Reactor {
  /** Part of its decisions' ids, so it never changes. */
  readonly name: string;
  /** Changes the reactor's own state, in place. Called once for every event, in the recorded order. */
  evolve(event: TapeEvent): void;
  /** Reads the state and hands on what follows from `event`; changes nothing but by what `emit` evolves. */
  decide(event: TapeEvent, emit: Emit): void;
  /** A copy of the state that later events do not change. */
  snapshot(): unknown;
  /** Puts back a copy made by `snapshot`. */
  restore(snapshot: unknown): void;
}
