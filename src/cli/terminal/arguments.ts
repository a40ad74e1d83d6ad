/** Reads and checks the arguments of options. */

import { InvalidArgumentError } from 'commander';
import { writtenReason } from '../../domain/event.ts';
import { isIsoTime } from '../../domain/time.ts';

/** A time as ISO 8601 UTC with milliseconds; a day is its first instant. */
export function instant(text: string): string {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError('give a time such as 2024-08-08 or 2024-08-08T23:54:15Z');
  const iso = date.toISOString();
  if (!isIsoTime(iso)) throw new InvalidArgumentError('give a year of four digits');
  return iso;
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number of at least 1');
  return value;
}

/** Why a person asks for something. */
export function reasonArgument(text: string): string {
  const { error } = writtenReason.safeParse(text);
  if (error !== undefined) throw new InvalidArgumentError(`it ${error.issues[0]?.message}`);
  return text;
}

/** The values without those that are undefined, for a query: an option that is absent fits anything. */
export function definedOnly(
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): Record<string, string | readonly string[]> {
  const entries = Object.entries(values).filter((entry): entry is [string, string | readonly string[]] => entry[1] !== undefined);
  return Object.fromEntries(entries);
}
