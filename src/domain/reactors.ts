/** The reactors of the engine, in their order: what precedes a decision in the market precedes it here. */

import { desk } from './desk/desk.ts';
import type { Reactor } from './engine/reactor.ts';
import { barsReactor } from './market/bars-reactor.ts';
import { strategyReactor } from './strategy/strategy-reactor.ts';
import { paperVenue } from './venue/paper/paper-venue.ts';

/**
 * What happened at a bar's open (fills) comes before what is decided at its close: the paper venue, longer bars from
 * shorter, strategies, desks.
 */
export const REACTORS: readonly Reactor[] = [paperVenue, barsReactor, strategyReactor, desk];
