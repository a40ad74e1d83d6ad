/** Reads of the read models: which position an answer reflects, pages of documents, and one document. */

import type { FastifyReply } from 'fastify';
import type { ReadDocument } from '../../ports/read-store.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions } from '../../tape/envelope.ts';
import { pause } from '../../waiting.ts';
import type { ApiDependencies, ServedProjection } from '../dependencies.ts';
import { answerKept } from './etag.ts';
import { notFound, Problem } from './problem.ts';

export const POSITION_HEADER = 'Tapedeck-Position';

/** How often the tape's end is looked at while a position is waited for. */
const LOOK_MS = 20;

/** What a read reflects. */
export interface Reflected {
  readonly position: string;
  /** Everything is in the read models that was on the tape when the server started. */
  readonly isWhole: boolean;
}

/** What of a query says when it may be read, and how much. */
interface ReadQuery {
  readonly 'min-position'?: string | undefined;
  /** Of a list. */
  readonly limit?: number | undefined;
}

/**
 * Waits for the position that the query names, then for the turn of the read, and puts the position that the answer will
 * reflect in its header: that of the projection furthest behind, which it returns. Throws a 503 problem when a wait takes too long.
 */
export async function atPosition(
  deps: ApiDependencies,
  projections: readonly Projection[],
  query: ReadQuery,
  reply: FastifyReply,
): Promise<Reflected> {
  const served = projections.map((projection) => servedProjection(deps, projection));
  const wanted = query['min-position'];
  if (wanted !== undefined) {
    const reached = await Promise.all(served.map((projection) => projection.waitFor(wanted, deps.timeouts.positionMs)));
    if (reached.includes(false)) throw notReached(deps, wanted);
  }
  const turn = reply.request.reading?.begin(query.limit ?? 1);
  if (turn !== undefined) await turn;
  const positions = served.map((projection) => projection.progress().position);
  const reflected = positions.sort(comparePositions)[0] as string;
  reply.header(POSITION_HEADER, reflected);
  return { position: reflected, isWhole: served.every(({ isWhole }) => isWhole) };
}

/**
 * The problem of what a read did not find: 404; or 503 where the read models were not whole before it (see `Reflected`),
 * because it may be on the tape all the same.
 */
export function absent(isWhole: boolean, detail: string): Problem {
  if (isWhole) return notFound(detail);
  return new Problem(503, 'starting', 'The read models have not read yet what was on the tape at the start: see /readyz.');
}

/** As `atPosition`, for reads of the tape itself: they reflect its end. */
export async function atTapeEnd(deps: ApiDependencies, query: ReadQuery, reply: FastifyReply): Promise<void> {
  const wanted = query['min-position'];
  if (wanted !== undefined) await untilOnTape(deps, wanted);
  const turn = reply.request.reading?.begin(query.limit ?? 1);
  if (turn !== undefined) await turn;
  reply.header(POSITION_HEADER, await deps.events.head());
}

async function untilOnTape(deps: ApiDependencies, wanted: string): Promise<void> {
  for (let waited = 0; comparePositions(await deps.events.head(), wanted) < 0; waited += LOOK_MS) {
    if (waited >= deps.timeouts.positionMs) throw notReached(deps, wanted);
    await pause(deps.time, LOOK_MS);
  }
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

function notReached(deps: ApiDependencies, wanted: string): Problem {
  return new Problem(
    503,
    'position-not-reached',
    `Position ${wanted} was not reached within ${deps.timeouts.positionMs} ms: try again, or ask without min-position.`,
    [{ path: 'min-position', message: 'was not reached in time' }],
  );
}

/** The answer with one document, its JSON as it is stored; undefined where there is none. */
export async function answerDocument<T extends object>(
  deps: ApiDependencies,
  reply: FastifyReply,
  projection: Projection<T>,
  key: string,
): Promise<Buffer | undefined> {
  const found = await deps.reads.loadText(collectionOf(deps, projection as Projection), key);
  if (found === undefined) return undefined;
  return answerKept(reply, found, '', () => found.text);
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
