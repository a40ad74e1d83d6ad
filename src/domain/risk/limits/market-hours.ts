import type { Limit } from '../limit.ts';

/** Nothing is opened outside of the instrument's sessions. */
export const marketHours: Limit = {
  name: 'market-hours',
  opensOnly: true,
  check(_order, view) {
    if (!view.limits.marketHours) return null;
    const ok = view.calendar.isOpen(view.nowMs);
    return { limit: 'market-hours', value: ok ? 'open' : 'closed', bound: 'open', ok };
  },
};
