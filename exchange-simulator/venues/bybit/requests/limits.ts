import type { Account } from '../../../accounts/account.ts';
import { RateLimit } from '../../../core/rate-limit.ts';
import { ADDRESS_BANNED, BybitError } from './errors.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** Requests of one address over HTTP in five seconds; one more is a ban of ten minutes. */
const ADDRESS_LIMIT = 600;
const BAN_MS = 10 * MINUTE;
/** Connections that one address may attempt in five minutes at one endpoint. */
const CONNECTION_LIMIT = 500;

interface AddressLimits {
  readonly requests: RateLimit;
  readonly connections: Map<string, RateLimit>;
  bannedUntil: number;
}

/** Limits by address, and by account and route. */
export class Limits {
  readonly #addresses = new Map<string, AddressLimits>();
  readonly #routes = new Map<string, RateLimit>();

  /** Counts a request over HTTP. Throws 403 where there were too many. */
  countRequest(address: string, now: number): void {
    const limits = this.#of(address);
    if (limits.bannedUntil > now) throw ADDRESS_BANNED();
    limits.requests.add(now, 1);
    if (limits.requests.used(now) <= ADDRESS_LIMIT) return;
    limits.bannedUntil = now + BAN_MS;
    throw ADDRESS_BANNED();
  }

  mayConnect(address: string, endpoint: string, now: number): boolean {
    const { connections } = this.#of(address);
    const limit = connections.get(endpoint) ?? new RateLimit(CONNECTION_LIMIT, 5 * MINUTE);
    connections.set(endpoint, limit);
    limit.add(now, 1);
    return limit.used(now) <= CONNECTION_LIMIT;
  }

  /** Counts a request of an account. Returns the headers that say what is left; throws 10006 where nothing was. */
  countRoute(account: Account, route: string, limit: number, now: number): Readonly<Record<string, string>> {
    const key = `${account.id} ${route}`;
    const count = this.#routes.get(key) ?? new RateLimit(limit, SECOND);
    this.#routes.set(key, count);
    if (count.used(now) >= limit) throw tooMany(limit, now + count.remaining(now));
    count.add(now, 1);
    return limitHeaders(limit, limit - count.used(now), now);
  }

  #of(address: string): AddressLimits {
    const known = this.#addresses.get(address);
    if (known !== undefined) return known;
    const limits = { requests: new RateLimit(ADDRESS_LIMIT, 5 * SECOND), connections: new Map(), bannedUntil: 0 };
    this.#addresses.set(address, limits);
    return limits;
  }
}

/** `left` is 0 where the request was refused; `resetAt` is when there will be more. */
export function tooMany(limit: number, resetAt: number): BybitError {
  return new BybitError(10006, 'Too many visits. Exceeded the API Rate Limit.', 200, limitHeaders(limit, 0, resetAt));
}

function limitHeaders(limit: number, left: number, resetAt: number): Readonly<Record<string, string>> {
  return {
    'X-Bapi-Limit': String(limit),
    'X-Bapi-Limit-Status': String(left),
    'X-Bapi-Limit-Reset-Timestamp': String(resetAt),
  };
}
