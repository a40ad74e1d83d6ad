import { AddressLimits } from '../../binance/requests/address-limits.ts';

const WEIGHT_LIMIT = 2400;

/** https://developers.binance.com/docs/derivatives/usds-margined-futures/general-info */
export function usdmLimits(): AddressLimits {
  return new AddressLimits({
    weight: WEIGHT_LIMIT,
    requests: Number.POSITIVE_INFINITY,
    weightText: `Too many requests; current limit is ${WEIGHT_LIMIT} requests per minute. Please use the websocket for live updates to avoid polling the API.`,
    banText: (until) =>
      `Way too many requests; IP banned until ${until}. Please use the websocket for live updates to avoid bans.`,
  });
}

/** `rateLimits` of exchangeInfo. */
export const RATE_LIMITS = [
  { rateLimitType: 'REQUEST_WEIGHT', interval: 'MINUTE', intervalNum: 1, limit: WEIGHT_LIMIT },
  { rateLimitType: 'ORDERS', interval: 'MINUTE', intervalNum: 1, limit: 1200 },
  { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 300 },
];
