import type { ApiKey } from '../../accounts/api-key.ts';
import type { ClientEnd, HttpRequest, HttpResponse, ServerEnd, Venue } from '../../core/venue.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { type Endpoint, endpointOf, StreamSession } from '../binance/connections/stream-session.ts';
import { answerHttp } from '../binance/requests/http.ts';
import { Parameters } from '../binance/requests/parameters.ts';
import { SESSION_RULES } from './connections/session-rules.ts';
import { SocketApi } from './connections/socket-api.ts';
import { StreamHub } from './connections/stream-hub.ts';
import { Limits } from './requests/limits.ts';
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

  request(request: HttpRequest): Promise<HttpResponse> {
    return answerHttp(this.#exchange, this.#limits, request, async (parameters) => {
      const credentials = {
        apiKey: request.headers['x-mbx-apikey'],
        payload: restPayload(request.query, request.body),
        signature: parameters.get('signature'),
      };
      const name = `${request.method} ${request.path}`;
      const { result, key } = await this.#performer.perform(name, new Parameters(parameters), credentials, request.address);
      return { result, headers: name === 'POST /api/v3/order' ? this.#orderCounts(key) : {} };
    });
  }

  mayConnect(target: string, address: string): boolean {
    const isPrivate = isSocketApi(target);
    if (!isPrivate && endpoint(target) === undefined) return false;
    const { faults } = this.#exchange;
    return this.#limits.mayConnect(address, this.#exchange.now()) && faults.bannedUntil === 0 && faults.mayConnect(isPrivate);
  }

  connect(target: string, client: ClientEnd): ServerEnd {
    if (isSocketApi(target)) return new SocketApi(this.#exchange, this.#limits, this.#performer, client);
    return new StreamSession(this.#exchange, this.#hub.topics, client, SESSION_RULES, endpoint(target) as Endpoint);
  }

  #orderCounts(key: ApiKey | undefined): Record<string, string> {
    if (key === undefined) return {};
    const { tenSeconds, day } = this.#limits.orderCounts(key.account, this.#exchange.now());
    return { 'x-mbx-order-count-10s': String(tenSeconds), 'x-mbx-order-count-1d': String(day) };
  }
}

function endpoint(target: string): Endpoint | undefined {
  return endpointOf(target, () => true);
}

function isSocketApi(target: string): boolean {
  return target.startsWith('/ws-api/');
}
