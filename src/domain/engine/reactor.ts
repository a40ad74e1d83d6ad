/** A part of the engine that turns evidence and earlier decisions into decisions: a state, and pure functions over it. */

import type { EventData, EventName, TapeEvent } from '../catalogue.ts';
import type { MakeId } from '../event.ts';
import type { SettingsInForce } from '../settings/in-force.ts';

/** Records one decision. The engine gives it its id and evolves it into every state before this returns. */
export type Emit = <N extends EventName>(type: N, stream: string, data: EventData[N]) => void;

/** The context of a reactor's decisions, besides its own state. */
export interface DecisionContext {
  readonly settings: SettingsInForce;
  readonly emit: Emit;
  readonly makeId: MakeId;
}

/**
 * A reactor holds nothing itself. The engine holds one `State` for each reactor, which is plain data, and the settings
 * in force, which no reactor changes.
 */
export interface Reactor<State = unknown> {
  /** Part of its decisions' ids, so it never changes. */
  readonly name: string;
  /** Makes the state before the first event. */
  start(): State;
  /**
   * Changes `state` in place. Called once for every event, in the recorded order. `settings` are those after the event:
   * a set takes effect at its `SettingsApplied`.
   */
  evolve(state: State, event: TapeEvent, settings: SettingsInForce): void;
  /** Reads `state` and emits what follows from `event`; changes nothing but by what is emitted. */
  decide(state: State, event: TapeEvent, context: DecisionContext): void;
}
