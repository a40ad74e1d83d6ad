import type { AccountEvent } from '../../../accounts/account.ts';
import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Connection } from '../../../core/connections.ts';
import { type ClientEnd, NoAnswer, type ServerEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { Outlet } from '../../../exchange/outlet.ts';
import { KeepAlive } from '../../binance/connections/keep-alive.ts';
import { BinanceError, INVALID_KEY, missingParameter } from '../../binance/requests/errors.ts';
import { Parameters } from '../../binance/requests/parameters.ts';
import type { Limits } from '../requests/limits.ts';
import { RATE_LIMITS } from '../requests/limits.ts';
import type { Credentials, Performer } from '../requests/performer.ts';
import { socketPayload } from '../requests/signature.ts';
import { SESSION_RULES } from './session-rules.ts';
import { userEvent } from './user-events.ts';

/** Methods that do what a route of REST does. */
const AS_REST: Readonly<Record<string, string>> = {
  ping: 'GET /api/v3/ping',
  time: 'GET /api/v3/time',
  exchangeInfo: 'GET /api/v3/exchangeInfo',
  depth: 'GET /api/v3/depth',
  'trades.recent': 'GET /api/v3/trades',
  'trades.historical': 'GET /api/v3/historicalTrades',
  'trades.aggregate': 'GET /api/v3/aggTrades',
  klines: 'GET /api/v3/klines',
  avgPrice: 'GET /api/v3/avgPrice',
  referencePrice: 'GET /api/v3/referencePrice',
  'ticker.price': 'GET /api/v3/ticker/price',
  'ticker.book': 'GET /api/v3/ticker/bookTicker',
  'order.place': 'POST /api/v3/order',
  'order.test': 'POST /api/v3/order/test',
  'order.status': 'GET /api/v3/order',
  'order.cancel': 'DELETE /api/v3/order',
  'openOrders.status': 'GET /api/v3/openOrders',
  'openOrders.cancelAll': 'DELETE /api/v3/openOrders',
  allOrders: 'GET /api/v3/allOrders',
  myTrades: 'GET /api/v3/myTrades',
  'account.status': 'GET /api/v3/account',
  'account.commission': 'GET /api/v3/account/commission',
  'account.rateLimits.orders': 'GET /api/v3/rateLimit/order',
};

const CONNECT_WEIGHT = 2;
const SUBSCRIBE_WEIGHT = 2;

interface Message {
  readonly id: string | number | null;
  readonly method: string;
  readonly parameters: Map<string, string>;
}

/** One connection to the WebSocket API: requests as over REST, a session that may log on, and user data. */
export class SocketApi implements ServerEnd, Connection {
  readonly isPrivate = true;
  readonly #exchange: Exchange;
  readonly #limits: Limits;
  readonly #performer: Performer;
  readonly #client: ClientEnd;
  readonly #outlet: Outlet;
  readonly #keepAlive: KeepAlive;
  readonly #connectedAt: number;
  readonly #stopRevocations: () => void;
  #session: { readonly key: ApiKey; readonly since: number } | undefined;
  readonly #subscriptions = new Map<number, { readonly key: ApiKey; readonly stop: () => void }>();
  #nextSubscription = 0;
  #executions = 0;

  constructor(exchange: Exchange, limits: Limits, performer: Performer, client: ClientEnd) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#performer = performer;
    this.#client = client;
    this.#outlet = new Outlet(client, exchange.clock, exchange.faults.frames);
    this.#keepAlive = new KeepAlive(exchange.clock, client, SESSION_RULES);
    this.#connectedAt = exchange.now();
    this.#stopRevocations = exchange.onKeyRevoked((key) => this.#revoked(key));
    exchange.connections.add(this);
    try {
      limits.spend(client.address, CONNECT_WEIGHT, exchange.now());
    } catch {
      // The weight of the connection is spent; that there was none left shows with the first request.
    }
  }

  receive(text: string): void {
    void this.#receive(text);
  }

  pinged(): void {}

  ponged(payload: string): void {
    this.#keepAlive.ponged(payload);
  }

  closed(): void {
    this.#exchange.connections.remove(this);
    this.#stopRevocations();
    this.#keepAlive.stop();
    this.#outlet.close();
    for (const { stop } of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
  }

  cut(): void {
    this.#client.cut();
    this.closed();
  }

  announceShutdown(): void {
    this.#outlet.answer(JSON.stringify({ event: { e: 'serverShutdown', E: this.#exchange.now() } }));
  }

  async #receive(text: string): Promise<void> {
    const message = messageOf(text);
    if (message === undefined) return this.#fail(null, new BinanceError(-1135, 'Invalid JSON Request'));
    try {
      const result = await this.#perform(message);
      this.#outlet.answer(JSON.stringify({ id: message.id, status: 200, result, ...this.#rateLimits(message) }));
    } catch (error) {
      if (error instanceof NoAnswer) this.cut();
      else if (error instanceof BinanceError) this.#fail(message.id, error);
      else throw error;
    }
  }

  async #perform(message: Message): Promise<unknown> {
    const { method, parameters } = message;
    const asked = new Parameters(parameters);
    const route = Object.hasOwn(AS_REST, method) ? AS_REST[method] : undefined;
    if (route !== undefined) {
      const performed = await this.#performer.perform(route, asked, this.#credentials(parameters), this.#client.address);
      return performed.result;
    }
    this.#limits.spend(this.#client.address, SUBSCRIBE_WEIGHT, this.#exchange.now());
    switch (method) {
      case 'session.logon':
        return this.#logOn(asked, parameters);
      case 'session.status':
        return this.#status();
      case 'session.logout':
        return this.#logOut();
      case 'userDataStream.subscribe':
        if (this.#session === undefined) throw new BinanceError(-2015, 'Session is not authenticated.', 401);
        return this.#subscribe(this.#session.key);
      case 'userDataStream.subscribe.signature': {
        const credentials = { ...this.#credentials(parameters), apiKey: asked.required('apiKey') };
        return this.#subscribe(this.#performer.authenticate('read', asked, credentials));
      }
      case 'userDataStream.unsubscribe':
        return this.#unsubscribe(asked.integer('subscriptionId'));
      default:
        throw new BinanceError(-1020, `Unknown method "${method}".`);
    }
  }

  /** Signed by a key, or, after a logon without `apiKey`, by the session. */
  #credentials(parameters: ReadonlyMap<string, string>): Credentials {
    const apiKey = parameters.get('apiKey');
    const signed = { apiKey, payload: socketPayload(parameters), signature: parameters.get('signature') };
    return apiKey === undefined && this.#session !== undefined ? { ...signed, session: this.#session.key } : signed;
  }

  #logOn(asked: Parameters, parameters: ReadonlyMap<string, string>): Record<string, unknown> {
    const apiKey = asked.required('apiKey');
    if (this.#exchange.keys.get(apiKey)?.kind === 'hmac') {
      throw new BinanceError(-4056, 'HMAC_SHA256 API key is not supported.');
    }
    const credentials = { apiKey, payload: socketPayload(parameters), signature: parameters.get('signature') };
    this.#session = { key: this.#performer.authenticate('read', asked, credentials), since: this.#exchange.now() };
    return this.#status();
  }

  #logOut(): Record<string, unknown> {
    const { key } = this.#session ?? {};
    this.#session = undefined;
    for (const [id, subscription] of [...this.#subscriptions]) if (subscription.key === key) this.#terminate(id);
    return this.#status();
  }

  #status(): Record<string, unknown> {
    return {
      apiKey: this.#session?.key.id ?? null,
      authorizedSince: this.#session?.since ?? null,
      connectedSince: this.#connectedAt,
      returnRateLimits: true,
      serverTime: this.#exchange.now(),
      userDataStream: this.#subscriptions.size > 0,
    };
  }

  #subscribe(key: ApiKey): Record<string, unknown> {
    if ([...this.#subscriptions.values()].some((subscription) => subscription.key.account === key.account)) {
      throw new BinanceError(-2035, 'Already subscribed to the user data stream.');
    }
    const id = this.#nextSubscription;
    this.#nextSubscription += 1;
    const isDeaf = this.#exchange.faults.takeDeafSubscription();
    const stop = key.account.observe((event) => {
      if (!isDeaf) this.#push(id, key, event);
    });
    this.#subscriptions.set(id, { key, stop });
    return { subscriptionId: id };
  }

  #push(subscriptionId: number, key: ApiKey, event: AccountEvent): void {
    this.#executions += 1;
    const payload = userEvent(key.account, event, this.#executions);
    this.#outlet.push('private', 'user', JSON.stringify({ subscriptionId, event: payload }));
  }

  #unsubscribe(id: number | undefined): Record<string, unknown> {
    const ids = id === undefined ? [...this.#subscriptions.keys()] : [id];
    if (id !== undefined && !this.#subscriptions.has(id)) throw missingParameter('subscriptionId');
    for (const one of ids) this.#terminate(one);
    return {};
  }

  #terminate(id: number): void {
    this.#subscriptions.get(id)?.stop();
    this.#subscriptions.delete(id);
    const event = { e: 'eventStreamTerminated', E: this.#exchange.now() };
    this.#outlet.push('private', 'user', JSON.stringify({ subscriptionId: id, event }));
  }

  /** The session's key is gone: it is told once, with no request's id. */
  #revoked(key: ApiKey): void {
    for (const [id, subscription] of [...this.#subscriptions]) if (subscription.key === key) this.#terminate(id);
    if (this.#session?.key !== key) return;
    this.#session = undefined;
    this.#fail(null, INVALID_KEY());
  }

  #fail(id: Message['id'], error: BinanceError): void {
    const { code, message: msg, data, status } = error;
    this.#outlet.answer(JSON.stringify({ id, status, error: { code, msg, ...(data === undefined ? {} : { data }) } }));
  }

  #rateLimits({ parameters, method }: Message): Record<string, unknown> {
    if (parameters.get('returnRateLimits') === 'false') return {};
    const weight = { ...RATE_LIMITS[0], count: this.#limits.usedWeight(this.#client.address, this.#exchange.now()) };
    const account = this.#session?.key.account ?? this.#exchange.keys.get(parameters.get('apiKey') ?? '')?.account;
    if (method !== 'order.place' || account === undefined) return { rateLimits: [weight] };
    const { tenSeconds, day } = this.#limits.orderCounts(account, this.#exchange.now());
    return { rateLimits: [{ ...RATE_LIMITS[1], count: tenSeconds }, { ...RATE_LIMITS[2], count: day }, weight] };
  }
}

function messageOf(text: string): Message | undefined {
  try {
    const {
      id = null,
      method,
      params,
    } = JSON.parse(text) as { id?: Message['id']; method?: unknown; params?: Record<string, unknown> };
    if (typeof method !== 'string') return undefined;
    const entries = Object.entries(params ?? {}).filter(([, value]) => value !== undefined && value !== null);
    const parameters = new Map(
      entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
    );
    return { id, method, parameters };
  } catch {
    return undefined;
  }
}
