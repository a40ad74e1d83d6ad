/** Reads of the read models: which position an answer reflects, pages of documents, and one document. */

import type { FastifyReply } from 'fastify';
import type { FieldValue, FindQuery, ReadDocument, ShownText } from '../ports.ts';
import type { Projection } from '../projections/projection.ts';
import { comparePositions } from '../tape/envelope.ts';
import { decodeCursor, encodeCursor, type Place } from './cursor.ts';
import type { ApiDependencies, ServedProjection } from './dependencies.ts';
import { tagAs, tagOf } from './etag.ts';
import { Problem } from './problem.ts';

export const POSITION_HEADER = 'Tapedeck-Position';

/** Parts of a query that a page depends on and the rows do not. */
const PAGING = new Set(['limit', 'cursor', 'min-position']);

/** How often the tape's end is looked at while a position is waited for. */
const LOOK_MS = 20;

const JSON_TYPE = 'application/json; charset=utf-8';

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

/**
 * Waits for the position that the query names and puts the position that the answer will reflect in its header: that
 * of the projection furthest behind. Throws a 503 problem when the wait takes too long.
 */
export async function reflect(
  deps: ApiDependencies,
  projections: readonly Projection[],
  query: { readonly 'min-position'?: string | undefined },
  reply: FastifyReply,
): Promise<void> {
  const served = projections.map((projection) => servedProjection(deps, projection));
  const wanted = query['min-position'];
  if (wanted !== undefined) {
    const reached = await Promise.all(served.map((projection) => projection.waitFor(wanted, deps.patience.positionMs)));
    if (reached.includes(false)) throw notReached(deps, wanted, reply);
  }
  const positions = served.map((projection) => projection.progress().position);
  reply.header(POSITION_HEADER, positions.sort(comparePositions)[0]);
}

/** As `reflect`, for reads of the tape itself: they reflect its end. */
export async function reflectTape(
  deps: ApiDependencies,
  query: { readonly 'min-position'?: string | undefined },
  reply: FastifyReply,
): Promise<void> {
  const wanted = query['min-position'];
  let head = await deps.events.head();
  for (let waited = 0; wanted !== undefined && comparePositions(head, wanted) < 0; waited += LOOK_MS) {
    if (waited >= deps.patience.positionMs) throw notReached(deps, wanted, reply);
    await sleep(LOOK_MS);
    head = await deps.events.head();
  }
  reply.header(POSITION_HEADER, head);
}

/** Throws when the system serves a read model that it does not run: a mistake in its wiring. */
export function servedProjection(deps: ApiDependencies, projection: Projection): ServedProjection {
  const served = deps.projections.get(projection.name);
  if (served === undefined) throw new Error(`the projection "${projection.name}" is not among those that are served`);
  return served;
}

/** Where the documents of a read model lie at this moment. */
export function collectionOf(deps: ApiDependencies, projection: Projection): string {
  return servedProjection(deps, projection).progress().collection;
}

function notReached(deps: ApiDependencies, wanted: string, reply: FastifyReply): Problem {
  reply.header('Retry-After', '1');
  return new Problem(
    503,
    'position-not-reached',
    `Position ${wanted} was not reached within ${deps.patience.positionMs} ms; ask again, or without min-position.`,
    [{ path: 'min-position', message: 'was not reached in time' }],
  );
}

