import { type Amount, least } from '../core/amount.ts';
import { Random } from '../core/random.ts';
import type { Market } from './market.ts';
import type { Level, MarketEvent, Side, TradePrinted } from './market-event.ts';

/** Milliseconds from one change of the book to the next. */
const PACE = 100;

/** How far from the best price levels change, in ticks. */
const REACH = 25;

/** What a walk is made from. */
export interface Chance {
  readonly seed: number;
  /** Most ids of other books between two changes, where a venue counts the changes of all its books together. */
  readonly mostForeignIds: number;
}

/**
 * A market that goes on for ever from the book as it is: each 100 ms some levels change, now and then the best prices
 * move by some ticks, and trades print at the touch. The book never crosses. Ids go on. The same book and seed make
 * the same walk.
 */
export function* walk(market: Market, start: number, { seed, mostForeignIds }: Chance): Generator<MarketEvent> {
  const random = new Random(seed);
  let tradeId = market.lastRecordedTradeId;
  for (let at = start + PACE; ; at += PACE) {
    for (const trade of printed(market, random, at)) {
      tradeId += 1;
      yield { ...trade, id: tradeId };
    }
    const levels: Record<Side, Map<Amount, Amount>> = { buy: new Map(), sell: new Map() };
    if (random.next() < 0.2) move(market, random, levels);
    for (let count = random.between(1, 6); count > 0; count -= 1) changeLevel(market, random, levels);
    const [bids, asks]: [Level[], Level[]] = [[...levels.buy], [...levels.sell]];
    const previousId = market.book.lastId;
    const firstId = previousId + 1 + (mostForeignIds === 0 ? 0 : random.between(0, mostForeignIds));
    yield { kind: 'depth', at, previousId, firstId, lastId: firstId + bids.length + asks.length - 1, bids, asks };
  }
}

function printed(market: Market, random: Random, at: number): Omit<TradePrinted, 'id'>[] {
  const trades: Omit<TradePrinted, 'id'>[] = [];
  for (let count = random.between(-2, 3); count > 0; count -= 1) {
    const isBuyerMaker = random.next() < 0.5;
    const [price, most] = market.book.best(isBuyerMaker ? 'buy' : 'sell') ?? [0n, 0n];
    if (most === 0n) continue;
    const quantity = least(lots(market, random), most);
    trades.push({ kind: 'trade', at: at - PACE + 10 * (4 - count), price, quantity, isBuyerMaker });
  }
  return trades;
}

/** The better side eats into the other by some ticks, and the other falls back as far. */
function move(market: Market, random: Random, levels: Record<Side, Map<Amount, Amount>>): void {
  const [bid, ask] = [market.book.best('buy')?.[0], market.book.best('sell')?.[0]];
  if (bid === undefined || ask === undefined) return;
  const up: Side = random.next() < 0.5 ? 'buy' : 'sell';
  const down: Side = up === 'buy' ? 'sell' : 'buy';
  const distance = BigInt(random.between(1, 20)) * market.instrument.tickSize;
  const best = up === 'buy' ? ask + distance : bid - distance;
  for (const [price] of market.book.top(down, 200)) {
    if (up === 'buy' ? price > best : price < best) break;
    levels[down].set(price, 0n);
  }
  if (best <= 0n) return;
  levels[up].set(best, lots(market, random));
  levels[down].set(up === 'buy' ? best + market.instrument.tickSize : best - market.instrument.tickSize, lots(market, random));
}

function changeLevel(market: Market, random: Random, levels: Record<Side, Map<Amount, Amount>>): void {
  const side: Side = random.next() < 0.5 ? 'buy' : 'sell';
  // The best price as it will be after the move of this round.
  const moved = [...levels[side]].filter(([, quantity]) => quantity > 0n).map(([price]) => price)[0];
  const best = moved ?? market.book.best(side)?.[0];
  if (best === undefined) return;
  const distance = BigInt(random.between(0, REACH)) * market.instrument.tickSize;
  const price = side === 'buy' ? best - distance : best + distance;
  if (price <= 0n || levels[side].has(price)) return;
  // The best level stays: the walk moves best prices in one place only.
  const isGone = distance > 0n && market.book.quantityAt(side, price) > 0n && random.next() < 0.4;
  levels[side].set(price, isGone ? 0n : lots(market, random));
}

/** In least quantities: a lot may be much finer than anything that is traded. */
function lots(market: Market, random: Random): Amount {
  return BigInt(random.between(1, 60_000)) * market.instrument.leastQuantity;
}
