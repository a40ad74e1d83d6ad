/** What the engine decided on a person's halt: what it cancelled and closed, and what waits or stays open, and why. */

import type { ApprovedOrder, HaltScope, OrderFill } from '../domain/order/events.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { ENGINE_STREAM } from '../domain/streams.ts';
import type { EventStore } from '../ports/event-store.ts';
import { eventsOf } from '../ports/pages.ts';
import type { ReadStore } from '../ports/read-store.ts';
import { feeds } from '../projections/feeds.ts';
import { currentDocument } from './current-documents.ts';
import { currentPositions } from './current-positions.ts';

/** A position that the halt is to close; the quantity is that of the closing order, where there is one. */
interface ToClose {
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  readonly quantity: string;
}

interface Closing extends ToClose {
  readonly order: string;
}

export interface HaltOutcome {
  /** How many open orders were cancelled. */
  readonly canceled: number;
  /** Filled at once; `price` is that of the last fill. */
  readonly closed: readonly (Closing & { readonly price: string })[];
  /** Accepted, for the next price; `isEnded`: the feed has ended, and none will come. */
  readonly waiting: readonly (Closing & { readonly isEnded: boolean })[];
  /** Denied by us or rejected by the venue. */
  readonly refused: readonly (Closing & { readonly reason: string; readonly value: string | null })[];
  /** Positions without a closing order: below the smallest order, or left for the events to come. */
  readonly left: readonly ToClose[];
}

/** Of a halt that the engine has decided on. Throws OtherTapeError. */
export async function haltOutcome(
  events: EventStore,
  reads: ReadStore,
  request: { readonly requestId: string; readonly scope: HaltScope; readonly flatten: boolean },
): Promise<HaltOutcome> {
  const decided = await decisionsOn(events, request.requestId);
  const waiting: (Closing & { isEnded: boolean })[] = [];
  for (const closing of decided.waiting) {
    const feed = await currentDocument(events, reads, feeds, instrumentKey(closing.venue, closing.symbol));
    waiting.push({ ...closing, isEnded: feed?.state.reason === 'ended' });
  }
  const known = new Set([...decided.closed, ...waiting, ...decided.refused].map(placeOf));
  const scope = 'all' in request.scope ? {} : request.scope;
  const open = request.flatten ? await currentPositions(events, reads, { ...scope, hasFlat: false }) : [];
  const left = open
    .filter((position) => !known.has(placeOf(position)))
    .map(({ account, strategy, venue, symbol, quantity }) => ({ account, strategy, venue, symbol, quantity }));
  return { ...decided, waiting, left };
}

function placeOf({ account, strategy, venue, symbol }: Omit<ToClose, 'quantity'>): string {
  return `${account}|${strategy}|${instrumentKey(venue, symbol)}`;
}

/** From the record of decisions itself: the copies in the orders' own streams may come a moment later. */
async function decisionsOn(events: EventStore, requestId: string) {
  let canceled = 0;
  const open = new Map<string, ApprovedOrder>();
  const closed: (Closing & { price: string })[] = [];
  const refused: HaltOutcome['refused'][number][] = [];
  for await (const event of eventsOf(events, { stream: ENGINE_STREAM, correlationId: requestId })) {
    if (event.type !== 'CascadeDecided') continue;
    for (const { type, data } of event.data.decisions) {
      const order = open.get(String(data.orderId));
      if (type === 'OrderCanceled') canceled++;
      else if (type === 'OrderApproved') open.set(String(data.orderId), data as ApprovedOrder);
      else if (type === 'OrderDenied') refused.push(denialOf(data as unknown as Terms & Denial));
      else if (type === 'OrderRejected' && order !== undefined) {
        refused.push({ ...closingOf(order), reason: String(data.reason), value: null });
      } else if (type === 'OrderFilled' && order !== undefined) {
        const { cumulativeQuantity, price } = data as OrderFill;
        if (cumulativeQuantity === order.quantity) closed.push({ ...closingOf(order), price });
      } else continue;
      if (type !== 'OrderApproved') open.delete(String(data.orderId));
    }
  }
  return { canceled, closed, refused, waiting: [...open.values()].map(closingOf) };
}

type Terms = Pick<ApprovedOrder, 'orderId' | 'account' | 'strategy' | 'venue' | 'symbol' | 'quantity'>;
interface Denial {
  readonly reason: string;
  readonly value: string | null;
}

function denialOf({ reason, value, ...terms }: Terms & Denial): HaltOutcome['refused'][number] {
  return { ...closingOf(terms), reason, value };
}

function closingOf({ orderId, account, strategy, venue, symbol, quantity }: Terms): Closing {
  return { order: orderId, account, strategy, venue, symbol, quantity };
}
