import type { Account } from '../../../accounts/account.ts';
import { RateLimit } from '../../../core/rate-limit.ts';
import { AddressLimits, MINUTE } from '../../binance/requests/address-limits.ts';
import { tooManyOrders } from '../../binance/requests/errors.ts';

const SECOND = 1000;

const WEIGHT_LIMIT = 6000;
const RAW_LIMIT = 300_000;
const ORDERS_IN_10_SECONDS = 100;
const ORDERS_A_DAY = 200_000;

interface OrderLimits {
  readonly tenSeconds: RateLimit;
  readonly day: RateLimit;
}

/** Limits by address, and by account (unfilled new orders). */
export class Limits extends AddressLimits {
  readonly #accounts = new Map<number, OrderLimits>();

  constructor() {
    super({
      weight: WEIGHT_LIMIT,
      requests: RAW_LIMIT,
      weightText: `Too much request weight used; current limit is ${WEIGHT_LIMIT} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
      banText: (until) =>
        `Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
    });
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
