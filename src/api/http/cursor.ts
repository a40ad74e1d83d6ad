/**
 * Cursors of lists. A cursor holds the sort value and the key of the last row of a page, so the next page starts
 * behind that row whatever was added in the meantime; and a hash of the query, so that it is refused elsewhere.
 */

import { Buffer } from 'node:buffer';
import { z } from 'zod';
import type { Place } from '../../ports/find-rules.ts';
import { canonicalHash } from '../../tape/canonical-json.ts';
import { invalidRequest } from './problem.ts';

const cursorContent = z.tuple([z.union([z.string(), z.number(), z.null()]), z.string(), z.string()]);

/** Longest cursor that is read; ours are far shorter. */
const MAX_LENGTH = 1_000;

/** `place` is that of the last row of the page before; `query` is what the list depends on: its route, filters and order, without page size and cursor. */
export function encodeCursor(place: Place, query: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify([place.value, place.key, queryHash(query)])).toString('base64url');
}

/** Throws a 400 problem that names `cursor` for one that was not given out for this very query. */
export function decodeCursor(cursor: string, query: Readonly<Record<string, unknown>>): Place {
  const content = cursor.length > MAX_LENGTH ? undefined : cursorContent.safeParse(jsonOf(cursor)).data;
  if (content === undefined) throw refusedCursor('is not one that this server gave out');
  const [value, key, hash] = content;
  if (hash !== queryHash(query)) throw refusedCursor('belongs to another query: use it with the same filters and order');
  return { value, key };
}

function queryHash(query: Readonly<Record<string, unknown>>): string {
  return canonicalHash(query).slice(0, 16);
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}

/** A 400 problem that names `cursor`. */
export function refusedCursor(message: string): Error {
  return invalidRequest(`The cursor ${message}.`, 'cursor', message);
}
