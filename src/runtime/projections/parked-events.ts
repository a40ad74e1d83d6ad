/**
 * Events that could not be applied to a document, and the later ones of that document. They are kept in the read store,
 * so that they are known, and their documents stand still, after a restart too. The events themselves are on the tape.
 * A parked event is over when its document has reached its position: nothing is ever taken from the list.
 */

import { UserError } from '../../domain/user-error.ts';
import type { EventStore } from '../../ports/event-store.ts';
import { documentPagesOf } from '../../ports/pages.ts';
import type { DocumentWrite, FindQuery, ReadDocument, ReadStore } from '../../ports/read-store.ts';
import { foldDocument } from '../../projections/fold.ts';
import type { Projection } from '../../projections/projection.ts';
import { comparePositions, type RecordedEvent, START } from '../../tape/envelope.ts';
import { parkedCollectionOf, servingCollection } from './builds.ts';

/** The events that are parked for one document. */
export interface Parked {
  readonly events: number;
  /** Position of the first of them, or null before there is any. */
  readonly first: string | null;
  /** Position of the last of them. */
  readonly last: string | null;
  /** The first is held back by its own error; false: by one before it that was applied since. */
  readonly hasOwnError: boolean;
}

export const NOTHING_PARKED: Parked = { events: 0, first: null, last: null, hasOwnError: false };

export interface ParkedDocument extends ReadDocument {
  /** The document that the event is for; the event's own id where that could not be told. */
  readonly key: string;
  readonly keyless: boolean;
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly position: string;
  /** Why it could not be applied; null for an event that only waits behind another. */
  readonly error: string | null;
  /** The position, so written that it sorts. */
  readonly sequence: string;
}

/** Counts how often the entry was written, because one document gives way to another of a higher position only. */
const FIRST_WRITE = '1';

/** `key` is null when it could not be told; `error` is null for an event that only waits behind another. */
export function parkedWrite(collection: string, key: string | null, event: RecordedEvent, error: unknown): DocumentWrite {
  const document: ParkedDocument = {
    _position: FIRST_WRITE,
    key: key ?? event.id,
    keyless: key === null,
    eventId: event.id,
    type: event.type,
    stream: event.stream,
    position: event.position,
    error: error === null ? null : reasonOf(error),
    sequence: sequenceOf(event.position),
  };
  return { collection: parkedCollectionOf(collection), key: rowKey(document), document };
}

/** The events that are parked in a build, by document key: of one document, or of all. */
export async function loadParked(reads: ReadStore, collection: string, key?: string): Promise<Map<string, Parked>> {
  const parked = new Map<string, Parked>();
  for await (const rows of openRows(reads, collection, key === undefined ? {} : { key })) {
    for (const { key, position, error } of rows) {
      const before = parked.get(key) ?? { ...NOTHING_PARKED, first: position, hasOwnError: error !== null };
      parked.set(key, { ...before, events: before.events + 1, last: position });
    }
  }
  return parked;
}

/** A document that stands still, by the event that holds it back. */
export interface Standstill {
  readonly projection: string;
  readonly collection: string;
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  readonly position: string;
  /** Why it could not be applied; null when it waited behind one that was applied since. */
  readonly error: string | null;
  /** Events that are parked for the document, this one among them. */
  readonly events: number;
}

/** The documents of a projection that stand still, in the order in which they came to. */
export async function listStandstills(reads: ReadStore, projection: Projection): Promise<Standstill[]> {
  const collection = await servingCollection(reads, projection);
  const found = new Map<string, Standstill>();
  for await (const rows of openRows(reads, collection, {})) {
    for (const { key, eventId, type, stream, position, error } of rows) {
      const before = found.get(key) ?? {
        projection: projection.name,
        collection,
        key,
        eventId,
        type,
        stream,
        position,
        error,
        events: 0,
      };
      found.set(key, { ...before, events: before.events + 1 });
    }
  }
  return [...found.values()];
}