export interface DocumentList {
  readonly projection: Projection;
  /** The field that the list is in order of. */
  readonly sort: string;
  readonly descending: boolean;
  /** Only documents with these values, any of them where there are several; undefined: any value. */
  readonly equal?: Readonly<Record<string, FieldValue | readonly FieldValue[] | undefined>>;
  /** Of the field that the list is in order of. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** The answer of `listTexts` when there are no documents. */
export const NONE_LISTED = '{"data":[],"next":null}';

/**
 * One page of documents, as the text of its JSON: they are handed on as they are stored. `route` keeps cursors of one
 * list from being used in another.
 */
export async function listTexts(
  deps: ApiDependencies,
  reply: FastifyReply,
  route: string,
  query: PageQuery,
  list: DocumentList,
): Promise<string> {
  const subject = subjectOf(route, query);
  const found = await deps.reads.findTexts(findQuery(deps, subject, query, list));
  let content = collectionOf(deps, list.projection);
  const { data, next } = pageOf(
    found,
    query.limit,
    subject,
    ({ key, value }) => ({ key, value }),
    ({ position, text }) => {
      content += `|${position}`;
      return text;
    },
  );
  reply.type(JSON_TYPE);
  tagAs(reply, `${content}|${next}`);
  return `{"data":[${data.join(',')}],"next":${JSON.stringify(next)}}`;
}

/** As `listTexts`, for documents that are not shown as they are. */
export async function listDocuments(
  deps: ApiDependencies,
  route: string,
  query: PageQuery,
  list: DocumentList,
  show: (document: ReadDocument) => Record<string, unknown>,
): Promise<Page<Record<string, unknown>>> {
  const subject = subjectOf(route, query);
  const found = await deps.reads.find(findQuery(deps, subject, query, list));
  return pageOf(
    found,
    query.limit,
    subject,
    ({ key, document }) => ({ key, value: document[list.sort] as FieldValue }),
    (row) => show(row.document),
  );
}

function findQuery(
  deps: ApiDependencies,
  subject: Readonly<Record<string, unknown>>,
  query: PageQuery,
  { projection, equal, sort, descending, from, to }: DocumentList,
): FindQuery {
  return {
    collection: collectionOf(deps, projection),
    equal: defined(equal ?? {}),
    sort: { field: sort, descending },
    range: from === undefined && to === undefined ? undefined : { field: sort, from, to },
    after: query.cursor === undefined ? undefined : decodeCursor(query.cursor, subject),
    // One more than asked for tells whether there is a next page.
    limit: query.limit + 1,
  };
}

/** The bytes of an answer, and its tag. */
interface Answer {
  readonly body: Buffer;
  readonly tag: string;
}

/** Of the texts that the read store keeps: it hands out the same object again as long as nothing is committed. */
const answers = new WeakMap<ShownText, Answer>();

/** One document as its JSON, or undefined. */
export async function findText<T extends object>(
  deps: ApiDependencies,
  reply: FastifyReply,
  projection: Projection<T>,
  key: string,
): Promise<Buffer | undefined> {
  const found = await deps.reads.loadText(collectionOf(deps, projection as Projection), key);
  if (found === undefined) return undefined;
  const { body, tag } = answerWith(found);
  reply.header('Content-Type', JSON_TYPE).header('ETag', tag);
  return body;
}

function answerWith(found: ShownText): Answer {
  const known = answers.get(found);
  if (known !== undefined) return known;
  const body = Buffer.from(found.text);
  const answer = { body, tag: tagOf(body) };
  answers.set(found, answer);
  return answer;
}

/** One document, or undefined. */
export async function findDocument<T extends object>(
  deps: ApiDependencies,
  projection: Projection<T>,
  key: string,
): Promise<(T & ReadDocument) | undefined> {
  const found = await deps.reads.load(collectionOf(deps, projection as Projection), [key]);
  return found.get(key) as (T & ReadDocument) | undefined;
}

/** A document as the API shows it, where it is not handed on as a text: without what only the read store needs. */
export function present(document: object): Record<string, unknown> {
  const { _position, sequence, ...shown } = document as Record<string, unknown>;
  return shown;
}

/** The part of a query that decides which rows there are, for the hash in cursors. */
export function subjectOf(route: string, query: object): Record<string, unknown> {
  const entries = Object.entries(query).filter(([field]) => !PAGING.has(field));
  return { route, ...Object.fromEntries(entries) };
}

/** Makes a page of `rows`, of which there is one more than `limit` when another page follows. */
export function pageOf<Row, Shown>(
  rows: readonly Row[],
  limit: number,
  subject: Readonly<Record<string, unknown>>,
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
  route: string,
  query: PageQuery,
  show: (value: Value) => Shown,
): Page<Shown> {
  const subject = subjectOf(route, query);
  const after = query.cursor === undefined ? '' : decodeCursor(query.cursor, subject).key;
  const keys = [...values.keys()].filter((key) => key > after).sort();
  return pageOf(
    keys.slice(0, query.limit + 1),
    query.limit,
    subject,
    (key) => ({ key, value: key }),
    (key) => show(values.get(key) as Value),
  );
}

function defined<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
