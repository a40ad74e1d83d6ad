/** The reactors of the engine, in their order: what precedes a decision in the market precedes it here. */

import { Desk } from './desk/desk.ts';
import type { Reactor } from './engine/reactor.ts';
import type { MakeId } from './event.ts';
import { BarsReactor } from './market/bars-reactor.ts';
import { StrategyReactor } from './strategy/strategy-reactor.ts';
import { PaperVenue } from './venue/paper/paper-venue.ts';

/**
 * Reactors without any state. What happened at a bar's open (fills) comes before what is decided at its close: the
 * paper venue, longer bars from shorter, strategies, desks.
 */
export function makeReactors(makeId: MakeId): readonly Reactor[] {
  return [new PaperVenue(), new BarsReactor(), new StrategyReactor(), new Desk(makeId)];
}
