/** Binance's errors, with the codes and texts of its documents (errors.md, rest-api.md). */

/** The body `{code, msg}` of a refusal, and its HTTP status. */
export class BinanceError extends Error {
  readonly code: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the WebSocket API adds under `error.data`. */
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: number,
    message: string,
    status = 400,
    headers: Readonly<Record<string, string>> = {},
    data?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
    this.data = data;
  }
}

export const INVALID_SYMBOL = (): BinanceError => new BinanceError(-1121, 'Invalid symbol.');
export const INVALID_SIGNATURE = (): BinanceError => new BinanceError(-1022, 'Signature for this request is not valid.');
export const INVALID_KEY_FORMAT = (): BinanceError => new BinanceError(-2014, 'API-key format invalid.', 401);
export const INVALID_KEY = (): BinanceError => new BinanceError(-2015, 'Invalid API-key, IP, or permissions for action.', 401);
export const NO_SUCH_ORDER = (): BinanceError => new BinanceError(-2013, 'Order does not exist.');
export const UNKNOWN_ORDER = (): BinanceError => new BinanceError(-2011, 'Unknown order sent.');
export const UNKNOWN_OUTCOME = (): BinanceError =>
  new BinanceError(
    -1007,
    'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
    408,
  );
export const SERVER_BUSY = (): BinanceError =>
  new BinanceError(-1008, 'Server is currently overloaded with other requests. Please try again in a few minutes.', 503);

export function missingParameter(name: string): BinanceError {
  return new BinanceError(-1102, `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`);
}

export function unneededParameter(name: string): BinanceError {
  return new BinanceError(-1106, `Parameter '${name}' sent when not required.`);
}

export function filterFailure(filter: string): BinanceError {
  return new BinanceError(-1013, `Filter failure: ${filter}`);
}

export function newOrderRejected(message: string): BinanceError {
  return new BinanceError(-2010, message);
}

export function tooManyOrders(limit: number, interval: string, retryAfterSeconds: number, now: number): BinanceError {
  return tooMany(-1015, `Too many new orders; current limit is ${limit} orders per ${interval}.`, retryAfterSeconds, now);
}

/** 418: the address is banned until `until`. */
export function bannedUntil(text: string, until: number, now: number): BinanceError {
  const retryAfter = String(Math.max(1, Math.ceil((until - now) / 1000)));
  return new BinanceError(-1003, text, 418, { 'retry-after': retryAfter }, { serverTime: now, retryAfter: until });
}

/** 429. */
export function tooMany(code: number, text: string, retryAfterSeconds: number, now: number): BinanceError {
  const data = { serverTime: now, retryAfter: now + retryAfterSeconds * 1000 };
  return new BinanceError(code, text, 429, { 'retry-after': String(retryAfterSeconds) }, data);
}
