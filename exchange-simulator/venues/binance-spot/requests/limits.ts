import type { Account } from '../../../accounts/account.ts';
import { RateLimit } from '../../../core/rate-limit.ts';
import { banned, tooManyOrders, tooMuchWeight } from './errors.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;

export const WEIGHT_LIMIT = 6000;
const RAW_LIMIT = 300_000;
const ORDERS_IN_10_SECONDS = 100;
const ORDERS_A_DAY = 200_000;
/** Connections that one address may attempt in five minutes. */
const CONNECTION_LIMIT = 300;

/** Refused requests after which an address that does not stop is banned, and for how long. */
const MOST_REFUSED = 10;
const BAN_MS = 2 * MINUTE;

interface AddressLimits {
  readonly weight: RateLimit;
  readonly raw: RateLimit;
  readonly connections: RateLimit;
  refused: number;
  bannedUntil: number;
}

interface OrderLimits {
  readonly tenSeconds: RateLimit;
  readonly day: RateLimit;
}

/** Limits by address (weight, bans, connections) and by account (unfilled new orders). */
export class Limits {
  readonly #addresses = new Map<string, AddressLimits>();
  readonly #accounts = new Map<number, OrderLimits>();

  /** Counts a request. Throws 429 where its weight does not fit into the minute, and 418 where the address is banned. */
  spend(address: string, weight: number, now: number): void {
    const limits = this.#of(address);
    if (limits.bannedUntil > now) throw banned(limits.bannedUntil, now);
    limits.raw.add(now, 1);
    if (limits.weight.used(now) + weight > WEIGHT_LIMIT || limits.raw.used(now) > RAW_LIMIT) {
      limits.refused += 1;
      if (limits.refused > MOST_REFUSED) {
        limits.refused = 0;
        limits.bannedUntil = now + BAN_MS;
        throw banned(limits.bannedUntil, now);
      }
      throw tooMuchWeight(WEIGHT_LIMIT, Math.ceil(limits.weight.remaining(now) / SECOND), now);
    }
    limits.weight.add(now, weight);
  }

  /** Orders that succeed cost nothing: what was spent is given back. */
  giveBack(address: string, weight: number, now: number): void {
    this.#of(address).weight.add(now, -weight);
  }

  usedWeight(address: string, now: number): number {
    return this.#of(address).weight.used(now);
  }

  mayConnect(address: string, now: number): boolean {
    const { connections } = this.#of(address);
    connections.add(now, 1);
    return connections.used(now) <= CONNECTION_LIMIT;
  }

  /** Throws 429 (-1015) where the account has too many unfilled new orders. */
  checkOrders(account: Account, now: number): void {
    const { tenSeconds, day } = this.#ordersOf(account);
    for (const [limit, text] of [
      [tenSeconds, '10 SECOND'],
      [day, '1 DAY'],
    ] as const) {
      if (limit.used(now) >= limit.limit) throw tooManyOrders(limit.limit, text, Math.ceil(limit.remaining(now) / SECOND), now);
    }
  }

  /** 1 for a new order, -1 when one is filled for the first time or refused. */
  countOrder(account: Account, change: number, now: number): void {
    const { tenSeconds, day } = this.#ordersOf(account);
    tenSeconds.add(now, change);
    day.add(now, change);
  }

  orderCounts(account: Account, now: number): { tenSeconds: number; day: number } {
    const { tenSeconds, day } = this.#ordersOf(account);
    return { tenSeconds: tenSeconds.used(now), day: day.used(now) };
  }

  #of(address: string): AddressLimits {
    let limits = this.#addresses.get(address);
    if (limits === undefined) {
      limits = {
        weight: new RateLimit(WEIGHT_LIMIT, MINUTE),
        raw: new RateLimit(RAW_LIMIT, 5 * MINUTE),
        connections: new RateLimit(CONNECTION_LIMIT, 5 * MINUTE),
        refused: 0,
        bannedUntil: 0,
      };
      this.#addresses.set(address, limits);
    }
    return limits;
  }

  #ordersOf(account: Account): OrderLimits {
    let limits = this.#accounts.get(account.id);
    if (limits === undefined) {
      limits = {
        tenSeconds: new RateLimit(ORDERS_IN_10_SECONDS, 10 * SECOND),
        day: new RateLimit(ORDERS_A_DAY, 24 * 60 * MINUTE),
      };
      this.#accounts.set(account.id, limits);
      // Unfilled orders count: the first fill of one takes it off.
      account.observe((event) => {
        if (event.kind === 'order' && event.fill !== undefined && event.order.fills.length === 1)
          this.countOrder(account, -1, event.at);
      });
    }
    return limits;
  }
}

/** `rateLimits` of exchangeInfo. */
export const RATE_LIMITS = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT_LIMIT },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: ORDERS_IN_10_SECONDS },
  { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: ORDERS_A_DAY },
  { rateLimitType: 'RAW_REQUESTS', interval: 'MINUTE', intervalNum: 5, limit: RAW_LIMIT },
];
