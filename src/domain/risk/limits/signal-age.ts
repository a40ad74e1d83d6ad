import type { Limit } from '../limit.ts';

/** Nothing is opened on a bar that closed more than one interval ago, or that was fetched afterwards. */
export const signalAge = {
  name: 'signal-too-old',
  isForOpening: true,
  setting: null,
  check: (_order, { signal, nowMs }) => {
    if (signal === null) return null;
    const bound = `${signal.intervalMs}ms`;
    if (signal.isBackfill) return { value: 'backfill', bound, isWithin: false };
    const ageMs = nowMs - signal.barCloseMs;
    return { value: `${ageMs}ms`, bound, isWithin: ageMs <= signal.intervalMs };
  },
} as const satisfies Limit<null>;
