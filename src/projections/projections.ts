/** The read models there are. Adding one is its file, its test and a line here. */

import type { TapeReader } from '../ports/event-store.ts';
import { accounts } from './accounts.ts';
import { bars } from './bars.ts';
import { books } from './books.ts';
import { equity } from './equity.ts';
import { eventIndex } from './event-index.ts';
import { feeds } from './feeds.ts';
import { fills } from './fills.ts';
import { instruments } from './instruments.ts';
import { orders } from './orders.ts';
import { positions } from './positions.ts';
import { prices } from './prices.ts';
import type { Projection } from './projection.ts';
import { signals } from './signals.ts';
import { strategies } from './strategies.ts';

export const PROJECTIONS: readonly Projection[] = [
  instruments,
  feeds,
  prices,
  books,
  bars,
  strategies,
  signals,
  orders,
  fills,
  accounts,
  positions,
  equity,
];

/** The projections that are kept for a tape. */
export function projectionsOn(tape: Pick<TapeReader, 'traits'>): readonly Projection[] {
  return tape.traits.hasOwnIndex ? PROJECTIONS : [...PROJECTIONS, eventIndex];
}
