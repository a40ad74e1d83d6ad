import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Connection } from '../../../core/connections.ts';
import { type ClientEnd, NoAnswer, type ServerEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { Outlet } from '../../../exchange/outlet.ts';
import { OkxError } from '../requests/errors.ts';
import type { Limits } from '../requests/limits.ts';
import { Parameters } from '../requests/parameters.ts';
import type { Performer } from '../requests/performer.ts';
import type { ChannelHub, Push, Subscriber } from './channel-hub.ts';
import { checkChannel, type Endpoint, topicOf } from './channels.ts';
import { IdleCut } from './idle-cut.ts';
import { login } from './login.ts';
import { type ChannelArg, COUNTED_CHANNELS, followPrivate } from './private-channels.ts';

/** What the connections of a venue share. */
export interface Shared {
  readonly exchange: Exchange;
  readonly limits: Limits;
  readonly performer: Performer;
  readonly hub: ChannelHub;
}

interface Message {
  readonly id?: string;
  readonly op: string;
  readonly args: readonly Readonly<Record<string, unknown>>[];
  readonly expTime?: string | number;
}

/** Operations that do what a route of REST does. */
const AS_REST: Readonly<Record<string, string>> = {
  order: 'POST /api/v5/trade/order',
  'batch-orders': 'POST /api/v5/trade/batch-orders',
  'cancel-order': 'POST /api/v5/trade/cancel-order',
  'batch-cancel-orders': 'POST /api/v5/trade/cancel-batch-orders',
};

/** One connection: to public channels, to an account's, or to those of the business address. */
export class Session implements ServerEnd, Connection {
  readonly isPrivate: boolean;
  readonly #shared: Shared;
  readonly #client: ClientEnd;
  readonly #endpoint: Endpoint;
  readonly #id: string;
  readonly #outlet: Outlet;
  readonly #idle: IdleCut;
  readonly #stopRevocations: () => void;
  #key: ApiKey | undefined;
  /** How to end each subscription, by the text of its argument. */
  readonly #subscriptions = new Map<string, { readonly arg: ChannelArg; readonly stop: () => void }>();

  constructor(shared: Shared, client: ClientEnd, endpoint: Endpoint, id: string) {
    const { exchange } = shared;
    this.#shared = shared;
    this.#client = client;
    this.#endpoint = endpoint;
    this.#id = id;
    this.isPrivate = endpoint === 'private';
    this.#idle = new IdleCut(exchange.clock, () => client.close(4004, 'No data received in 30s'));
    const counted: ClientEnd = {
      address: client.address,
      send: (text) => {
        this.#idle.sent();
        client.send(text);
      },
      ping: (payload) => client.ping(payload),
      close: (code, reason) => client.close(code, reason),
      cut: () => client.cut(),
    };
    this.#outlet = new Outlet(counted, exchange.clock, exchange.faults.frames);
    this.#stopRevocations = exchange.onKeyRevoked((key) => {
      if (this.#key === key) client.close(4007, 'API key has been updated or deleted. Please reconnect.');
    });
    exchange.connections.add(this);
  }

  receive(text: string): void {
    if (text === 'ping') this.#outlet.answer('pong');
    else void this.#receive(text);
  }

  pinged(): void {}

  ponged(): void {}

  closed(): void {
    this.#shared.exchange.connections.remove(this);
    this.#stopRevocations();
    this.#idle.stop();
    this.#outlet.close();
    for (const { stop } of this.#subscriptions.values()) stop();
    this.#subscriptions.clear();
  }

  cut(): void {
    this.#client.cut();
    this.closed();
  }

  /** OKX says it a minute before it upgrades the service. */
  announceShutdown(): void {
    const msg = 'The connection will soon be closed for a service upgrade. Please reconnect.';
    this.#say({ event: 'notice', code: '64008', msg, connId: this.#id });
  }

  async #receive(text: string): Promise<void> {
    const message = messageOf(text);
    if (message === undefined) return this.#fail(undefined, new OkxError(60012, `Invalid request: ${text}`));
    try {
      if (Object.hasOwn(AS_REST, message.op)) await this.#order(message);
      else this.#ask(message);
    } catch (error) {
      if (error instanceof NoAnswer) this.cut();
      else if (error instanceof OkxError) this.#fail(message.id, error);
      else throw error;
    }
  }

  #ask(message: Message): void {
    const { op, args, id } = message;
    if (op !== 'login' && op !== 'subscribe' && op !== 'unsubscribe') throw new OkxError(60019, `Invalid op: ${op}`);
    const { limits, exchange } = this.#shared;
    if (!limits.mayAsk(this.#id, exchange.clock.now())) throw new OkxError(60014, 'Requests too frequent');
    if (op === 'login') this.#login(args[0] ?? {}, id);
    for (const arg of args as readonly ChannelArg[]) {
      if (op === 'subscribe') this.#subscribe(arg, id);
      if (op === 'unsubscribe') this.#unsubscribe(arg, id);
    }
  }

  #login(arg: Readonly<Record<string, unknown>>, id: string | undefined): void {
    if (this.#endpoint === 'public') {
      throw new OkxError(
        60028,
        'The current operation is not supported by this URL. Please use the correct WebSocket URL for the operation.',
      );
    }
    this.#key = login(this.#shared.exchange, new Parameters(arg), this.#key);
    this.#say({ ...idOf(id), event: 'login', code: '0', msg: '', connId: this.#id });
  }

  /** What one argument asks for: each is acknowledged, or refused, by itself. */
  #subscribe(arg: ChannelArg, id: string | undefined): void {
    const { exchange, hub } = this.#shared;
    try {
      checkChannel(exchange, this.#endpoint, arg, this.#key !== undefined);
    } catch (error) {
      if (!(error instanceof OkxError)) throw error;
      this.#fail(id, error);
      return;
    }
    const name = JSON.stringify(arg);
    this.#say({ ...idOf(id), event: 'subscribe', arg, connId: this.#id });
    // A second subscription is acknowledged, and begins nothing: no snapshot comes.
    if (this.#subscriptions.has(name)) return;
    const isDeaf = exchange.faults.takeDeafSubscription();
    if (isDeaf) this.#subscriptions.set(name, { arg, stop: () => {} });
    else if (this.#endpoint === 'private') this.#subscribePrivate(name, arg);
    else this.#subscribePublic(name, arg, hub);
  }

  #subscribePublic(name: string, arg: ChannelArg, hub: ChannelHub): void {
    const topic = topicOf(arg);
    const subscriber: Subscriber = (_topic, push) => this.#push('public', topic, arg, push);
    hub.subscribe(topic, subscriber);
    this.#subscriptions.set(name, { arg, stop: () => hub.unsubscribe(topic, subscriber) });
    const first = hub.first(topic);
    if (first === undefined) return;
    if (first.action === 'snapshot' && this.#shared.exchange.faults.take('no-snapshot')) return;
    this.#push('public', topic, arg, first);
  }

  #subscribePrivate(name: string, arg: ChannelArg): void {
    const { exchange, performer } = this.#shared;
    const key = this.#key as ApiKey;
    const channel = arg.channel ?? '';
    const stopCounting = this.#count(channel, key);
    if (stopCounting === undefined) return;
    const stop = followPrivate(exchange, performer.sentOrders, key.account, arg, (named, data) =>
      this.#push('private', channel, named, { data }),
    );
    this.#subscriptions.set(name, {
      arg,
      stop: () => {
        stop();
        stopCounting();
      },
    });
  }

  /** Tells how many connections of the account have the channel; undefined where there is no room for one more. */
  #count(channel: string, key: ApiKey): (() => void) | undefined {
    const isKnown = [...this.#subscriptions.values()].some(({ arg }) => arg.channel === channel);
    if (!COUNTED_CHANNELS.includes(channel) || isKnown) return () => {};
    const { limits } = this.#shared;
    const { isFull, count } = limits.enterChannel(key.account.id, channel);
    const event = isFull ? 'channel-conn-count-error' : 'channel-conn-count';
    this.#say({ event, channel, connCount: String(count), connId: this.#id });
    return isFull ? undefined : () => limits.leaveChannel(key.account.id, channel);
  }

  #unsubscribe(arg: ChannelArg, id: string | undefined): void {
    const name = JSON.stringify(arg);
    this.#subscriptions.get(name)?.stop();
    this.#subscriptions.delete(name);
    this.#say({ ...idOf(id), event: 'unsubscribe', arg, connId: this.#id });
  }

  async #order({ id, op, args, expTime }: Message): Promise<void> {
    const { performer, exchange } = this.#shared;
    if (this.#endpoint !== 'private') {
      throw new OkxError(
        60028,
        'The current operation is not supported by this URL. Please use the correct WebSocket URL for the operation.',
      );
    }
    if (this.#key === undefined) throw new OkxError(60011, 'Please log in');
    const microseconds = (): string => String(exchange.now() * 1000);
    const inTime = microseconds();
    const said = (code: string, msg: string, data: readonly unknown[]): void =>
      this.#say({ ...idOf(id), op, code, msg, data, inTime, outTime: microseconds() });
    try {
      const orders = args.map((arg) => new Parameters(arg));
      const answer = await performer.socket(
        AS_REST[op] as string,
        orders,
        expTime === undefined ? undefined : String(expTime),
        this.#key,
      );
      said(answer.code, answer.msg, answer.data);
    } catch (error) {
      if (!(error instanceof OkxError)) throw error;
      // A banned address has no connection.
      if (error.status === 403) throw new NoAnswer();
      said(error.code, error.message, []);
    }
  }

  #push(on: 'public' | 'private', stream: string, arg: ChannelArg, { action, data }: Push): void {
    this.#outlet.push(on, stream, JSON.stringify({ arg, ...(action === undefined ? {} : { action }), data }));
  }

  #fail(id: string | undefined, { code, message }: OkxError): void {
    this.#say({ ...idOf(id), event: 'error', code, msg: message, connId: this.#id });
  }

  #say(message: Readonly<Record<string, unknown>>): void {
    this.#outlet.answer(JSON.stringify(message));
  }
}

function idOf(id: string | undefined): Record<string, unknown> {
  return id === undefined ? {} : { id };
}

function messageOf(text: string): Message | undefined {
  try {
    const { id, op, args, expTime } = JSON.parse(text) as Partial<Message>;
    const isWhole = typeof op === 'string' && Array.isArray(args) && args.every((arg) => typeof arg === 'object' && arg !== null);
    return isWhole ? ({ id, op, args, expTime } as Message) : undefined;
  } catch {
    return undefined;
  }
}
