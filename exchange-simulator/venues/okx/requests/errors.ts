/** OKX's errors, with the codes, HTTP statuses and texts of its documents (Error Code: REST API, WebSocket). */

/** A request, or one order of it, was refused. */
export class OkxError extends Error {
  readonly code: string;
  /** Of a refusal that is no answer to a single order. */
  readonly status: number;

  constructor(code: number, message: string, status = 200) {
    super(message);
    this.code = String(code);
    this.status = status;
  }
}

export const NO_SUCH_INSTRUMENT = (): OkxError => new OkxError(51001, "Instrument ID or Spread ID doesn't exist.");
export const NO_SUCH_ORDER = (): OkxError => new OkxError(51603, 'Order does not exist');
export const NOT_CANCELED = (): OkxError =>
  new OkxError(51400, 'Order cancellation failed as the order has been filled, canceled or does not exist.');
export const WRONG_ACCOUNT_MODE = (): OkxError =>
  new OkxError(51010, "You can't complete this request under your current account mode.");
export const TOO_MANY_REQUESTS = (): OkxError => new OkxError(50011, 'Too Many Requests', 429);
export const EXPIRED = (): OkxError =>
  new OkxError(50036, "The expTime can't be earlier than the current system time. Please adjust the expTime and try again.");
export const TIMESTAMP_EXPIRED = (): OkxError => new OkxError(50102, 'Timestamp request expired.', 401);
export const JSON_ERROR = (): OkxError => new OkxError(50002, 'JSON syntax error', 400);

export function emptyParameter(name: string): OkxError {
  return new OkxError(50014, `Parameter ${name} can not be empty.`, 400);
}

export function wrongParameter(name: string): OkxError {
  return new OkxError(51000, `Parameter ${name} error`, 400);
}
