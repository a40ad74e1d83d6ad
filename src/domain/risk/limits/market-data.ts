import type { Limit } from '../limit.ts';

/** Nothing is opened on market data with a gap, a crossed book, no quote, or that are stale. */
export const marketData: Limit = {
  name: 'market-data',
  opensOnly: true,
  check(_order, view) {
    const { untrusted } = view;
    return { limit: 'market-data', value: untrusted ?? 'trusted', bound: 'trusted', ok: untrusted === null };
  },
};
