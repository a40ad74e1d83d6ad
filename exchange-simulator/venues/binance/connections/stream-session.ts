import type { Connection } from '../../../core/connections.ts';
import { RateLimit } from '../../../core/rate-limit.ts';
import type { ClientEnd, ServerEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { Outlet } from '../../../exchange/outlet.ts';
import { KeepAlive, type PingRules } from './keep-alive.ts';
import type { Subscriber, Topics } from './topics.ts';

const MOST_STREAMS = 1024;

/** What a market asks of connections to its streams, and what it tells them. */
export interface SessionRules extends PingRules {
  /** Pings, pongs and messages that a client may send in a second. */
  readonly mostMessages: number;
  /** Whether `serverShutdown` is sent before the service ends. */
  readonly saysShutdown: boolean;
}

/** What a client has connected to. */
export interface Endpoint {
  readonly isCombined: boolean;
  /** Those that its path names. */
  readonly streams: readonly string[];
  /** A stream that is not served here is accepted, and silent. */
  serves(stream: string): boolean;
}

const METHODS = ['SUBSCRIBE', 'UNSUBSCRIBE', 'LIST_SUBSCRIPTIONS', 'SET_PROPERTY', 'GET_PROPERTY'];

/** One connection to market streams: raw under `/ws`, combined (`{stream, data}`) under `/stream`. */
export class StreamSession implements ServerEnd, Connection {
  readonly isPrivate = false;
  readonly #exchange: Exchange;
  readonly #topics: Topics;
  readonly #client: ClientEnd;
  readonly #rules: SessionRules;
  readonly #endpoint: Endpoint;
  readonly #outlet: Outlet;
  readonly #keepAlive: KeepAlive;
  readonly #messages: RateLimit;
  readonly #streams = new Set<string>();
  readonly #deaf = new Set<string>();
  #isCombined: boolean;
  readonly #subscriber: Subscriber = (stream, payload) => {
    if (this.#deaf.has(stream)) return;
    this.#outlet.push('public', stream, JSON.stringify(this.#isCombined ? { stream, data: payload } : payload));
  };

  constructor(exchange: Exchange, topics: Topics, client: ClientEnd, rules: SessionRules, endpoint: Endpoint) {
    this.#exchange = exchange;
    this.#topics = topics;
    this.#client = client;
    this.#rules = rules;
    this.#endpoint = endpoint;
    this.#messages = new RateLimit(rules.mostMessages, 1000);
    this.#outlet = new Outlet(client, exchange.clock, exchange.faults.frames);
    this.#keepAlive = new KeepAlive(exchange.clock, client, rules);
    this.#isCombined = endpoint.isCombined;
    exchange.connections.add(this);
    for (const stream of endpoint.streams) this.#subscribe(stream);
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
    for (const stream of this.#streams) this.#topics.unsubscribe(stream, this.#subscriber);
  }

  cut(): void {
    this.#client.cut();
    this.closed();
  }

  announceShutdown(): void {
    if (!this.#rules.saysShutdown) return;
    const event = { e: 'serverShutdown', E: this.#exchange.now() };
    this.#outlet.answer(JSON.stringify(this.#isCombined ? { stream: '!serverShutdown', data: event } : event));
  }

  /** A client that sends too much is cut. */
  #isFlooded(): boolean {
    const now = this.#exchange.clock.now();
    this.#messages.add(now, 1);
    if (this.#messages.used(now) <= this.#rules.mostMessages) return false;
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

  /** A stream that does not exist is accepted like any other, and so is one that is served elsewhere. */
  #subscribe(stream: string, isDeaf = false): void {
    this.#streams.add(stream);
    if (isDeaf) this.#deaf.add(stream);
    else this.#deaf.delete(stream);
    if (this.#endpoint.serves(stream)) this.#topics.subscribe(stream, this.#subscriber);
  }

  #unsubscribe(stream: string): void {
    this.#streams.delete(stream);
    this.#topics.unsubscribe(stream, this.#subscriber);
  }
}

/**
 * `/ws/a/b`, `/stream?streams=a/b`; undefined for other paths. Other parts of a path name no stream: clients number
 * their connections there.
 */
export function endpointOf(target: string, serves: (stream: string) => boolean): Endpoint | undefined {
  const [path = '', query = ''] = target.split('?');
  const [, kind, rest = ''] = /^\/(stream|ws)(\/.*)?$/.exec(path) ?? [];
  if (kind === undefined) return undefined;
  const isCombined = kind === 'stream';
  const listed = isCombined ? (new URLSearchParams(query).get('streams') ?? '') : rest;
  return { isCombined, streams: listed.split('/').filter((stream) => stream.includes('@')), serves };
}

function isId(id: unknown): boolean {
  return id === null || Number.isSafeInteger(id) || (typeof id === 'string' && id.length <= 36);
}

function invalid(what: string): Record<string, unknown> {
  return { code: 2, msg: `Invalid request: ${what}` };
}
