import type { Limit } from '../limit.ts';

/** Nothing is opened on a bar that closed more than one interval ago, or that was fetched afterwards. */
export const signalAge: Limit = {
  name: 'signal-too-old',
  opensOnly: true,
  check(_order, view) {
    const { signal, nowMs } = view;
    if (signal === null) return null;
    const bound = `${signal.intervalMs}ms`;
    if (signal.backfill) return { limit: 'signal-too-old', value: 'backfill', bound, ok: false };
    const ageMs = nowMs - signal.barCloseMs;
    return { limit: 'signal-too-old', value: `${ageMs}ms`, bound, ok: ageMs <= signal.intervalMs };
  },
};
