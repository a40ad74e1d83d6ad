import type { Limit } from '../limit.ts';

/** Nothing is opened on market data with a gap, a crossed book, no quote, or that are stale. */
export const marketData = {
  name: 'market-data',
  isForOpening: true,
  setting: null,
  check: (_order, { untrusted }) => ({ value: untrusted ?? 'trusted', bound: 'trusted', isWithin: untrusted === null }),
} as const satisfies Limit<null>;
