import { createHmac } from 'node:crypto';
import type { Account } from '../../exchange-simulator/accounts/account.ts';
import { type Amount, amount, multiply } from '../../exchange-simulator/core/amount.ts';
import { type Clock, VirtualClock } from '../../exchange-simulator/core/clock.ts';
import type { ClientEnd, HttpResponse, ServerEnd, Venue } from '../../exchange-simulator/core/venue.ts';
import type { Exchange } from '../../exchange-simulator/exchange/exchange.ts';
import type { Market } from '../../exchange-simulator/market/market.ts';
import type { Level, MarketEvent } from '../../exchange-simulator/market/market-event.ts';
import { type Running, standardBinanceSpot } from '../../exchange-simulator/venues/binance-spot/standard.ts';

/** 2026-01-05 00:00 UTC, a Monday. */
export const START = Date.UTC(2026, 0, 5);

export const levels = (...pairs: readonly (readonly [string, string])[]): Level[] =>
  pairs.map(([price, quantity]) => [amount(price), amount(quantity)]);

/** Three bids from 100 down and three asks from 101 up, 1 BTC each. */
export const SNAPSHOT: MarketEvent = {
  kind: 'snapshot',
  at: START,
  lastId: 1000,
  bids: levels(['100', '1'], ['99', '1'], ['98', '1']),
  asks: levels(['101', '1'], ['102', '1'], ['103', '1']),
};

/** Both of Binance's markets, as tests see them. */
export interface RunningVenue {
  readonly exchange: Exchange;
  readonly venue: Venue;
}

/** One of Binance's markets in virtual time. */
export class GivenMarket<Running extends RunningVenue> {
  readonly clock = new VirtualClock(START);
  readonly running: Running;

  constructor(run: (clock: Clock) => Running) {
    this.running = run(this.clock);
  }

  get market(): Market {
    return this.running.exchange.markets.get('BTCUSDT') as Market;
  }

  /** Changes of the book, as text; ids follow, after `foreignIds` of other books. */
  change(bids: readonly (readonly [string, string])[], asks: readonly (readonly [string, string])[], foreignIds = 0): void {
    const previousId = this.market.book.lastId;
    const firstId = previousId + 1 + foreignIds;
    const lastId = firstId + Math.max(1, bids.length + asks.length) - 1;
    const at = this.clock.now();
    this.market.apply({ kind: 'depth', at, previousId, firstId, lastId, bids: levels(...bids), asks: levels(...asks) });
  }

  trade(price: string, quantity: string, isBuyerMaker: boolean): void {
    const id = this.market.lastRecordedTradeId + 1;
    const at = this.clock.now();
    this.market.apply({ kind: 'trade', at, id, price: amount(price), quantity: amount(quantity), isBuyerMaker });
  }

  /** A public request. */
  get(path: string, query = ''): Promise<HttpResponse> {
    return this.running.venue.request({ method: 'GET', path, query, headers: {}, body: '', address: 'a' });
  }
}

/** Binance Spot. Nothing happens in its market but what a test makes happen, unless `isLive`. */
export class Given extends GivenMarket<Running> {
  constructor(isLive = false, seed = 1, events: Iterable<MarketEvent> = [SNAPSHOT]) {
    super((clock) => standardBinanceSpot(clock, events, seed));
    if (!isLive) this.running.stop();
  }

  get account() {
    return this.running.exchange.accounts[0] as NonNullable<(typeof this.running.exchange.accounts)[0]>;
  }

  /** A signed request; its timestamp is the clock's unless given. */
  signed(
    method: string,
    path: string,
    parameters: Readonly<Record<string, string>>,
    key = 'simulator-key',
  ): Promise<HttpResponse> {
    const pairs = { timestamp: String(this.clock.now()), ...parameters };
    const payload = new URLSearchParams(pairs).toString();
    const query = `${payload}&signature=${createHmac('sha256', 'simulator-secret').update(payload).digest('hex')}`;
    return this.running.venue.request({ method, path, query, headers: { 'x-mbx-apikey': key }, body: '', address: 'a' });
  }

  place(parameters: Readonly<Record<string, string>>): Promise<HttpResponse> {
    return this.signed('POST', '/api/v3/order', { symbol: 'BTCUSDT', ...parameters });
  }

  limit(side: string, price: string, quantity: string, more: Readonly<Record<string, string>> = {}): Promise<HttpResponse> {
    return this.place({ side, type: 'LIMIT', timeInForce: 'GTC', price, quantity, ...more });
  }
}

/** The body of an answer, read. */
export function bodyOf(response: HttpResponse): Record<string, unknown> {
  return JSON.parse(response.body) as Record<string, unknown>;
}

/** A client without a socket. It answers pings while it `isAlive`. */
export class Client implements ClientEnd {
  readonly address = 'a';
  readonly frames: Record<string, unknown>[] = [];
  isAlive = true;
  isOpen = true;
  pings = 0;
  #end: ServerEnd | undefined;

  constructor(venue: Venue, target: string) {
    if (!venue.mayConnect(target, this.address)) this.isOpen = false;
    else this.#end = venue.connect(target, this);
  }

  send(text: string): void {
    if (this.isOpen) this.frames.push(JSON.parse(text) as Record<string, unknown>);
  }

  ping(payload: string): void {
    this.pings += 1;
    if (this.isAlive) this.#end?.ponged(payload);
  }

  close(): void {
    this.cut();
  }

  cut(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#end?.closed();
  }

  say(message: unknown): void {
    this.#end?.receive(typeof message === 'string' ? message : JSON.stringify(message));
  }

  pong(payload: string): void {
    this.#end?.ponged(payload);
  }
}

/** Balances, from the fills alone: what came, what went, and what fees took. The account began with 100,000 USDT and 2 BTC. */
export function totalOfFills(account: Account, asset: 'BTC' | 'USDT'): Amount {
  let total = asset === 'BTC' ? amount('2') : amount('100000');
  for (const { order, quantity, price, fee, feeAsset } of account.fills) {
    const moved = asset === 'BTC' ? quantity : -multiply(price, quantity);
    total += order.request.side === 'buy' ? moved : -moved;
    if (feeAsset === asset) total -= fee;
  }
  return total;
}

/** What is wrong with an account's books, a line each: balances below 0, and orders that their fills do not explain. */
export function faultsOfBooks(account: Account): string[] {
  const found: string[] = [];
  for (const [asset, { free, locked }] of account.balances) if (free < 0n || locked < 0n) found.push(`${asset} below 0`);
  for (const order of account.orders) {
    const filled = order.fills.reduce((sum, { quantity }) => sum + quantity, 0n);
    if (order.executed !== filled) found.push(`order ${order.id} has executed ${order.executed}, its fills have ${filled}`);
    if (order.isOpen !== order.locked > 0n) found.push(`order ${order.id} is ${order.status} and reserves ${order.locked}`);
  }
  const trades = account.fills.map(({ tradeId }) => tradeId);
  if (new Set(trades).size < trades.length) found.push('a trade id came twice');
  return found;
}
