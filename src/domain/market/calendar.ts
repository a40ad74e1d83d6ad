/** When an instrument trades. */

export interface Calendar {
  /** Is the instrument in session at that time (epoch ms)? */
  isOpen(timeMs: number): boolean;
}

/** The calendars that an instrument can name. */
export const CALENDARS = {
  '24/7': { isOpen: () => true },
} as const satisfies Readonly<Record<string, Calendar>>;

export type CalendarName = keyof typeof CALENDARS;
