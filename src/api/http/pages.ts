/** Pages of documents and of things in memory, each with the cursor of the next. */

import type { FastifyReply } from 'fastify';
import { compareTexts, fieldOf, type Place } from '../../ports/find-rules.ts';
import type { FieldValue, FindQuery, FoundText } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { listedText } from '../../projections/shown.ts';
import type { ApiDependencies } from '../dependencies.ts';
import { decodeCursor, encodeCursor } from './cursor.ts';
import { answerKept } from './etag.ts';
import { collectionOf } from './read.ts';

/** Parts of a query that a page depends on and the rows do not. */
const PAGING = new Set(['limit', 'cursor', 'min-position']);

export interface Page<T> {
  readonly data: readonly T[];
  /** For the next page; null at the end. */
  readonly next: string | null;
}

export interface PageQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly 'min-position'?: string | undefined;
}

/** A page as it was asked for. */
export interface AskedPage {
  /** What the rows depend on, for the hash in cursors. */
  readonly subject: Readonly<Record<string, unknown>>;
  readonly limit: number;
  /** The last row of the page before. */
  readonly after: Place | undefined;
}

/**
 * To be called before anything is waited for: throws a 400 problem for a cursor of another query. `route` keeps cursors
 * of one list from being used in another.
 */
export function askedPage(route: string, query: PageQuery): AskedPage {
  const rows = Object.entries(query).filter(([field]) => !PAGING.has(field));
  const subject = { route, ...Object.fromEntries(rows) };
  return { subject, limit: query.limit, after: query.cursor === undefined ? undefined : decodeCursor(query.cursor, subject) };
}

export interface DocumentList {
  readonly projection: Projection;
  /** The field that the list is in order of. */
  readonly sort: string;
  readonly isDescending: boolean;
  /** Only documents with these values, any of them where there are several; undefined: any value. */
  readonly equal?: Readonly<Record<string, FieldValue | readonly FieldValue[] | undefined>>;
  /** Of the field that the list is in order of. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The answer of `answerPage` when there are no documents. */
export const NONE_LISTED = Buffer.from('{"data":[],"next":null}');

/** The answer with one page of documents: their texts are passed on as they are stored. */
export async function answerPage(
  deps: ApiDependencies,
  reply: FastifyReply,
  asked: AskedPage,
  list: DocumentList,
): Promise<Buffer> {
  const found = await deps.reads.findTexts(findQuery(deps, asked, list));
  return answerKept(reply, found, JSON.stringify(asked.subject), () => {
    const { data, next } = pageOf(found, asked, placeOf, ({ text }) => listedText(list.projection, text));
    return `{"data":[${data.join(',')}],"next":${JSON.stringify(next)}}`;
  });
}

function placeOf({ key, value }: FoundText): Place {
  return { key, value };
}

/** One page of documents, for an answer that is made of them. */
export async function pageOfDocuments<Document extends object>(
  deps: ApiDependencies,
  asked: AskedPage,
  list: DocumentList & { readonly projection: Projection<Document> },
): Promise<Page<Document>> {
  const found = await deps.reads.find(findQuery(deps, asked, list));
  return pageOf(
    found,
    asked,
    ({ key, document }) => ({ key, value: fieldOf(document, list.sort) }),
    ({ document }) => document as object as Document,
  );
}

function findQuery(
  deps: ApiDependencies,
  asked: AskedPage,
  { projection, equal, sort, isDescending, from, to }: DocumentList,
): FindQuery {
  return {
    collection: collectionOf(deps, projection),
    equal: defined(equal ?? {}),
    sort: { field: sort, isDescending },
    range: { field: sort, from, to },
    after: asked.after,
    // One more than asked for tells whether there is a next page.
    limit: asked.limit + 1,
  };
}

/** Makes a page of `rows`, of which there is one more than `limit` when another page follows. */
export function pageOf<Row, Shown>(
  rows: readonly Row[],
  { limit, subject }: AskedPage,
  placeOf: (row: Row) => Place,
  show: (row: Row) => Shown,
): Page<Shown> {
  const shown = rows.slice(0, limit);
  const last = shown[shown.length - 1];
  const next = rows.length > limit && last !== undefined ? encodeCursor(placeOf(last), subject) : null;
  return { data: shown.map(show), next };
}

/** A page of things that are few and in memory, in order of their keys. */
export function pageOfMap<Value, Shown>(
  values: ReadonlyMap<string, Value>,
  asked: AskedPage,
  show: (value: Value) => Shown,
): Page<Shown> {
  const after = asked.after?.key ?? '';
  const keys = [...values.keys()].filter((key) => compareTexts(key, after) > 0).sort(compareTexts);
  return pageOf(
    keys.slice(0, asked.limit + 1),
    asked,
    (key) => ({ key, value: key }),
    (key) => show(values.get(key) as Value),
  );
}

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}
