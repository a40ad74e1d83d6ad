import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import {
  BinanceError,
  INVALID_KEY,
  INVALID_KEY_FORMAT,
  INVALID_SIGNATURE,
  missingParameter,
} from '../../binance/requests/errors.ts';
import { Gate } from '../../binance/requests/gate.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import { ACCOUNT_ROUTES } from './account-routes.ts';
import type { Route, Security } from './call.ts';
import type { Limits } from './limits.ts';
import { MARKET_ROUTES } from './market-routes.ts';
import { ORDER_ROUTES } from './order-routes.ts';
import { isSignedBy } from './signature.ts';

const ROUTES: Readonly<Record<string, Route>> = { ...MARKET_ROUTES, ...ORDER_ROUTES, ...ACCOUNT_ROUTES };

const USUAL_WINDOW = 5000;
const MOST_WINDOW = 60_000;
/** A timestamp may be ahead of the venue's clock by less than this. */
const MOST_AHEAD = 1000;
/** From here on a timestamp counts microseconds. */
const FIRST_MICROSECONDS = 10 ** 14;

/** How a request says who it is from. */
export interface Credentials {
  readonly apiKey: string | undefined;
  readonly payload: string;
  readonly signature: string | undefined;
  /** The key of a session that has logged on: it needs no signature. */
  readonly session?: ApiKey;
}

export interface Performed {
  readonly result: unknown;
  readonly key: ApiKey | undefined;
}

/** Answers requests of REST and of the WebSocket API alike: limits, security, the routes, and the faults around them. */
export class Performer {
  readonly #exchange: Exchange;
  readonly #limits: Limits;
  readonly #gate: Gate;

  constructor(exchange: Exchange, limits: Limits) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#gate = new Gate(exchange, limits);
  }

  /** `name` is method and path of REST. Rejects with a `BinanceError`, or with `NoAnswer` where the answer is lost. */
  async perform(name: string, parameters: Parameters, credentials: Credentials, address: string): Promise<Performed> {
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (route === undefined) throw new BinanceError(-1000, 'Not found.', 404);
    const weight = typeof route.weight === 'number' ? route.weight : route.weight(parameters);
    return this.#gate.pass(route.operation, weight, address, () => {
      const performed = this.#answer(route, parameters, credentials, address);
      if (route.isFreeOnSuccess === true) this.#limits.giveBack(address, weight, this.#exchange.now());
      return performed;
    });
  }

  /** The key that signed the request, with the permission asked for. Throws the error that Binance answers. */
  authenticate(security: Exclude<Security, 'none'>, parameters: Parameters, credentials: Credentials): ApiKey {
    const key = credentials.session ?? this.#keyOf(credentials.apiKey);
    this.#checkTimestamp(parameters);
    if (credentials.session === undefined) {
      if (credentials.signature === undefined || credentials.signature === '') throw missingParameter('signature');
      // Binance signs percent-encoded text: what is not ASCII was not encoded before it was signed.
      if (!isSignedBy(key, credentials.payload, credentials.signature)) throw INVALID_SIGNATURE();
    }
    if (!key.permissions.has(security)) throw INVALID_KEY();
    return key;
  }

  #answer(route: Route, parameters: Parameters, credentials: Credentials, address: string): Performed {
    const call = { exchange: this.#exchange, limits: this.#limits, parameters, address };
    if (route.security === 'none') return { result: route.answer(call), key: undefined };
    const key = this.#authenticateOrder(route, parameters, credentials);
    return { result: route.answer({ ...call, key }), key };
  }

  /** An order outside of its own time is noted: it was sent late. */
  #authenticateOrder(route: Route & { security: 'read' | 'trade' }, parameters: Parameters, credentials: Credentials): ApiKey {
    try {
      return this.authenticate(route.security, parameters, credentials);
    } catch (error) {
      if (route.operation === 'place' && error instanceof BinanceError && error.code === -1021) {
        this.#exchange.submissions.add({
          at: this.#exchange.now(),
          account: this.#exchange.keys.get(credentials.apiKey ?? '')?.account.id ?? 0,
          symbol: parameters.optional('symbol') ?? '',
          clientId: parameters.optional('newClientOrderId') ?? '',
          outcome: 'late',
        });
      }
      throw error;
    }
  }

  #keyOf(id: string | undefined): ApiKey {
    if (id === undefined || !/^[\w-]{1,128}$/.test(id)) throw INVALID_KEY_FORMAT();
    const key = this.#exchange.keys.get(id);
    if (key === undefined) throw INVALID_KEY();
    return key;
  }

  #checkTimestamp(parameters: Parameters): void {
    const sent = parameters.integer('timestamp');
    if (sent === undefined) throw missingParameter('timestamp');
    const text = parameters.optional('recvWindow');
    if (text !== undefined && !/^\d{1,6}(\.\d{1,3})?$/.test(text)) throw missingParameter('recvWindow');
    const window = Number(text ?? USUAL_WINDOW);
    if (window > MOST_WINDOW) throw new BinanceError(-1131, 'recvWindow must be less than 60000.');
    const timestamp = sent >= FIRST_MICROSECONDS ? sent / 1000 : sent;
    const now = this.#exchange.now();
    if (timestamp >= now + MOST_AHEAD)
      throw new BinanceError(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
    if (now - timestamp > window) throw new BinanceError(-1021, 'Timestamp for this request is outside of the recvWindow.');
  }
}
