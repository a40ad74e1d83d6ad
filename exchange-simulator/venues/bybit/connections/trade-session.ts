import type { ApiKey } from '../../../accounts/api-key.ts';
import { type ClientEnd, NoAnswer } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { BybitError, GatewayError, INVALID_KEY } from '../requests/errors.ts';
import { membersOf, Parameters } from '../requests/parameters.ts';
import type { Performer } from '../requests/performer.ts';
import { authenticate } from './private-session.ts';
import { type Message, Session } from './session.ts';

/** What does the same as a route of REST. */
const AS_REST: Readonly<Record<string, string>> = {
  'order.create': 'POST /v5/order/create',
  'order.cancel': 'POST /v5/order/cancel',
};

const ALIVE_MS = 600_000;

/** One connection for orders: https://bybit-exchange.github.io/docs/v5/websocket/trade/guideline */
export class TradeSession extends Session {
  readonly isPrivate = true;
  readonly #performer: Performer;
  readonly #seen = new Set<string>();
  readonly #stopRevocations: () => void;
  #key: ApiKey | undefined;
  #isEnding = false;

  constructor(exchange: Exchange, performer: Performer, client: ClientEnd, id: string) {
    super(exchange, client, id, ALIVE_MS);
    this.#performer = performer;
    this.#stopRevocations = exchange.onKeyRevoked((key) => {
      if (key === this.#key) this.cut();
    });
  }

  override closed(): void {
    super.closed();
    this.#stopRevocations();
  }

  /** Requests are refused from now on: another connection would be served. */
  override announceShutdown(): void {
    this.#isEnding = true;
  }

  protected handle(message: Message): void {
    if (message.op === 'ping') {
      this.#reply(message, { retCode: 0, retMsg: 'OK', data: [String(this.exchange.now())] }, 'pong');
    } else {
      void this.#perform(message);
    }
  }

  async #perform(message: Message): Promise<void> {
    try {
      if (message.op === 'auth') {
        if (this.#key !== undefined) throw new BybitError(20001, 'Repeat auth');
        this.#key = authenticate(this.exchange, this.#performer, message);
        this.#reply(message, { retCode: 0, retMsg: 'OK' });
        return;
      }
      const { result, headers } = await this.#order(message);
      this.#reply(message, { retCode: 0, retMsg: 'OK', data: result, header: this.#header(headers) });
    } catch (error) {
      if (error instanceof NoAnswer) this.cut();
      else if (error instanceof BybitError) this.#refuse(message, error.code, error.message, error.headers);
      // What stands before the exchange over HTTP is inside of it here.
      else if (error instanceof GatewayError) this.#refuse(message, error.status === 403 ? 10403 : 10016, error.message, {});
      else throw error;
    }
  }

  #order(message: Message): ReturnType<Performer['perform']> {
    if (this.#key === undefined) throw INVALID_KEY();
    if (this.#isEnding) throw new BybitError(10019, 'ws trade service is restarting, do not accept new request');
    const route = Object.hasOwn(AS_REST, message.op) ? AS_REST[message.op] : undefined;
    const [first] = message.args;
    if (route === undefined || typeof first !== 'object' || first === null) throw new BybitError(10404, 'op type is not found');
    if (message.reqId !== undefined) {
      const id = String(message.reqId);
      if (this.#seen.has(id) || id.length > 36) throw new BybitError(20006, 'reqId is duplicated');
      this.#seen.add(id);
    }
    const parameters = new Parameters(membersOf(first));
    if (parameters.optional('category') !== 'spot') throw new BybitError(10404, 'category is not correct/supported');
    const [timestamp, recvWindow] = ['X-BAPI-TIMESTAMP', 'X-BAPI-RECV-WINDOW'].map((name) => message.header?.[name]);
    return this.#performer.perform(route, parameters, {
      timestamp: timestamp === undefined ? undefined : String(timestamp),
      recvWindow: recvWindow === undefined ? undefined : String(recvWindow),
      by: this.#key,
    });
  }

  #refuse(message: Message, retCode: number, retMsg: string, headers: Readonly<Record<string, string>>): void {
    this.#reply(message, { retCode, retMsg, data: {}, header: this.#header(headers) });
  }

  #reply({ op, reqId }: Message, answer: Readonly<Record<string, unknown>>, as = op): void {
    this.answer({ ...(reqId === undefined ? {} : { reqId }), ...answer, op: as, connId: this.connectionId });
  }

  #header(headers: Readonly<Record<string, string>>): Record<string, string> {
    return { ...headers, Traceid: this.connectionId, Timenow: String(this.exchange.now()) };
  }
}
