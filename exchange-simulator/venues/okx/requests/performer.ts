import type { ApiKey } from '../../../accounts/api-key.ts';
import { type HttpRequest, NoAnswer } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { RefusalKind } from '../../../faults/fault.ts';
import { ACCOUNT_ROUTES } from './account-routes.ts';
import type { Answer, Call, Route } from './call.ts';
import { EXPIRED, OkxError, TIMESTAMP_EXPIRED, TOO_MANY_REQUESTS } from './errors.ts';
import type { Limits } from './limits.ts';
import { MARKET_ROUTES } from './market-routes.ts';
import { ORDER_ROUTES } from './order-routes.ts';
import { bodyParameters, Parameters, queryParameters } from './parameters.ts';
import { SentOrders } from './sent-orders.ts';
import { isSignedBy, restPayload } from './signature.ts';

const ROUTES: Readonly<Record<string, Route>> = { ...MARKET_ROUTES, ...ACCOUNT_ROUTES, ...ORDER_ROUTES };

/** How long a signed request lives. */
const VALIDITY_MS = 30_000;

/** `2020-12-08T09:08:57.715Z`. */
const TIMESTAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$/;

/** What a request gives, by whatever way it came. */
interface Asked {
  /** Method and path. */
  readonly name: string;
  readonly route: Route;
  readonly parameters: Parameters;
  readonly list: readonly Parameters[];
  readonly isSocket: boolean;
  readonly address: string;
  readonly expTime: string | undefined;
  /** Throws the error that OKX answers. */
  readonly authenticate: () => ApiKey;
  /** Whose orders they are, if anybody's: for what comes late. */
  readonly keyId: string | undefined;
}

/** Answers requests of REST and orders of WebSocket alike: limits, security, the routes, and the faults around them. */
export class Performer {
  readonly sentOrders = new SentOrders();
  readonly #exchange: Exchange;
  readonly #limits: Limits;

  constructor(exchange: Exchange, limits: Limits) {
    this.#exchange = exchange;
    this.#limits = limits;
  }

