import { z } from 'zod';
import type { Limit } from '../limit.ts';

/** Nothing is opened outside of the instrument's sessions. */
export const marketHours = {
  name: 'market-hours',
  isForOpening: true,
  setting: {
    key: 'marketHours',
    schema: z.boolean().default(true).describe("Deny opening orders outside the instrument's sessions."),
    read: (isChecked: boolean | undefined): 'open' | null => ((isChecked ?? true) ? 'open' : null),
    idleness: (isChecked: boolean | undefined) => (isChecked === false ? 'orders are opened at any hour' : null),
  },
  check: (_order, view, bound) => {
    const isOpen = view.calendar.isOpen(view.nowMs);
    return { value: isOpen ? 'open' : 'closed', bound, isWithin: isOpen };
  },
} as const satisfies Limit<'open'>;
