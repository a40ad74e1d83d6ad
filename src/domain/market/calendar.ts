/** When an instrument trades, and which day a moment belongs to. */

import type { InstrumentSettings } from '../settings/settings.ts';
import { isoTime, utcDay } from '../time.ts';

export interface Calendar {
  /** Is the instrument in session at that time (epoch ms)? */
  isOpen(timeMs: number): boolean;
  /** The date (`2024-08-08`) of the session that the time (epoch ms) falls into, or of the next one when closed. */
  tradingDay(timeMs: number): string;
}

/** Trades at all times; its days are UTC days. */
const ALWAYS_OPEN: Calendar = {
  isOpen: () => true,
  tradingDay: (timeMs) => utcDay(isoTime(timeMs)),
};

const CALENDARS: Readonly<Record<InstrumentSettings['calendar'], Calendar>> = { '24/7': ALWAYS_OPEN };

/** The calendar of that name. */
export function calendarOf(name: InstrumentSettings['calendar']): Calendar {
  return CALENDARS[name];
}
