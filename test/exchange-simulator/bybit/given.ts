import { createHmac } from 'node:crypto';
import { amount } from '../../../exchange-simulator/core/amount.ts';
import { VirtualClock } from '../../../exchange-simulator/core/clock.ts';
import type { HttpResponse } from '../../../exchange-simulator/core/venue.ts';
import type { Market } from '../../../exchange-simulator/market/market.ts';
import type { MarketEvent } from '../../../exchange-simulator/market/market-event.ts';
import { type Running, standardBybit } from '../../../exchange-simulator/venues/bybit/standard.ts';
import { Client, levels, SNAPSHOT, START } from '../given.ts';

export const hmac = (secret: string, payload: string): string => createHmac('sha256', secret).update(payload).digest('hex');

/** What an answer over HTTP says. */
export interface Answer {
  readonly retCode: number;
  readonly retMsg: string;
  readonly result: Record<string, unknown> & { readonly list?: Record<string, unknown>[] };
}

/** Bybit in virtual time. Nothing happens in its markets but what a test makes happen, unless `isLive`. */
export class GivenBybit {
  readonly clock = new VirtualClock(START);
  readonly running: Running;

  constructor(isLive = false, seed = 1, first: MarketEvent = SNAPSHOT) {
    this.running = standardBybit(this.clock, seed, first);
    if (!isLive) this.running.stopMarkets();
  }

  get spot(): Market {
    return this.running.exchange.markets.get('BTCUSDT') as Market;
  }

  get linear(): Market {
    return this.running.exchange.markets.get('linear:BTCUSDT') as Market;
  }

  get account() {
    return this.running.exchange.accounts[0] as NonNullable<(typeof this.running.exchange.accounts)[0]>;
  }

  get faults() {
    return this.running.exchange.faults;
  }

  /** Changes of a book, as text; ids follow. */
  change(bids: readonly (readonly [string, string])[], asks: readonly (readonly [string, string])[], market = this.spot): void {
    const previousId = market.book.lastId;
    const [firstId, lastId] = [previousId + 1, previousId + Math.max(1, bids.length + asks.length)];
    const at = this.clock.now();
    market.apply({ kind: 'depth', at, previousId, firstId, lastId, bids: levels(...bids), asks: levels(...asks) });
  }

  trade(price: string, quantity: string, isBuyerMaker: boolean, market = this.spot): void {
    const id = market.lastRecordedTradeId + 1;
    market.apply({ kind: 'trade', at: this.clock.now(), id, price: amount(price), quantity: amount(quantity), isBuyerMaker });
  }

  get(path: string, query = ''): Promise<HttpResponse> {
    return this.running.venue.request({ method: 'GET', path, query, headers: {}, body: '', address: 'a' });
  }

  /** A public request's result. */
  async read(path: string, query = ''): Promise<Answer['result']> {
    return (JSON.parse((await this.get(path, query)).body) as Answer).result;
  }

  /** A signed request; a GET sends its parameters as query, a POST as JSON. */
  signed(
    method: string,
    path: string,
    parameters: Readonly<Record<string, unknown>>,
    as: { readonly key?: string; readonly secret?: string; readonly timestamp?: number; readonly window?: string } = {},
  ): Promise<HttpResponse> {
    const { key = 'simulator-key', secret = 'simulator-secret', timestamp = this.clock.now(), window = '5000' } = as;
    const isGet = method === 'GET';
    const content = isGet ? new URLSearchParams(parameters as Record<string, string>).toString() : JSON.stringify(parameters);
    const headers = {
      'x-bapi-api-key': key,
      'x-bapi-timestamp': String(timestamp),
      'x-bapi-recv-window': window,
      'x-bapi-sign': hmac(secret, `${timestamp}${key}${window}${content}`),
    };
    return this.running.venue.request({
      method,
      path,
      query: isGet ? content : '',
      headers,
      body: isGet ? '' : content,
      address: 'a',
    });
  }

  /** A signed request's answer, read. */
  async ask(method: string, path: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return JSON.parse((await this.signed(method, path, parameters)).body) as Answer;
  }

  place(parameters: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.ask('POST', '/v5/order/create', { category: 'spot', symbol: 'BTCUSDT', ...parameters });
  }

  limit(side: string, price: string, qty: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return this.place({ side, orderType: 'Limit', price, qty, ...more });
  }

  cancel(by: Readonly<Record<string, unknown>>): Promise<Answer> {
    return this.ask('POST', '/v5/order/cancel', { category: 'spot', symbol: 'BTCUSDT', ...by });
  }

  orders(path: 'realtime' | 'history', more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.ask('GET', `/v5/order/${path}`, { category: 'spot', ...more });
  }

  /** A connection that has subscribed to `topics` of a category. */
  follow(category: 'spot' | 'linear', ...topics: readonly string[]): Client {
    const client = new Client(this.running.venue, `/v5/public/${category}`);
    client.say({ op: 'subscribe', args: topics });
    return client;
  }

  /** A private connection, authenticated and subscribed. */
  listen(...topics: readonly string[]): Client {
    const client = this.logOn('/v5/private');
    client.say({ op: 'subscribe', args: topics });
    client.frames.length = 0;
    return client;
  }

  logOn(target: string, key = 'simulator-key', secret = 'simulator-secret'): Client {
    const client = new Client(this.running.venue, target);
    const expires = this.clock.now() + 5000;
    client.say({ op: 'auth', args: [key, expires, hmac(secret, `GET/realtime${expires}`)] });
    return client;
  }
}

/** The data of all frames of a topic, one after the other. */
export function told(client: Client, topic: string): Record<string, unknown>[] {
  return client.frames
    .filter((frame) => frame.topic === topic)
    .flatMap(({ data }) => (Array.isArray(data) ? (data as Record<string, unknown>[]) : [data as Record<string, unknown>]));
}
