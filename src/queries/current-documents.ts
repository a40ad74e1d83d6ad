/**
 * Documents as they are at the tape's end, wherever their read model is: what it has not read yet is applied to what it
 * has, in memory. So a command answers rightly when nothing is running that keeps the read models up.
 */

import type { EventStore } from '../ports/event-store.ts';
import type { FieldValue, FindQuery, FoundDocument, ReadDocument, ReadStore } from '../ports/read-store.ts';
import { foldDocument } from '../projections/fold.ts';
import type { Projection } from '../projections/projection.ts';
import { servingCollection } from '../runtime/projections/builds.ts';
import { assertSameTape } from '../runtime/projections/read-store-owner.ts';
import { comparePositions, type RecordedEvent } from '../tape/envelope.ts';

const PAGE = 500;

export interface Wanted {
  /** Only documents with these values, any of them where there are several. */
  readonly equal?: Readonly<Record<string, FieldValue | readonly FieldValue[]>>;
  /** The field that they are in order of, newest (greatest) first. */
  readonly sort: string;
  /** Of that field: from inclusive, to exclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** At most so many; all of them when absent. */
  readonly limit?: number;
}

/** The documents that fit, greatest first. Changes nothing that is stored. Throws OtherTapeError. */
export async function currentDocuments<Document extends object>(
  events: EventStore,
  reads: ReadStore,
  projection: Projection<Document>,
  wanted: Wanted,
): Promise<Document[]> {
  await assertSameTape(events, reads);
  const collection = await servingCollection(reads, projection);
  const ahead = await readAhead(events, reads, projection, collection);
  const documents = new Map<string, ReadDocument>();
  for await (const { key, document } of stored(reads, collection, wanted, ahead.size)) documents.set(key, document);
  for (const [key, document] of ahead) {
    const read = documents.get(key);
    if (read !== undefined && comparePositions(read._position, document._position) >= 0) continue;
    if (fits(document, wanted)) documents.set(key, document);
    else documents.delete(key);
  }
  const sorted = [...documents.values()].sort((a, b) => compareTexts(textOf(b, wanted.sort), textOf(a, wanted.sort)));
  return sorted.slice(0, wanted.limit ?? sorted.length) as ReadDocument[] as unknown[] as Document[];
}

/** The document of that key, if there is one. Changes nothing that is stored. Throws OtherTapeError. */
export async function currentDocument<Document extends object>(
  events: EventStore,
  reads: ReadStore,
  projection: Projection<Document>,
  key: string,
): Promise<Document | undefined> {
  await assertSameTape(events, reads);
  const collection = await servingCollection(reads, projection);
  const ahead = await readAhead(events, reads, projection, collection, key);
  const document = ahead.get(key) ?? (await reads.load(collection, [key])).get(key);
  return document as object | undefined as Document | undefined;
}

/** What becomes of the documents, or of one, by events that the read model has not read yet. */
async function readAhead(
  events: EventStore,
  reads: ReadStore,
  projection: Projection,
  collection: string,
  only?: string,
): Promise<Map<string, ReadDocument>> {
  const documents = new Map<string, ReadDocument>();
  for (let after = await reads.checkpoint(collection); ; ) {
    const page = await events.read({ categories: projection.categories, after, limit: PAGE });
    const byKey = new Map<string, RecordedEvent[]>();
    for (const event of page) {
      for (const key of projection.keys(event)) {
        if (only === undefined || key === only) byKey.set(key, [...(byKey.get(key) ?? []), event]);
      }
    }
    const unknown = [...byKey.keys()].filter((key) => !documents.has(key));
    for (const [key, document] of await reads.load(collection, unknown)) documents.set(key, document);
    for (const [key, fresh] of byKey) {
      const { document } = foldDocument(projection, documents.get(key), fresh);
      if (document !== undefined) documents.set(key, document);
    }
    after = page.at(-1)?.position ?? after;
    if (page.length < PAGE) return documents;
  }
}

/** Those of the read model; `more` than are asked for, because so many of them may have changed since. */
async function* stored(
  reads: ReadStore,
  collection: string,
  { equal, sort, from, to, limit }: Wanted,
  more: number,
): AsyncGenerator<FoundDocument> {
  const range = from === undefined && to === undefined ? undefined : { field: sort, from, to };
  let left = limit === undefined ? Number.POSITIVE_INFINITY : limit + more;
  for (let after: FindQuery['after']; left > 0; ) {
    const asked = Math.min(PAGE, left);
    const page = await reads.find({ collection, equal, range, sort: { field: sort, descending: true }, after, limit: asked });
    yield* page;
    left -= page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < asked) return;
    after = { key: last.key, value: textOf(last.document, sort) };
  }
}

function fits(document: ReadDocument, { equal, sort, from, to }: Wanted): boolean {
  const place = textOf(document, sort);
  if ((from !== undefined && place < from) || (to !== undefined && place >= to)) return false;
  return Object.entries(equal ?? {}).every(([field, values]) => {
    const value = (document[field] ?? null) as FieldValue;
    return Array.isArray(values) ? values.includes(value) : value === values;
  });
}

function textOf(document: ReadDocument, field: string): string {
  return String(document[field] ?? '');
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
