/** How many events a halt takes that closes at the last price: no market gives any more that the rest could be closed on. */

import type { EventData } from '../domain/catalogue.ts';
import { eventsToClose } from '../domain/desk/halt-orders.ts';
import { StoreUnavailableError } from '../ports/errors.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { currentOpenOrders } from './current-orders.ts';
import { currentPositions } from './current-positions.ts';

/** So many that their append stays below what every store takes at once; they close some thousand positions. */
const MOST_STEPS = 500;

type Halt = Pick<EventData['TradingHaltRequested'], 'scope' | 'atLastPrice'>;

/**
 * The events beside the request, so that one request closes all that is held now. Where the read store is away, as many
 * as there may be: a halt does not wait for it. Throws OtherTapeError.
 */
export async function stepsOfHalt(events: EventStore, reads: ReadStore, halt: Halt): Promise<number> {
  if (!halt.atLastPrice) return 0;
  try {
    return await stepsToClose(events, reads, halt);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return MOST_STEPS;
    throw error;
  }
}

async function stepsToClose(events: EventStore, reads: ReadStore, { scope }: Halt): Promise<number> {
  const positions = await currentPositions(events, reads, { ...('all' in scope ? {} : scope), hasFlat: false });
  const orders = await currentOpenOrders(events, reads, scope);
  const accounts = new Set([...positions, ...orders].map(({ account }) => account));
  return Math.min(MOST_STEPS, eventsToClose({ positions: positions.length, orders: orders.length, accounts: accounts.size }) - 1);
}
