/** Orders as they are at the tape's end, as the API shows them. */

import type { HaltScope } from '../domain/order/events.ts';
import { OPEN_STATUSES } from '../domain/order/status.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { type ListedOrder, orders, type ShownOrder } from '../projections/orders.ts';
import { listed, shown } from '../projections/shown.ts';
import { currentDocument, currentDocuments, type Wanted } from './current-documents.ts';

/** The orders that fit, newest first, without their histories. Throws OtherTapeError. */
export async function currentOrders(events: EventStore, reads: ReadStore, wanted: Omit<Wanted, 'sort'>): Promise<ListedOrder[]> {
  const found = await currentDocuments(events, reads, orders, { ...wanted, sort: 'sequence' });
  return found.map((document) => listed(orders, shown(orders, document)) as unknown as ListedOrder);
}

/** The order of that id, with its history, if there is one. Throws OtherTapeError. */
export async function currentOrder(events: EventStore, reads: ReadStore, id: string): Promise<ShownOrder | undefined> {
  const document = await currentDocument(events, reads, orders, id);
  return document === undefined ? undefined : (shown(orders, document) as unknown as ShownOrder);
}

/** The open orders that a scope is about, newest first. Throws OtherTapeError. */
export function currentOpenOrders(events: EventStore, reads: ReadStore, scope: HaltScope): Promise<ListedOrder[]> {
  return currentOrders(events, reads, { equal: { status: OPEN_STATUSES, ...('all' in scope ? {} : scope) } });
}

/** The ids of the orders whose ids begin so, in their order; so many at most. Throws OtherTapeError. */
export async function currentOrderIds(events: EventStore, reads: ReadStore, beginning: string, limit: number): Promise<string[]> {
  // Ids are hex digits and dashes, all of which come before "g".
  const wanted = { sort: 'id', from: beginning, to: `${beginning}g`, limit };
  const found = await currentDocuments(events, reads, orders, wanted);
  return found.map(({ id }) => id).sort();
}
