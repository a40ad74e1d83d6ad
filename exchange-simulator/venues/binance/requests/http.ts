import type { HttpRequest, HttpResponse } from '../../../core/venue.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { AddressLimits } from './address-limits.ts';
import { BinanceError } from './errors.ts';
import { parsePairs } from './parameters.ts';

/** What a request came to, and headers that only its answer has. */
interface Performed {
  readonly result: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * Answers a request with what `perform` makes of its parameters, or with its error, and says how much weight the
 * address has used. Rejects with `NoAnswer` where `perform` does.
 */
export async function answerHttp(
  exchange: Exchange,
  limits: AddressLimits,
  request: HttpRequest,
  perform: (parameters: ReadonlyMap<string, string>) => Promise<Performed>,
): Promise<HttpResponse> {
  const answer = (status: number, body: unknown, more: Readonly<Record<string, string>>): HttpResponse => {
    const used = String(limits.usedWeight(request.address, exchange.now()));
    const weights = { 'x-mbx-used-weight': used, 'x-mbx-used-weight-1m': used };
    return {
      status,
      headers: { 'content-type': 'application/json;charset=UTF-8', ...weights, ...more },
      body: JSON.stringify(body),
    };
  };
  try {
    const [query, body] = [parsePairs(request.query), parsePairs(request.body)];
    // A name that stands in both counts as the query has it.
    const { result, headers = {} } = await perform(new Map([...body, ...query]));
    return answer(200, result, headers);
  } catch (error) {
    if (!(error instanceof BinanceError)) throw error;
    return answer(error.status, { code: error.code, msg: error.message }, error.headers);
  }
}
