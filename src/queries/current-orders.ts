/** Orders as they are at the tape's end. */

import type { HaltScope } from '../domain/order/events.ts';
import type { EventStore } from '../ports/event-store.ts';
import type { ReadDocument, ReadStore } from '../ports/read-store.ts';
import { OPEN_STATUSES, ORDER_STATUSES, type OrderDocument, type OrderStatus, orders } from '../projections/orders.ts';
import { currentDocument, currentDocuments, type Wanted } from './current-documents.ts';

/** What an order can be. */
export const ORDER_STATES: readonly OrderStatus[] = ORDER_STATUSES;
/** What an order is that may still be filled. */
export const OPEN_STATES: readonly OrderStatus[] = OPEN_STATUSES;

/** An order as the API shows it: without what its status is made of. */
export type CurrentOrder = Omit<OrderDocument, 'reached' | 'cancelPending' | 'closedAs'>;

/** The orders that fit, newest first. Throws OtherTapeError. */
export async function currentOrders(events: EventStore, reads: ReadStore, wanted: Omit<Wanted, 'sort'>): Promise<CurrentOrder[]> {
  const found = await currentDocuments(events, reads, orders, { ...wanted, sort: 'sequence' });
  return found.map(shownOrder);
}

/** The order of that id, if there is one. Throws OtherTapeError. */
export async function currentOrder(events: EventStore, reads: ReadStore, id: string): Promise<CurrentOrder | undefined> {
  const document = await currentDocument(events, reads, orders, id);
  return document === undefined ? undefined : shownOrder(document);
}

function shownOrder(document: OrderDocument): CurrentOrder {
  const { reached, cancelPending, closedAs, _position, ...shown } = document as OrderDocument & ReadDocument;
  return shown;
}

/** The open orders that a scope is about, newest first. Throws OtherTapeError. */
export function currentOpenOrders(events: EventStore, reads: ReadStore, scope: HaltScope): Promise<CurrentOrder[]> {
  return currentOrders(events, reads, { equal: { status: OPEN_STATES, ...('all' in scope ? {} : scope) } });
}
