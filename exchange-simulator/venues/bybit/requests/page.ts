import { badParameter } from './errors.ts';
import type { Parameters } from './parameters.ts';

const WEEK = 7 * 24 * 60 * 60 * 1000;

/** How a list is read piece by piece. */
export interface Paging<T> {
  readonly usual: number;
  readonly most: number;
  /** Never the same for two items. */
  readonly key: (item: T) => string;
}

/** One piece of a list that is newest first, from where the cursor says, and the cursor of the next; empty at the end. */
export function page<T>(
  parameters: Parameters,
  all: readonly T[],
  { usual, most, key }: Paging<T>,
): { readonly items: T[]; readonly cursor: string } {
  const after = tokenOf(parameters.optional('cursor'));
  const start = after === undefined ? 0 : all.findIndex((item) => key(item) === after) + 1;
  const items = all.slice(start, start + parameters.limit(usual, most));
  const last = items.at(-1);
  const isEnd = last === undefined || start + items.length >= all.length;
  return { items, cursor: isEnd ? '' : encodeURIComponent(`page_token=${key(last)}&`) };
}

/** Clients send the cursor as it came, or encoded once more. */
function tokenOf(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  let text = cursor;
  while (text.includes('%')) text = decodeURIComponent(text);
  const token = /^page_token=([^&]+)&$/.exec(text)?.[1];
  if (token === undefined) throw badParameter('cursor invalid');
  return token;
}

/** The time that a request asks for: seven days at most, the last seven where it does not say. */
export function periodOf(parameters: Parameters, now: number): (at: number) => boolean {
  const [from, until] = [parameters.integer('startTime'), parameters.integer('endTime')];
  const start = from ?? (until ?? now) - WEEK;
  const end = until ?? start + WEEK;
  if (end < start || end - start > WEEK) throw badParameter('The time range between startTime and endTime cannot exceed 7 days');
  return (at) => at >= start && at <= end;
}
