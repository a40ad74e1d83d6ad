import { RateLimit } from '../../../core/rate-limit.ts';
import { AddressLimits, MINUTE } from '../../binance/requests/address-limits.ts';

const WEIGHT_LIMIT = 2400;

/** Requests about funding that one address may send in five minutes, whatever it asks. */
const MOST_ABOUT_FUNDING = 500;

/** https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info */
export class UsdmLimits extends AddressLimits {
  readonly #aboutFunding = new Map<string, RateLimit>();

  constructor() {
    super({
      weight: WEIGHT_LIMIT,
      requests: Number.POSITIVE_INFINITY,
      weightText: `Too many requests; current limit is ${WEIGHT_LIMIT} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
      banText: (until) =>
        `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`,
    });
  }

  /** Counts a request about funding, beside its weight. Throws 429 where there were too many. */
  spendFunding(address: string, now: number): void {
    const used = this.#aboutFunding.get(address) ?? new RateLimit(MOST_ABOUT_FUNDING, 5 * MINUTE);
    this.#aboutFunding.set(address, used);
    used.add(now, 1);
    if (used.used(now) > MOST_ABOUT_FUNDING) throw this.tooMuch(Math.ceil(used.remaining(now) / 1000), now);
  }
}

/** `rateLimits` of exchangeInfo. */
export const RATE_LIMITS = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT_LIMIT },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
];
