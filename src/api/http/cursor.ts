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

/** A JSON array in base64url, of at most 1,000 characters: ours are far shorter. */
export const CURSOR = /^W[A-Za-z0-9_-]{1,999}$/;
export const NOT_OURS = 'is not one that this server gave out';

/** `place` is that of the last row of the page before; `query` is what the list depends on: its route, filters and order, without page size and cursor. */
export function encodeCursor(place: Place, query: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify([place.value, place.key, queryHash(query)])).toString('base64url');
}

/** Has it the form of a cursor? To be asked before anything is waited for. */
export function isCursor(text: string): boolean {
  return contentOf(text) !== undefined;
}

/** Throws a 400 problem that names `cursor` for one that was not given out for this very query. */
export function decodeCursor(cursor: string, query: Readonly<Record<string, unknown>>): Place {
  const content = contentOf(cursor);
  if (content === undefined) throw refusedCursor(NOT_OURS);
  const [value, key, hash] = content;
  if (hash !== queryHash(query)) throw refusedCursor('belongs to another query: use it with the same filters and order');
  return { value, key };
}

function contentOf(cursor: string): z.output<typeof cursorContent> | undefined {
  return CURSOR.test(cursor) ? cursorContent.safeParse(jsonOf(cursor)).data : undefined;
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
