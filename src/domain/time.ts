/**
 * Calendar arithmetic without a clock. On the tape a time is ISO 8601 UTC with milliseconds
 * (`2024-08-08T23:54:15.208Z`); inside it is milliseconds since 1970-01-01T00:00:00Z. Days to dates by Howard
 * Hinnant's "chrono-Compatible Low-Level Date Algorithms" (days_from_civil and civil_from_days).
 */

export const SECOND_MS = 1000;
export const MINUTE_MS = 60 * SECOND_MS;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const ISO_PATTERN = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;

/** Is `text` a time in the tape's form, and a day that exists? */
export function isIsoTime(text: string): boolean {
  return ISO_PATTERN.test(text) && isoTime(epochMs(text)) === text;
}

function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}

function pad(value: number, width: number): string {
  return value.toString().padStart(width, '0');
}

function civilDate(days: number): string {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1;
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}`;
}

function digits(text: string, from: number, to: number): number {
  let value = 0;
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48;
  return value;
}

/** Milliseconds since the epoch of a time in the tape's form; the form itself is the schema's to check. */
export function epochMs(iso: string): number {
  const days = daysFromCivil(digits(iso, 0, 4), digits(iso, 5, 7), digits(iso, 8, 10));
  return (
    days * DAY_MS +
    digits(iso, 11, 13) * HOUR_MS +
    digits(iso, 14, 16) * MINUTE_MS +
    digits(iso, 17, 19) * SECOND_MS +
    digits(iso, 20, 23)
  );
}

/** The tape's form of a time in milliseconds since the epoch, for the years 0000 to 9999. */
export function isoTime(ms: number): string {
  const days = Math.floor(ms / DAY_MS);
  const rest = ms - days * DAY_MS;
  const hour = Math.floor(rest / HOUR_MS);
  const minute = Math.floor(rest / MINUTE_MS) % 60;
  const second = Math.floor(rest / SECOND_MS) % 60;
  return `${civilDate(days)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}.${pad(rest % SECOND_MS, 3)}Z`;
}

/** The later of two times in the tape's form; `a` is null where there is none yet. */
export function laterTime(a: string | null, b: string): string {
  return a === null || b > a ? b : a;
}

/** The UTC day (`2024-08-08`) of a time in the tape's form. */
export function utcDay(iso: string): string {
  return iso.slice(0, 10);
}

/** Milliseconds of a duration: a count and a unit, such as `100ms`, `1s`, `5m`. */
export function durationMs(text: string): number {
  const unit = text.endsWith('ms') ? 'ms' : text.slice(-1);
  const count = Number(text.slice(0, -unit.length));
  const length: Record<string, number> = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS };
  return count * (length[unit] ?? Number.NaN);
}
