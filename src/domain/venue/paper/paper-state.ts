/** Everything that the paper venue knows, as plain data. All paper accounts share one book for each instrument. */

import type { Emit } from '../../engine/reactor.ts';
import { instrumentKey } from '../../settings/in-force.ts';
import { emptyBook, type PaperBook } from './book-fills.ts';
import type { Funds, Ledger } from './paper-funds.ts';
import type { PaperOrder, ReportedOrder } from './paper-order.ts';
import type { HeldPositions } from './paper-positions.ts';

/** Closed orders that are remembered, so that a cancel that crosses a fill gets its proper answer. */
const MAX_CLOSED = 256;

/** One instrument at the venue. */
export interface PaperMarket {
  readonly book: PaperBook;
  /** In the order of their arrival, by order id. */
  readonly orders: Map<string, PaperOrder>;
}

export interface PaperState {
  readonly ledger: Ledger;
  readonly positions: HeldPositions;
  /** By instrument key. */
  readonly markets: Map<string, PaperMarket>;
  /** By order id, oldest first. */
  readonly closed: Map<string, ReportedOrder>;
}

/** What the venue answers with: the state, which it only reads, and what it emits. */
export interface Answering {
  readonly state: PaperState;
  readonly emit: Emit;
}

export function newPaperState(): PaperState {
  return { ledger: new Map(), positions: new Map(), markets: new Map(), closed: new Map() };
}

/** The market of an instrument that an order or a sample came for before, or undefined. */
export function findMarket(state: PaperState, venue: string, symbol: string): PaperMarket | undefined {
  return state.markets.get(instrumentKey(venue, symbol));
}

/** The same, made where there is none yet. */
export function marketOf(state: PaperState, venue: string, symbol: string): PaperMarket {
  const known = findMarket(state, venue, symbol);
  if (known !== undefined) return known;
  const market: PaperMarket = { book: emptyBook(), orders: new Map() };
  state.markets.set(instrumentKey(venue, symbol), market);
  return market;
}

/** Every order at the venue. */
export function* ordersAt(state: PaperState): Iterable<PaperOrder> {
  for (const { orders } of state.markets.values()) yield* orders.values();
}

export function fundsOf(state: PaperState): Funds {
  return { ledger: state.ledger, positions: state.positions, orders: () => ordersAt(state) };
}

/** Takes an order off its market and remembers it, and forgets the oldest one beyond MAX_CLOSED. */
export function closeOrder({ closed }: PaperState, market: PaperMarket, order: PaperOrder): void {
  market.orders.delete(order.orderId);
  const { orderId, clientOrderId, account, venue, symbol, side, filled } = order;
  closed.set(orderId, { orderId, clientOrderId, account, venue, symbol, side, filled });
  if (closed.size <= MAX_CLOSED) return;
  for (const oldest of closed.keys()) {
    closed.delete(oldest);
    return;
  }
}
