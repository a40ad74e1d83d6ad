import type { ClientEnd, HttpRequest, HttpResponse, ServerEnd, Venue } from '../../core/venue.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { type Endpoint, StreamSession } from '../binance/connections/stream-session.ts';
import { BinanceError } from '../binance/requests/errors.ts';
import { Gate } from '../binance/requests/gate.ts';
import { answerHttp } from '../binance/requests/http.ts';
import { Parameters } from '../binance/requests/parameters.ts';
import { SESSION_RULES, usdmEndpoint } from './connections/session-rules.ts';
import { StreamHub } from './connections/stream-hub.ts';
import { UsdmLimits } from './requests/limits.ts';
import { MARKET_ROUTES } from './requests/market-routes.ts';

/** Binance USD-M futures: market data over REST and streams. */
export class BinanceUsdm implements Venue {
  readonly #exchange: Exchange;
  readonly #limits = new UsdmLimits();
  readonly #gate: Gate;
  readonly #hub: StreamHub;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
    this.#gate = new Gate(exchange, this.#limits);
    this.#hub = new StreamHub(exchange);
  }

  /** Ends what the venue does by itself. Connections end when their clients or the network end them. */
  stop(): void {
    this.#hub.stop();
  }

  request(request: HttpRequest): Promise<HttpResponse> {
    const { method, path, address } = request;
    return answerHttp(this.#exchange, this.#limits, request, async (pairs) => {
      const name = `${method} ${path}`;
      const route = Object.hasOwn(MARKET_ROUTES, name) ? MARKET_ROUTES[name] : undefined;
      if (route === undefined) throw new BinanceError(-5000, `Path ${path}, Method ${method} is invalid`, 404);
      const parameters = new Parameters(pairs);
      const weight = typeof route.weight === 'number' ? route.weight : route.weight(parameters);
      const answer = (): unknown => {
        if (route.isAboutFunding === true) this.#limits.spendFunding(address, this.#exchange.now());
        return route.answer({ exchange: this.#exchange, parameters });
      };
      return { result: await this.#gate.pass('market', weight, address, answer) };
    });
  }

  mayConnect(target: string, address: string): boolean {
    if (usdmEndpoint(target) === undefined) return false;
    const { faults } = this.#exchange;
    return this.#limits.mayConnect(address, this.#exchange.now()) && faults.bannedUntil === 0 && faults.mayConnect(false);
  }

  connect(target: string, client: ClientEnd): ServerEnd {
    const endpoint = usdmEndpoint(target) as Endpoint;
    return new StreamSession(this.#exchange, this.#hub.topics, client, SESSION_RULES, endpoint);
  }
}
