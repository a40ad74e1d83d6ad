import type { ClientEnd, HttpRequest, HttpResponse, ServerEnd, Venue } from '../../core/venue.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { PrivateSession } from './connections/private-session.ts';
import { PublicHub } from './connections/public-hub.ts';
import { PublicSession } from './connections/public-session.ts';
import { aliveMs } from './connections/session.ts';
import { StatusSession } from './connections/status-session.ts';
import { TradeSession } from './connections/trade-session.ts';
import { UserHub } from './connections/user-hub.ts';
import { BybitError, GatewayError } from './requests/errors.ts';
import { Limits } from './requests/limits.ts';
import { Parameters, parseBody, parseQuery } from './requests/parameters.ts';
import { Performer } from './requests/performer.ts';

/** Paths of connections, and whether they are a user's. */
const ENDPOINTS: Readonly<Record<string, boolean>> = {
  '/v5/public/spot': false,
  '/v5/public/linear': false,
  '/v5/public/misc/status': false,
  '/v5/private': true,
  '/v5/trade': true,
};

/** Bybit v5: REST, public and private streams, and orders over a socket. Spot can be traded; linear is market data. */
export class Bybit implements Venue {
  readonly #exchange: Exchange;
  readonly #limits = new Limits();
  readonly #hub: PublicHub;
  readonly #users: UserHub;
  readonly #performer: Performer;
  #connections = 0;

  /** Markets and accounts of the exchange must be there already. */
  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#hub = new PublicHub(exchange);
    this.#users = new UserHub(exchange);
    this.#performer = new Performer(exchange, this.#limits, { hub: this.#hub, users: this.#users });
  }

  /** Ends what the venue does by itself. Connections end when their clients or the network end them. */
  stop(): void {
    this.#hub.stop();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    const { method, path, query, body, headers, address } = request;
    try {
      this.#limits.countRequest(address, this.#exchange.now());
      const values = method === 'GET' ? parseQuery(query) : parseBody(body);
      const performed = await this.#performer.perform(`${method} ${path}`, new Parameters(values), {
        timestamp: headers['x-bapi-timestamp'],
        recvWindow: headers['x-bapi-recv-window'],
        by: {
          apiKey: headers['x-bapi-api-key'],
          signature: headers['x-bapi-sign'],
          content: method === 'GET' ? query : body,
        },
      });
      return this.#response(200, { retCode: 0, retMsg: 'OK', result: performed.result }, performed.headers);
    } catch (error) {
      if (error instanceof GatewayError) {
        return { status: error.status, headers: { 'content-type': 'text/html' }, body: error.message };
      }
      if (!(error instanceof BybitError)) throw error;
      return this.#response(error.status, { retCode: error.code, retMsg: error.message, result: {} }, error.headers);
    }
  }

  mayConnect(target: string, address: string): boolean {
    const endpoint = pathOf(target);
    if (!Object.hasOwn(ENDPOINTS, endpoint)) return false;
    const { faults } = this.#exchange;
    const isAllowed = this.#limits.mayConnect(address, endpoint, this.#exchange.now());
    return isAllowed && faults.bannedUntil === 0 && faults.mayConnect(ENDPOINTS[endpoint] === true);
  }

  connect(target: string, client: ClientEnd): ServerEnd {
    this.#connections += 1;
    const id = `connection-${this.#connections}`;
    const hubs = { performer: this.#performer, users: this.#users };
    switch (pathOf(target)) {
      case '/v5/private':
        return new PrivateSession(this.#exchange, hubs, client, { id, aliveMs: aliveMs(target) });
      case '/v5/trade':
        return new TradeSession(this.#exchange, this.#performer, client, id);
      case '/v5/public/misc/status':
        return new StatusSession(this.#exchange, client, id);
      case '/v5/public/linear':
        return new PublicSession(this.#exchange, this.#hub, client, id, 'linear');
      default:
        return new PublicSession(this.#exchange, this.#hub, client, id, 'spot');
    }
  }

  #response(
    status: number,
    body: { readonly retCode: number; readonly retMsg: string; readonly result: unknown },
    extra: Readonly<Record<string, string>>,
  ): HttpResponse {
    const now = this.#exchange.now();
    const headers = { 'content-type': 'application/json; charset=utf-8', timenow: String(now), ...extra };
    return { status, headers, body: JSON.stringify({ ...body, retExtInfo: {}, time: now }) };
  }
}

function pathOf(target: string): string {
  return target.split('?')[0] ?? '';
}