  /** Rejects with an `OkxError`, or with `NoAnswer` where the answer is lost. */
  async rest(request: HttpRequest): Promise<Answer> {
    const { method, path, query, body, headers } = request;
    if (this.#exchange.faults.isDown) throw new NoAnswer();
    const name = `${method} ${path}`;
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (route === undefined) throw new OkxError(404, 'Not Found', 404);
    const list = method === 'POST' ? bodyParameters(body) : [];
    return this.#perform({
      name,
      route,
      parameters: list[0] ?? queryParameters(query),
      list,
      isSocket: false,
      address: request.address,
      expTime: headers.exptime,
      authenticate: () => this.#authenticate(request),
      keyId: headers['ok-access-key'],
    });
  }

  /** An order operation of a connection that has logged in. `name` is method and path of REST. */
  async socket(name: string, args: readonly Parameters[], expTime: string | undefined, key: ApiKey): Promise<Answer> {
    if (this.#exchange.faults.isDown) throw new NoAnswer();
    return this.#perform({
      name,
      route: ROUTES[name] as Route,
      parameters: args[0] ?? new Parameters({}),
      list: args,
      isSocket: true,
      address: '',
      expTime,
      authenticate: () => key,
      keyId: key.id,
    });
  }

  async #perform(asked: Asked): Promise<Answer> {
    const { faults } = this.#exchange;
    if (faults.bannedUntil > 0) throw banned();
    return faults.carryOut(asked.route.operation, refusal, () => this.#answer(asked));
  }

  #answer(asked: Asked): Answer {
    const { route, parameters, list, isSocket } = asked;
    const { sentOrders } = this;
    const call: Call = { exchange: this.#exchange, limits: this.#limits, sentOrders, parameters, list, isSocket };
    let data: readonly unknown[] | Answer;
    if (route.security === 'none') {
      this.#pace(asked, asked.address);
      data = route.answer(call);
    } else {
      const key = this.#authenticateInTime(asked, route.isPlacing === true);
      if (!key.permissions.has(route.security)) {
        throw new OkxError(50120, "This API key doesn't have permission to use this function");
      }
      this.#pace(asked, String(key.account.id));
      data = route.answer({ ...call, key });
    }
    return isAnswer(data) ? data : { code: '0', msg: '', data };
  }

  #pace({ name, route, parameters }: Asked, who: string): void {
    const { pace } = route;
    if (pace === undefined) return;
    const whose = pace.by === 'account-instrument' ? `${who} ${parameters.optional('instId') ?? ''}` : who;
    this.#limits.spend(name, whose, pace, this.#exchange.now());
  }

  /** An order outside of its own time is noted: it was sent late. */
  #authenticateInTime(asked: Asked, isPlacing: boolean): ApiKey {
    try {
      const key = asked.authenticate();
      if (isPlacing && asked.expTime !== undefined && this.#exchange.now() > Number(asked.expTime)) throw EXPIRED();
      return key;
    } catch (error) {
      if (isPlacing && error instanceof OkxError && (error.code === '50102' || error.code === '50036')) {
        for (const parameters of asked.list) {
          this.#exchange.submissions.add({
            at: this.#exchange.now(),
            account: this.#exchange.keys.get(asked.keyId ?? '')?.account.id ?? 0,
            symbol: parameters.optional('instId') ?? '',
            clientId: parameters.optional('clOrdId') ?? '',
            outcome: 'late',
          });
        }
      }
      throw error;
    }
  }

  #authenticate({ method, path, query, body, headers }: HttpRequest): ApiKey {
    const header = (name: string, missing: number): string => {
      const value = headers[name.toLowerCase()];
      if (value === undefined || value === '') throw new OkxError(missing, `Request header "${name}" cannot be empty.`, 401);
      return value;
    };
    const id = header('OK-ACCESS-KEY', 50103);
    const passphrase = header('OK-ACCESS-PASSPHRASE', 50104);
    const signature = header('OK-ACCESS-SIGN', 50106);
    const timestamp = header('OK-ACCESS-TIMESTAMP', 50107);
    if (!TIMESTAMP.test(timestamp)) throw new OkxError(50112, 'Invalid OK-ACCESS-TIMESTAMP.', 401);
    if (Math.abs(this.#exchange.now() - Date.parse(timestamp)) > VALIDITY_MS) throw TIMESTAMP_EXPIRED();
    const key = this.#exchange.keys.get(id);
    if (key === undefined) throw new OkxError(50111, 'Invalid OK-ACCESS-KEY.', 401);
    if (key.passphrase !== passphrase) throw new OkxError(50105, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.', 401);
    const target = query === '' ? path : `${path}?${query}`;
    if (!isSignedBy(key, restPayload(timestamp, method, target, body), signature)) {
      throw new OkxError(50113, 'Invalid signature.', 401);
    }
    return key;
  }
}

function isAnswer(value: readonly unknown[] | Answer): value is Answer {
  return !Array.isArray(value);
}

/** The network before OKX refuses the address: its page is no JSON. */
function banned(): OkxError {
  return new OkxError(0, '<html><head><title>403 Forbidden</title></head></html>', 403);
}

function refusal(kind: RefusalKind): OkxError {
  switch (kind) {
    case 'rate-limited':
      return TOO_MANY_REQUESTS();
    case 'banned':
      return banned();
    case 'server-error':
      return new OkxError(50026, 'System error. Try again later', 500);
    case 'unknown-outcome':
      return new OkxError(
        50004,
        'API endpoint request timeout. (does not mean that the request was successful or failed, please check the request result).',
        400,
      );
    case 'busy':
      return new OkxError(50013, 'Systems are busy. Please try again later.', 429);
    case 'gone':
      return new OkxError(50005, 'API endpoint is inactive or unavailable.', 410);
  }
}
