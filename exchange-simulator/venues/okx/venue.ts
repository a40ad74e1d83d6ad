import type { ClientEnd, HttpRequest, HttpResponse, ServerEnd, Venue } from '../../core/venue.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { ChannelHub } from './connections/channel-hub.ts';
import type { Endpoint } from './connections/channels.ts';
import { Session } from './connections/session.ts';
import { OkxError } from './requests/errors.ts';
import { Limits } from './requests/limits.ts';
import { Performer } from './requests/performer.ts';

const ENDPOINTS: readonly string[] = ['public', 'private', 'business'] satisfies Endpoint[];

/** OKX v5: REST, and the public, private and business WebSocket. */
export class Okx implements Venue {
  readonly #exchange: Exchange;
  readonly #limits = new Limits();
  readonly #performer: Performer;
  readonly #hub: ChannelHub;
  #connections = 0;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#performer = new Performer(exchange, this.#limits);
    this.#hub = new ChannelHub(exchange);
  }

  /** Ends what the venue does by itself. Connections end when their clients or the network end them. */
  stop(): void {
    this.#hub.stop();
  }

  async request(request: HttpRequest): Promise<HttpResponse> {
    try {
      return response(200, JSON.stringify(await this.#performer.rest(request)));
    } catch (error) {
      if (!(error instanceof OkxError)) throw error;
      if (error.status === 403) return { status: 403, headers: { 'content-type': 'text/html' }, body: error.message };
      return response(error.status, JSON.stringify({ code: error.code, data: [], msg: error.message }));
    }
  }

  mayConnect(target: string, address: string): boolean {
    const endpoint = endpointOf(target);
    if (endpoint === undefined) return false;
    const { faults } = this.#exchange;
    const isWithin = this.#limits.mayConnect(address, this.#exchange.clock.now());
    return isWithin && faults.bannedUntil === 0 && faults.mayConnect(endpoint === 'private');
  }

  connect(target: string, client: ClientEnd): ServerEnd {
    this.#connections += 1;
    const id = this.#connections.toString(16).padStart(8, 'a');
    const parts = { exchange: this.#exchange, limits: this.#limits, performer: this.#performer, hub: this.#hub };
    return new Session(parts, client, endpointOf(target) ?? 'public', id);
  }
}

function endpointOf(target: string): Endpoint | undefined {
  const [, name = ''] = /^\/ws\/v5\/(\w+)(?:\?.*)?$/.exec(target) ?? [];
  return ENDPOINTS.includes(name) ? (name as Endpoint) : undefined;
}

function response(status: number, body: string): HttpResponse {
  return { status, headers: { 'content-type': 'application/json' }, body };
}
