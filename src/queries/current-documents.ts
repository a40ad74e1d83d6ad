/**
 * Documents as they are at the tape's end, wherever their read model is: what it has not read yet is applied to what it
 * has, in memory. So a command answers rightly when nothing is running that keeps the read models up, or when only a
 * build of another version is there.
 */

import type { EventStore } from '../ports/event-store.ts';
import { comparePlaces, fieldOf, fits } from '../ports/find-rules.ts';
import { documentsOf, eventPagesOf } from '../ports/pages.ts';
import type { FindQuery, ReadDocument, ReadStore } from '../ports/read-store.ts';
import { foldDocument } from '../projections/fold.ts';
import type { Projection } from '../projections/projection.ts';
import { collectionOf, ensureServing } from '../runtime/projections/builds.ts';
import { assertSameTape } from '../runtime/stores/read-store-owner.ts';
import { comparePositions, type RecordedEvent, START } from '../tape/envelope.ts';

export interface Wanted {
  /** Only documents with these values, any of them where there are several. */
  readonly equal?: FindQuery['equal'];
  /** The field that they are in order of. */
  readonly sort: string;
  /** Smallest first, in place of greatest (newest) first. */
  readonly isRising?: boolean;
  /** Of that field: from inclusive, to exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** At most so many; all of them when absent. */
  readonly limit?: number;
}

/** The documents that fit, in the order of every read store. Changes nothing that is stored. Throws OtherTapeError. */
export async function currentDocuments<Document extends object>(
  events: EventStore,
  reads: ReadStore,
  projection: Projection<Document>,
  { equal, sort, isRising = false, from, to, limit = Number.POSITIVE_INFINITY }: Wanted,
): Promise<Document[]> {
  await assertSameTape(events, reads);
  const collection = await ownCollection(reads, projection);
  const query = { equal, sort: { field: sort, isDescending: !isRising }, range: { field: sort, from, to } };
  const ahead = await readAhead(events, reads, projection, collection);
  const documents = new Map<string, ReadDocument>();
  // As many more as may have changed since, for they may not fit any more.
  if (collection !== null) {
    const stored = documentsOf(reads, { ...query, collection }, limit + ahead.size);
    for await (const { key, document } of stored) documents.set(key, document);
  }
  for (const [key, document] of ahead) {
    const read = documents.get(key);
    if (read !== undefined && comparePositions(read._position, document._position) >= 0) continue;
    if (fits(document, query)) documents.set(key, document);
    else documents.delete(key);
  }
  const found = Array.from(documents, ([key, document]) => ({ key, document, value: fieldOf(document, sort) }));
  found.sort((a, b) => comparePlaces(a, b, query.sort));
  return found.slice(0, limit).map(({ document }) => document as object as Document);
}

/** The document of that key, if there is one. Changes nothing that is stored. Throws OtherTapeError. */
export async function currentDocument<Document extends object>(
  events: EventStore,
  reads: ReadStore,
  projection: Projection<Document>,
  key: string,
): Promise<Document | undefined> {
  await assertSameTape(events, reads);
  const collection = await ownCollection(reads, projection);
  const ahead = await readAhead(events, reads, projection, collection, key);
  const document = ahead.get(key) ?? (await storedIn(reads, collection, [key])).get(key);
  return document as object | undefined as Document | undefined;
}

/** Where documents of this program's version are; null where another version's serve, whose fields are not these. */
async function ownCollection(reads: ReadStore, projection: Projection): Promise<string | null> {
  const { serving } = await ensureServing(reads, projection);
  return serving.version === projection.version ? collectionOf(projection, serving) : null;
}

async function storedIn(
  reads: ReadStore,
  collection: string | null,
  keys: readonly string[],
): Promise<ReadonlyMap<string, ReadDocument>> {
  return collection === null ? new Map() : reads.load(collection, keys);
}

/** Applies events that the read model has not read yet to the documents, or to one; all events where there is none. */
async function readAhead(
  events: EventStore,
  reads: ReadStore,
  projection: Projection,
  collection: string | null,
  only?: string,
): Promise<Map<string, ReadDocument>> {
  const documents = new Map<string, ReadDocument>();
  const after = collection === null ? START : await reads.checkpoint(collection);
  for await (const page of eventPagesOf(events, { categories: projection.categories, after })) {
    const byKey = new Map<string, RecordedEvent[]>();
    for (const event of page) {
      for (const key of projection.keys(event)) {
        if (only === undefined || key === only) byKey.set(key, [...(byKey.get(key) ?? []), event]);
      }
    }
    const unknown = [...byKey.keys()].filter((key) => !documents.has(key));
    for (const [key, document] of await storedIn(reads, collection, unknown)) documents.set(key, document);
    for (const [key, fresh] of byKey) {
      const { document } = foldDocument(projection, documents.get(key), fresh);
      if (document !== undefined) documents.set(key, document);
    }
  }
  return documents;
}
