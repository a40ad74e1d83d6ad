import type { ApiKey } from '../../accounts/api-key.ts';
import type { ClientEnd, HttpRequest, HttpResponse, ServerEnd, Venue } from '../../core/venue.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { SocketApi } from './connections/socket-api.ts';
import { StreamHub } from './connections/stream-hub.ts';
import { StreamSession } from './connections/stream-session.ts';
import { BinanceError } from './requests/errors.ts';
import { Limits } from './requests/limits.ts';
import { Parameters, parsePairs } from './requests/parameters.ts';
import { Performer } from './requests/performer.ts';
import { restPayload } from './requests/signature.ts';

/** Binance Spot: REST, market streams and the WebSocket API. */
export class BinanceSpot implements Venue {
  readonly #exchange: Exchange;
  readonly #limits = new Limits();
  readonly #performer: Performer;
  readonly #hub: StreamHub;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#performer = new Performer(exchange, this.#limits);
    this.#hub = new StreamHub(exchange);
  }

  /** Ends what the venue does by itself. Connections end when their clients or the network end them. */
  stop(): void {
    this.#hub.stop();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    let key: ApiKey | undefined;
    try {
      const [query, body] = [parsePairs(request.query), parsePairs(request.body)];
      // A name that stands in both counts as the query has it.
      const parameters = new Map([...body, ...query]);
      const performed = await this.#performer.perform(
        `${request.method} ${request.path}`,
        new Parameters(parameters),
        {
          apiKey: request.headers['x-mbx-apikey'],
          payload: restPayload(request.query, request.body),
          signature: parameters.get('signature'),
        },
        request.address,
      );
      key = performed.key;
      return this.#response(request, 200, performed.result, key);
    } catch (error) {
      if (!(error instanceof BinanceError)) throw error;
      return this.#response(request, error.status, { code: error.code, msg: error.message }, key, error.headers);
    }
  }

  mayConnect(target: string, address: string): boolean {
    const isPrivate = isSocketApi(target);
    if (!isPrivate && !/^\/(stream|ws)([/?]|$)/.test(target)) return false;
    const { faults } = this.#exchange;
    return this.#limits.mayConnect(address, this.#exchange.now()) && faults.bannedUntil === 0 && faults.mayConnect(isPrivate);
  }

  connect(target: string, client: ClientEnd): ServerEnd {
    if (isSocketApi(target)) return new SocketApi(this.#exchange, this.#limits, this.#performer, client);
    return new StreamSession(this.#exchange, this.#hub, client, target);
  }

  #response(
    request: HttpRequest,
    status: number,
    body: unknown,
    key: ApiKey | undefined,
    extra: Readonly<Record<string, string>> = {},
  ): HttpResponse {
    const now = this.#exchange.now();
    const headers: Record<string, string> = {
      'content-type': 'application/json;charset=UTF-8',
      'x-mbx-used-weight': String(this.#limits.usedWeight(request.address, now)),
      'x-mbx-used-weight-1m': String(this.#limits.usedWeight(request.address, now)),
      ...extra,
    };
    if (key !== undefined && request.method === 'POST' && request.path === '/api/v3/order') {
      const { tenSeconds, day } = this.#limits.orderCounts(key.account, now);
      headers['x-mbx-order-count-10s'] = String(tenSeconds);
      headers['x-mbx-order-count-1d'] = String(day);
    }
    return { status, headers, body: JSON.stringify(body) };
  }
}

function isSocketApi(target: string): boolean {
  return target.startsWith('/ws-api/');
}
