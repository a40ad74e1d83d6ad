import type { ApiKey, Permission } from '../../../accounts/api-key.ts';
import { NoAnswer } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Operation, RefusalKind } from '../../../faults/fault.ts';
import type { PublicHub } from '../connections/public-hub.ts';
import type { UserHub } from '../connections/user-hub.ts';
import { ACCOUNT_ROUTES } from './account-routes.ts';
import type { Route } from './call.ts';
import {
  ADDRESS_BANNED,
  BybitError,
  badParameter,
  GatewayError,
  INVALID_KEY,
  INVALID_SIGN,
  NO_PERMISSION,
  NO_ROUTE,
  outOfTime,
} from './errors.ts';
import { type Limits, tooMany } from './limits.ts';
import { MARKET_ROUTES } from './market-routes.ts';
import { ORDER_ROUTES } from './order-routes.ts';
import type { Parameters } from './parameters.ts';
import { isSignedBy, restPayload } from './signature.ts';

const ROUTES: Readonly<Record<string, Route>> = { ...MARKET_ROUTES, ...ORDER_ROUTES, ...ACCOUNT_ROUTES };

const USUAL_WINDOW = '5000';
/** A timestamp may be ahead of the venue's clock by less than this. */
const MOST_AHEAD = 1000;

/** How a request says who it is from. */
export interface Credentials {
  readonly timestamp: string | undefined;
  readonly recvWindow: string | undefined;
  /** The key of a connection that has authenticated, or what REST sends. */
  readonly by: ApiKey | { readonly apiKey: string | undefined; readonly signature: string | undefined; readonly content: string };
}

export interface Performed {
  readonly result: unknown;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answers requests of REST and of trade connections alike: limits, security, the routes, and the faults around them. */
export class Performer {
  readonly #exchange: Exchange;
  readonly #limits: Limits;
  readonly #hubs: { readonly hub: PublicHub; readonly users: UserHub };

  constructor(exchange: Exchange, limits: Limits, hubs: { readonly hub: PublicHub; readonly users: UserHub }) {
    this.#exchange = exchange;
    this.#limits = limits;
    this.#hubs = hubs;
  }

  /** `name` is method and path. Rejects with a `BybitError`, a `GatewayError`, or with `NoAnswer` where the answer is lost. */
  async perform(name: string, parameters: Parameters, credentials: Credentials): Promise<Performed> {
    const { faults } = this.#exchange;
    if (faults.isDown) throw new NoAnswer();
    if (faults.bannedUntil > 0) throw ADDRESS_BANNED();
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (route === undefined) throw NO_ROUTE(404);
    return faults.carryOut(
      route.operation,
      (kind) => this.#refusal(kind, route),
      () => this.#answer(name, route, parameters, credentials),
    );
  }

  /** The key that a connection authenticates with. Throws the error that Bybit answers. */
  authenticate(apiKey: string, payload: string, signature: string): ApiKey {
    const key = this.#exchange.keys.get(apiKey);
    if (key === undefined) throw INVALID_KEY();
    if (!isSignedBy(key, payload, signature)) throw INVALID_SIGN();
    return key;
  }

  #answer(name: string, route: Route, parameters: Parameters, credentials: Credentials): Performed {
    const call = { exchange: this.#exchange, ...this.#hubs, parameters };
    if (route.security === 'none') return { result: route.answer(call), headers: {} };
    const key = this.#keyOf(credentials, route.security, route.operation, parameters);
    const headers = this.#limits.countRoute(key.account, name, route.perSecond, this.#exchange.now());
    try {
      return { result: route.answer({ ...call, key }), headers };
    } catch (error) {
      // What is left is said beside refusals too.
      if (error instanceof BybitError) throw new BybitError(error.code, error.message, error.status, headers);
      throw error;
    }
  }

  #keyOf(credentials: Credentials, permission: Permission, operation: Operation, parameters: Parameters): ApiKey {
    const { by, timestamp, recvWindow = USUAL_WINDOW } = credentials;
    const apiKey = 'content' in by ? by.apiKey : by.id;
    const key = this.#exchange.keys.get(apiKey ?? '');
    if (timestamp === undefined || !/^\d{1,16}$/.test(timestamp) || !/^\d{1,8}$/.test(recvWindow)) {
      throw badParameter('X-BAPI-TIMESTAMP or X-BAPI-RECV-WINDOW invalid');
    }
    if (key === undefined) throw INVALID_KEY();
    const now = this.#exchange.now();
    if (Number(timestamp) >= now + MOST_AHEAD || Number(timestamp) < now - Number(recvWindow)) {
      if (operation === 'place') this.#noteLate(key, parameters);
      throw outOfTime(timestamp, now, recvWindow);
    }
    if ('content' in by) {
      const payload = restPayload(timestamp, key.id, credentials.recvWindow ?? '', by.content);
      if (!isSignedBy(key, payload, by.signature ?? '')) throw INVALID_SIGN();
    }
    if (!key.permissions.has(permission)) throw NO_PERMISSION();
    return key;
  }

  /** An order outside of its own time was sent late. */
  #noteLate(key: ApiKey, parameters: Parameters): void {
    this.#exchange.submissions.add({
      at: this.#exchange.now(),
      account: key.account.id,
      symbol: parameters.optional('symbol') ?? '',
      clientId: parameters.optional('orderLinkId') ?? '',
      outcome: 'late',
    });
  }

  #refusal(kind: RefusalKind, route: Route): Error {
    switch (kind) {
      case 'rate-limited':
        return tooMany('perSecond' in route ? route.perSecond : 50, this.#exchange.now() + 1000);
      case 'banned':
        return ADDRESS_BANNED();
      case 'server-error':
        return new GatewayError(502, '<html><body>502 Bad Gateway</body></html>');
      case 'unknown-outcome':
        return unknownOutcome(route.operation);
      case 'busy':
        return new BybitError(10429, 'System level frequency protection.', 429);
      case 'gone':
        return NO_ROUTE(410);
    }
  }
}

/** Nobody says what became of the request. */
function unknownOutcome(operation: Operation): BybitError {
  if (operation === 'place') return new BybitError(170146, 'Order creation timeout.');
  if (operation === 'cancel') return new BybitError(170147, 'Order cancellation timeout.');
  return new BybitError(10000, 'Server Timeout');
}
