/** A kind of strategy: bars in, a change of side out. */

import type { z } from 'zod';
import type { Side } from '../event.ts';
import type { Bar } from '../market/events.ts';
import type { InstrumentSettings } from '../settings/settings.ts';

/** A change of side with the figures that it rests on, enough to make the decision again by hand. */
export interface SideChange {
  readonly side: Side;
  readonly reason: Readonly<Record<string, string | number | boolean | null>>;
}

/** `State` is plain data. All functions are pure but for `evolve`, which changes the state in place. */
export interface StrategyKind<Params = unknown, State = unknown> {
  /** Its name in the settings. */
  readonly kind: string;
  readonly params: z.ZodType<Params>;
  /** Bars that it must have had before it can say anything; at most HISTORY_BARS. */
  warmUp(params: Params): number;
  start(params: Params, instrument: InstrumentSettings): State;
  /** Takes one bar in and returns the change of side that it makes, if any. */
  evolve(state: State, bar: Bar): SideChange | null;
}

/** How many bars of each series are kept for strategies that are added or changed later; the longest warm-up there is. */
export const HISTORY_BARS = 1000;
