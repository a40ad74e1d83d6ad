import { createHmac } from 'node:crypto';
import { amount } from '../../../exchange-simulator/core/amount.ts';
import { VirtualClock } from '../../../exchange-simulator/core/clock.ts';
import type { HttpResponse } from '../../../exchange-simulator/core/venue.ts';
import type { Market } from '../../../exchange-simulator/market/market.ts';
import type { MarketEvent } from '../../../exchange-simulator/market/market-event.ts';
import { type Running, standardOkx } from '../../../exchange-simulator/venues/okx/standard.ts';
import { Client, levels, SNAPSHOT, START } from '../given.ts';

export const BTC = 'BTC-USDT';
export const SWAP = 'BTC-USDT-SWAP';
/** The code of BTC-USDT. */
export const CODE = 10_456;

const SECRET = 'simulator-secret';
const PASSPHRASE = 'simulator-pass';

const sign = (text: string): string => createHmac('sha256', SECRET).update(text).digest('base64');

export type Body = Readonly<Record<string, unknown>>;

/** What an answer says: its code, and its list. */
export interface Said {
  readonly status: number;
  readonly code: string;
  readonly msg: string;
  readonly data: Record<string, unknown>[];
}

/** OKX in virtual time. Nothing happens in its markets but what a test makes happen, unless `isLive`. */
export class OkxGiven {
  readonly clock = new VirtualClock(START);
  readonly running: Running;

  constructor(isLive = false, seed = 1, events: Iterable<MarketEvent> = [SNAPSHOT]) {
    this.running = standardOkx(this.clock, events, seed);
    if (!isLive) this.running.stop();
  }

  get market(): Market {
    return this.running.exchange.markets.get(BTC) as Market;
  }

  get account() {
    return this.running.exchange.accounts[0] as NonNullable<(typeof this.running.exchange.accounts)[0]>;
  }

  get faults() {
    return this.running.exchange.faults;
  }

  /** Changes of the book, as text; the next id is the last one and `step`. */
  change(bids: readonly (readonly [string, string])[], asks: readonly (readonly [string, string])[], step = 7): void {
    const previousId = this.market.book.lastId;
    const ids = { previousId, firstId: previousId + 1, lastId: previousId + step };
    this.market.apply({ kind: 'depth', at: this.clock.now(), ...ids, bids: levels(...bids), asks: levels(...asks) });
  }

  trade(price: string, quantity: string, isBuyerMaker: boolean): void {
    const id = this.market.lastRecordedTradeId + 1;
    const at = this.clock.now();
    this.market.apply({ kind: 'trade', at, id, price: amount(price), quantity: amount(quantity), isBuyerMaker });
  }

  /** A public request. */
  get(path: string, query = ''): Promise<Said> {
    return this.#said({ method: 'GET', path, query, body: '', headers: {} });
  }

  /** A signed request: `asked` is the query of a GET, and the body of a POST. `headers` are added to those it needs. */
  signed(method: string, path: string, asked: string, headers: Readonly<Record<string, string>> = {}): Promise<Said> {
    const timestamp = headers['ok-access-timestamp'] ?? new Date(this.clock.now()).toISOString();
    const [query, body] = method === 'GET' ? [asked, ''] : ['', asked];
    const target = query === '' ? path : `${path}?${query}`;
    const needed = {
      'ok-access-key': 'simulator-key',
      'ok-access-passphrase': PASSPHRASE,
      'ok-access-timestamp': timestamp,
      'ok-access-sign': sign(timestamp + method + target + body),
    };
    return this.#said({ method, path, query, body, headers: { ...needed, ...headers } });
  }

  read(path: string, query = ''): Promise<Said> {
    return this.signed('GET', path, query);
  }

  place(order: Body, headers?: Readonly<Record<string, string>>): Promise<Said> {
    return this.signed('POST', '/api/v5/trade/order', JSON.stringify({ instId: BTC, tdMode: 'cash', ...order }), headers);
  }

  limit(
    side: 'buy' | 'sell',
    px: string,
    sz: string,
    more: Body = {},
    headers?: Readonly<Record<string, string>>,
  ): Promise<Said> {
    return this.place({ side, ordType: 'limit', px, sz, ...more }, headers);
  }

  cancel(order: Body): Promise<Said> {
    return this.signed('POST', '/api/v5/trade/cancel-order', JSON.stringify({ instId: BTC, ...order }));
  }

  /** A connection that has logged in. */
  user(key = 'simulator-key'): OkxClient {
    const client = new OkxClient(this, 'private');
    client.say({ op: 'login', args: [this.login({ apiKey: key })] });
    client.frames.length = 0;
    return client;
  }

  login(other: Body = {}): Body {
    const timestamp = String(other.timestamp ?? Math.floor(this.clock.now() / 1000));
    const signature = sign(`${timestamp}GET/users/self/verify`);
    return { apiKey: 'simulator-key', passphrase: PASSPHRASE, timestamp, sign: signature, ...other };
  }

  async #said(request: {
    method: string;
    path: string;
    query: string;
    body: string;
    headers: Readonly<Record<string, string>>;
  }): Promise<Said> {
    const answer: HttpResponse = await this.running.venue.request({ ...request, address: 'a' });
    const isJson = answer.headers['content-type'] === 'application/json';
    const said = isJson ? (JSON.parse(answer.body) as Omit<Said, 'status'>) : { code: '', msg: answer.body, data: [] };
    return { status: answer.status, ...said };
  }
}

/** The code and text of the only order in an answer. */
export function order({ data }: Said): unknown[] {
  return [data[0]?.sCode, data[0]?.sMsg];
}

/** A client without a socket. */
export class OkxClient extends Client {
  pongs = 0;

  constructor(given: OkxGiven, endpoint: 'public' | 'private' | 'business') {
    super(given.running.venue, `/ws/v5/${endpoint}`);
  }

  override send(text: string): void {
    if (text === 'pong') this.pongs += 1;
    else super.send(text);
  }

  subscribe(...args: readonly Body[]): void {
    this.say({ op: 'subscribe', args });
  }

  /** What was pushed on a channel: the first item of each push. */
  data(channel: string): Record<string, unknown>[] {
    return this.pushes(channel).map((push) => (push.data as Record<string, unknown>[])[0] ?? {});
  }

  pushes(channel: string): Record<string, unknown>[] {
    return this.frames.filter(({ arg, data }) => data !== undefined && (arg as Body | undefined)?.channel === channel);
  }

  /** Codes of errors and names of events, in order. */
  events(): unknown[] {
    return this.frames.filter(({ event }) => event !== undefined).map(({ event, code }) => code ?? event);
  }
}
