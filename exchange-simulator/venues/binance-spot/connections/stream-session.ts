import type { Connection } from '../../../core/connections.ts';
import { RateLimit } from '../../../core/rate-limit.ts';
import type { ClientEnd, ServerEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { Outlet } from '../../../exchange/outlet.ts';
import { KeepAlive } from './keep-alive.ts';
import type { StreamHub, Subscriber } from './stream-hub.ts';

/** Pings, pongs and messages that a client may send in a second. */
const MOST_MESSAGES = 5;
const MOST_STREAMS = 1024;

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'];

/** One connection to market streams: raw under `/ws`, combined (`{stream, data}`) under `/stream`. */
export class StreamSession implements ServerEnd, Connection {
  readonly isPrivate = false;
  readonly #exchange: Exchange;
  readonly #hub: StreamHub;
  readonly #client: ClientEnd;
  readonly #outlet: Outlet;
  readonly #keepAlive: KeepAlive;
  readonly #messages = new RateLimit(MOST_MESSAGES, 1000);
  readonly #streams = new Set<string>();
  readonly #deaf = new Set<string>();
  #isCombined: boolean;
  readonly #subscriber: Subscriber = (stream, payload) => {
    if (this.#deaf.has(stream)) return;
    this.#outlet.push('public', stream, JSON.stringify(this.#isCombined ? { stream, data: payload } : payload));
  };

  constructor(exchange: Exchange, hub: StreamHub, client: ClientEnd, target: string) {
    this.#exchange = exchange;
    this.#hub = hub;
    this.#client = client;
    this.#outlet = new Outlet(client, exchange.clock, exchange.faults.frames);
    this.#keepAlive = new KeepAlive(exchange.clock, client);
    this.#isCombined = target.startsWith('/stream');
    exchange.connections.add(this);
    for (const stream of streamsOf(target)) this.#subscribe(stream);
  }

  receive(text: string): void {
    if (this.#isFlooded()) return;
    const answer = this.#answer(text);
    if (answer !== undefined) this.#outlet.answer(JSON.stringify(answer));
  }

  pinged(): void {
    this.#isFlooded();
  }

  ponged(payload: string): void {
    if (!this.#isFlooded()) this.#keepAlive.ponged(payload);
  }

  closed(): void {
    this.#exchange.connections.remove(this);
    this.#keepAlive.stop();
    this.#outlet.close();
    for (const stream of this.#streams) this.#hub.unsubscribe(stream, this.#subscriber);
  }

  cut(): void {
    this.#client.cut();
    this.closed();
  }

  announceShutdown(): void {
    const event = { e: 'serverShutdown', E: this.#exchange.now() };
    this.#outlet.answer(JSON.stringify(this.#isCombined ? { stream: '!serverShutdown', data: event } : event));
  }

  /** A client that sends too much is cut. */
  #isFlooded(): boolean {
    const now = this.#exchange.clock.now();
    this.#messages.add(now, 1);
    if (this.#messages.used(now) <= MOST_MESSAGES) return false;
    this.cut();
    return true;
  }

  #answer(text: string): Record<string, unknown> | undefined {
    let message: { method?: unknown; params?: unknown; id?: unknown };
    try {
      message = JSON.parse(text) as typeof message;
    } catch {
      return { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' };
    }
    const { method, params = [], id } = message;
    if (id === undefined || !isId(id)) return invalid('request ID must be an unsigned integer');
    if (method === undefined) return invalid('missing field `method`');
    if (!METHODS.includes(String(method))) {
      return invalid(`unknown variant \`${String(method)}\`, expected one of ${METHODS.map((name) => `\`${name}\``).join(', ')}`);
    }
    if (method === 'LIST_SUBSCRIPTIONS') return { result: [...this.#streams], id };
    if (!Array.isArray(params)) return invalid('invalid type: expected a sequence');
    if (method === 'SET_PROPERTY' || method === 'GET_PROPERTY') return this.#property(String(method), params, id);
    const streams = params.map(String);
    if (method === 'UNSUBSCRIBE') for (const stream of streams) this.#unsubscribe(stream);
    else if (new Set([...this.#streams, ...streams]).size > MOST_STREAMS) return invalid('too many subscriptions');
    else for (const stream of streams) this.#subscribe(stream, this.#exchange.faults.takeDeafSubscription());
    return { result: null, id };
  }

  #property(method: string, [name, value]: readonly unknown[], id: unknown): Record<string, unknown> {
    if (typeof name !== 'string') return invalid('property name must be a string');
    if (name !== 'combined') return { code: 0, msg: 'Unknown property', id };
    if (method === 'GET_PROPERTY') return { result: this.#isCombined, id };
    if (typeof value !== 'boolean') return { code: 1, msg: 'Invalid value type: expected Boolean' };
    this.#isCombined = value;
    return { result: null, id };
  }

  /** A stream that does not exist is accepted like any other. */
  #subscribe(stream: string, isDeaf = false): void {
    this.#streams.add(stream);
    if (isDeaf) this.#deaf.add(stream);
    else this.#deaf.delete(stream);
    this.#hub.subscribe(stream, this.#subscriber);
  }

  #unsubscribe(stream: string): void {
    this.#streams.delete(stream);
    this.#hub.unsubscribe(stream, this.#subscriber);
  }
}

/** `/ws/a/b`, `/stream?streams=a/b`. Other parts of a path name no stream: clients number their connections there. */
function streamsOf(target: string): string[] {
  const [path = '', query = ''] = target.split('?');
  const listed = path.startsWith('/stream') ? (new URLSearchParams(query).get('streams') ?? '') : path.slice('/ws'.length);
  return listed.split('/').filter((stream) => stream.includes('@'));
}

function isId(id: unknown): boolean {
  return id === null || Number.isSafeInteger(id) || (typeof id === 'string' && id.length <= 36);
}

function invalid(what: string): Record<string, unknown> {
  return { code: 2, msg: `Invalid request: ${what}` };
}
