/** Fills from samples of the book: levels are swept best first, and what was taken from one is gone. */

import { add, compare, type Decimal, formatDecimal, parseDecimal, roundToStep, subtract, ZERO } from '../../decimal.ts';
import type { Side } from '../../event.ts';
import type { DepthSample } from '../../market/events.ts';
import { orderTypeOf } from '../../order/types.ts';
import { epochMs } from '../../time.ts';
import type { PaperOrder } from './paper-order.ts';

/** Most levels whose taken size is remembered for one instrument; the one taken from longest ago is forgotten first. */
const MAX_TAKEN_LEVELS = 500;

interface TakenLevel {
  readonly side: BookSide;
  readonly price: Decimal;
  /** The level's quantity in the sample that it was last taken from. */
  readonly quantity: Decimal;
  readonly taken: Decimal;
}

type BookSide = 'bids' | 'asks';

/** The last sample, and what the orders of all paper accounts have taken from its levels; plain data. */
export interface PaperBook {
  sample: DepthSample | null;
  /** By side and price. */
  readonly taken: Map<string, TakenLevel>;
}

export interface Level {
  readonly price: Decimal;
  /** What is left to take, in whole lots. */
  readonly available: Decimal;
}

export function emptyBook(): PaperBook {
  return { sample: null, taken: new Map() };
}

function sideTakenBy(side: Side): BookSide {
  return side === 'buy' ? 'asks' : 'bids';
}

function levelKey(side: BookSide, price: Decimal): string {
  return `${side}|${formatDecimal(price)}`;
}

/** Takes a sample in. What was taken from a level counts until the level's quantity is another one. */
export function applySample(book: PaperBook, sample: DepthSample, depthLevels: number): void {
  book.sample = sample;
  for (const [key, level] of book.taken) {
    const now = quantityAt(sample[level.side], level, depthLevels);
    if (now !== null && compare(now, level.quantity) !== 0) book.taken.delete(key);
  }
}

/** The quantity at a level's price: zero when it is gone, null when it lies beyond what the sample shows. */
function quantityAt(levels: DepthSample['bids'], level: TakenLevel, depthLevels: number): Decimal | null {
  for (const [price, quantity] of levels) {
    if (compare(parseDecimal(price), level.price) === 0) return parseDecimal(quantity);
  }
  const last = levels[levels.length - 1];
  if (last === undefined || levels.length < depthLevels) return ZERO;
  const beyond = compare(level.price, parseDecimal(last[0]));
  return (level.side === 'asks' ? beyond > 0 : beyond < 0) ? null : ZERO;
}

/** Takes in that a fill took `quantity` from the level at `price`. */
export function takeFromLevel(book: PaperBook, orderSide: Side, price: Decimal, quantity: Decimal): void {
  const side = sideTakenBy(orderSide);
  const level = book.sample?.[side].find(([text]) => compare(parseDecimal(text), price) === 0);
  if (level === undefined) return;
  const key = levelKey(side, price);
  const before = book.taken.get(key)?.taken ?? ZERO;
  book.taken.delete(key);
  book.taken.set(key, { side, price, quantity: parseDecimal(level[1]), taken: add(before, quantity) });
  if (book.taken.size <= MAX_TAKEN_LEVELS) return;
  for (const oldest of book.taken.keys()) {
    book.taken.delete(oldest);
    return;
  }
}

/** The levels that an order may take from, best first: those that its type takes with a lot left. */
export function levelsFor(book: PaperBook, order: PaperOrder): Level[] {
  const side = sideTakenBy(order.side);
  const type = orderTypeOf(order.type);
  const levels: Level[] = [];
  for (const [priceText, quantityText] of book.sample?.[side] ?? []) {
    const price = parseDecimal(priceText);
    if (!type.takes(order, price)) break;
    const taken = book.taken.get(levelKey(side, price))?.taken ?? ZERO;
    const available = roundToStep(subtract(parseDecimal(quantityText), taken), order.lot, 'floor');
    if (available.units > 0n) levels.push({ price, available });
  }
  return levels;
}

/**
 * What a sample means for an order that is at the venue: immediate orders sweep the first one that is late enough, or
 * expire when it is too late; others take what crosses at their first, and rest from then on.
 */
export function meetSample(order: PaperOrder, sample: DepthSample): void {
  const timeMs = epochMs(sample.eventTime);
  if (order.pending?.kind === 'sweep' && !order.isImmediate) order.pending = null;
  if (order.pending !== null || timeMs < order.decidedMs + order.latencyMs) return;
  if (order.isImmediate) {
    expireWhenLate(order, sample.eventTime);
    order.pending ??= { kind: 'sweep' };
  } else if (!order.hasMetMarket) {
    order.pending = { kind: 'sweep' };
  }
  order.hasMetMarket = true;
}

/** An immediate order that has met no sample by its deadline, on the instrument's own clock, expires. */
export function expireWhenLate(order: PaperOrder, time: string): void {
  if (!order.isImmediate || order.pending !== null || epochMs(time) <= order.deadlineMs) return;
  order.pending = { kind: 'expire', reason: 'no-market-data', time };
}
