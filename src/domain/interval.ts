/** Bar intervals, written as venues write them: a count and a unit, `1s`, `5m`, `4h`, `1d`. */

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './time.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS };

/** Those that divide a day evenly, so that every bar of theirs lies within one UTC day. */
export const INTERVALS = [
  '1s',
  '5s',
  '10s',
  '15s',
  '30s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
] as const;

export type Interval = (typeof INTERVALS)[number];

/** Length in milliseconds. */
export function intervalMs(interval: Interval): number {
  return Number(interval.slice(0, -1)) * (UNIT_MS[interval.slice(-1)] ?? Number.NaN);
}

/** The open time (ms) of the bar that `timeMs` falls into; UTC days start at multiples of a day. */
export function barOpenMs(timeMs: number, interval: Interval): number {
  const length = intervalMs(interval);
  return Math.floor(timeMs / length) * length;
}