/**
 * Applies what is parked for a document of the build that serves, as far as it can be. Throws UserError when nothing
 * is parked for it, or it cannot be applied later.
 */
export async function retryParked(projection: Projection, events: EventStore, reads: ReadStore, key: string): Promise<Reapplied> {
  const collection = await servingCollection(reads, projection);
  if (!(await loadParked(reads, collection, key)).has(key)) {
    throw new UserError(
      `nothing is parked for the document "${key}" of ${collection}: "./tapedeck projections parked" lists what is`,
    );
  }
  return applyParked(projection, collection, events, reads, key);
}

/** Events parked in a build that are still to be applied, in order, a page at a time. */
export async function* openRows(
  reads: ReadStore,
  collection: string,
  equal: NonNullable<FindQuery['equal']>,
): AsyncGenerator<ParkedDocument[]> {
  const sort = { field: 'sequence', isDescending: false };
  for await (const page of documentPagesOf(reads, { collection: parkedCollectionOf(collection), equal, sort })) {
    const rows = page.map(({ document }) => document as ParkedDocument);
    const stored = await reads.load(collection, [...new Set(rows.map(({ key }) => key))]);
    yield rows.filter(({ key, position }) => comparePositions(position, stored.get(key)?._position ?? START) > 0);
  }
}

/** An event whose documents could not be told cannot be applied later: only a rebuild puts it in its place. */
export class KeylessEventError extends UserError {
  constructor(projection: string, { eventId, position, error }: ParkedDocument) {
    super(
      `${eventId} at position ${position} was parked because the documents that it is about could not be told (${error}), and they may have gone on without it: run "./tapedeck projections rebuild ${projection}" with a build that can tell them`,
    );
  }
}

export interface Reapplied {
  /** Events that are in the document now. */
  readonly applied: number;
  /** The first event that still cannot be applied, and why; null when nothing is parked for the document any more. */
  readonly failed: { readonly event: RecordedEvent; readonly error: string } | null;
}

/** Applies what is parked for a document, in order, up to the first event that still cannot be applied. */
export async function applyParked(
  projection: Projection,
  collection: string,
  events: EventStore,
  reads: ReadStore,
  key: string,
): Promise<Reapplied> {
  let applied = 0;
  for await (const rows of openRows(reads, collection, { key })) {
    if (rows.length === 0) continue;
    // The documents that it is about may have gone on without it.
    if (rows[0]?.keyless === true) throw new KeylessEventError(projection.name, rows[0]);
    const parked = await Promise.all(rows.map((row) => eventOf(events, row)));
    const stored = (await reads.load(collection, [key])).get(key);
    const folded = foldDocument(projection, stored, parked);
    const writes: DocumentWrite[] = [];
    if (folded.document !== undefined) writes.push({ collection, key, document: folded.document });
    const [event] = folded.parked;
    const row = rows.find(({ eventId }) => eventId === event?.id);
    if (row !== undefined) writes.push(explained(collection, row, folded.error));
    await reads.commit(collection, writes, START);
    applied += rows.length - folded.parked.length;
    if (event !== undefined) return { applied, failed: { event, error: reasonOf(folded.error) } };
  }
  return { applied, failed: null };
}

async function eventOf(events: EventStore, { eventId, position }: ParkedDocument): Promise<RecordedEvent> {
  const event = await events.byId(eventId);
  if (event?.position !== position) throw new Error(`the parked event ${eventId} is not at position ${position} of the tape`);
  return event;
}

function explained(collection: string, row: ParkedDocument, error: unknown): DocumentWrite {
  const document = { ...row, error: reasonOf(error), _position: String(BigInt(row._position) + 1n) };
  return { collection: parkedCollectionOf(collection), key: rowKey(row), document };
}

function rowKey({ key, position }: ParkedDocument): string {
  return `${key}/${position}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function sequenceOf(position: string): string {
  return position.padStart(20, '0');
}
