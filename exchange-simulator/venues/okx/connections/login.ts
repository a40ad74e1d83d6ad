import type { ApiKey } from '../../../accounts/api-key.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import { OkxError } from '../requests/errors.ts';
import type { Parameters } from '../requests/parameters.ts';
import { isSignedBy, loginPayload } from '../requests/signature.ts';

/** How far a login's timestamp may be from the venue's clock. */
const MOST_OFF_MS = 30_000;

/** The key that logs in. Throws the error that OKX answers. `present`: who has logged in on this connection before. */
export function login(exchange: Exchange, arg: Parameters, present: ApiKey | undefined): ApiKey {
  if (present !== undefined) {
    throw new OkxError(60031, 'The WebSocket endpoint does not allow multiple or repeated logins.');
  }
  const timestamp = arg.optional('timestamp') ?? '';
  if (!/^\d{10}(\.\d{1,3})?$/.test(timestamp)) throw new OkxError(60004, 'Invalid timestamp');
  if (Math.abs(exchange.now() - Number(timestamp) * 1000) > MOST_OFF_MS) throw new OkxError(60006, 'Timestamp request expired');
  const key = exchange.keys.get(arg.optional('apiKey') ?? '');
  if (key === undefined) throw new OkxError(60005, 'Invalid apiKey');
  if (key.passphrase !== arg.optional('passphrase')) throw new OkxError(60024, 'Wrong passphrase');
  if (!isSignedBy(key, loginPayload(timestamp), arg.optional('sign') ?? '')) throw new OkxError(60007, 'Invalid sign');
  return key;
}
