import { every } from '../../../core/clock.ts';
import type { Connection } from '../../../core/connections.ts';
import type { ClientEnd, ServerEnd } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { Outlet } from '../../../exchange/outlet.ts';

/** How often connections are looked at. */
const SCAN_MS = 30_000;

/** One message of a client. */
export interface Message {
  readonly op: string;
  readonly args: readonly unknown[];
  readonly req_id?: unknown;
  readonly reqId?: unknown;
  readonly header?: Readonly<Record<string, unknown>>;
}

/** One connection: it is cut where neither side has said anything for `aliveMs`. */
export abstract class Session implements ServerEnd, Connection {
  abstract readonly isPrivate: boolean;
  readonly connectionId: string;
  protected readonly exchange: Exchange;
  readonly #client: ClientEnd;
  readonly #outlet: Outlet;
  readonly #stopScan: () => void;
  #lastAt: number;

  constructor(exchange: Exchange, client: ClientEnd, connectionId: string, aliveMs: number) {
    this.exchange = exchange;
    this.connectionId = connectionId;
    this.#client = client;
    this.#outlet = new Outlet(client, exchange.clock, exchange.faults.frames);
    this.#lastAt = exchange.clock.now();
    this.#stopScan = every(exchange.clock, SCAN_MS, () => {
      if (exchange.clock.now() - this.#lastAt >= aliveMs) this.cut();
    });
    exchange.connections.add(this);
  }

  protected abstract handle(message: Message): void;

  receive(text: string): void {
    this.#lastAt = this.exchange.clock.now();
    const message = messageOf(text);
    if (message === undefined) this.answer({ success: false, ret_msg: 'error:invalid op', conn_id: this.connectionId });
    else this.handle(message);
  }

  pinged(): void {
    this.#lastAt = this.exchange.clock.now();
  }

  ponged(): void {}

  closed(): void {
    this.exchange.connections.remove(this);
    this.#stopScan();
    this.#outlet.close();
  }

  cut(): void {
    this.#client.cut();
    this.closed();
  }

  /** Nothing announces a restart here: connections are cut. */
  announceShutdown(): void {}

  protected answer(value: Readonly<Record<string, unknown>>): void {
    this.#outlet.answer(JSON.stringify(value));
  }

  protected push(topic: string, text: string): void {
    this.#lastAt = this.exchange.clock.now();
    this.#outlet.push(this.isPrivate ? 'private' : 'public', topic, text);
  }

  /** The answer to `subscribe` and the like: one for all topics of a request. */
  protected acknowledge({ op, req_id }: Message, failure?: string): void {
    const id = req_id === undefined ? {} : { req_id };
    this.answer({ success: failure === undefined, ret_msg: failure ?? '', conn_id: this.connectionId, ...id, op });
  }
}

/** How long a private connection lives without a word, as its address asks: 30 to 600 seconds, `30s` or `1m`. */
export function aliveMs(target: string): number {
  const query = new URLSearchParams(target.split('?')[1] ?? '');
  const match = /^(\d{1,3})(s|m)$/.exec(query.get('max_active_time') ?? query.get('max_alive_time') ?? '');
  const seconds = match === null ? 600 : Number(match[1]) * (match[2] === 'm' ? 60 : 1);
  return Math.min(600, Math.max(30, seconds)) * 1000;
}

function messageOf(text: string): Message | undefined {
  try {
    const message = JSON.parse(text) as Message;
    if (typeof message.op !== 'string') return undefined;
    return Array.isArray(message.args) ? message : { ...message, args: [] };
  } catch {
    return undefined;
  }
}
