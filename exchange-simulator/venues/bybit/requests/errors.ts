/** Bybit's errors, with the codes and texts of its documents: https://bybit-exchange.github.io/docs/v5/error */

/** A refusal: the body's `retCode` and `retMsg`, and the HTTP status, which is 200 for most. */
export class BybitError extends Error {
  readonly code: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: number, message: string, status = 200, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.code = code;
    this.status = status;
    this.headers = headers;
  }
}

/** A refusal by what stands before the exchange: the body is its message, and no JSON. */
export class GatewayError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const ADDRESS_BANNED = (): GatewayError => new GatewayError(403, '403, access too frequent');

export const INVALID_KEY = (): BybitError => new BybitError(10003, 'API key is invalid.');
export const INVALID_SIGN = (): BybitError =>
  new BybitError(10004, 'Error sign, please check your signature generation algorithm.');
export const NO_PERMISSION = (): BybitError => new BybitError(10005, 'Permission denied, please check your API key permissions.');
export const NO_ROUTE = (status: 404 | 410): BybitError => new BybitError(10017, 'Route not found.', status);
export const INVALID_SYMBOL = (): BybitError => new BybitError(170121, 'Invalid symbol.');
export const NO_SUCH_ORDER = (): BybitError => new BybitError(170213, 'Order does not exist.');
export const NOT_BUILT = (): BybitError => new BybitError(170227, 'This feature is not supported.');

export function badParameter(what: string): BybitError {
  return new BybitError(10001, `params error: ${what}`);
}

export function missing(...names: readonly string[]): BybitError {
  return badParameter(`Missing some parameters that must be filled in, ${names.join('/')}`);
}

export function outOfTime(sent: string, now: number, recvWindow: string): BybitError {
  return new BybitError(
    10002,
    `invalid request, please check your server timestamp or recv_window param. req_timestamp[${sent}],server_timestamp[${now}],recv_window[${recvWindow}]`,
  );
}
