/** Reading all that a query finds on the tape or in a collection, a page at a time. */

import type { RecordedEvent } from '../tape/envelope.ts';
import type { ReadQuery, TapeReader } from './event-store.ts';
import { fieldOf } from './find-rules.ts';
import type { FindQuery, FoundDocument, ReadStore } from './read-store.ts';

const PAGE = 500;

/** The events that a query finds, in its order, page by page; at most `limit` of them. No page is empty. */
export async function* eventPagesOf(
  tape: Pick<TapeReader, 'read'>,
  query: Omit<ReadQuery, 'limit'>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly RecordedEvent[]> {
  let left = limit;
  for (let { after } = query; left > 0; ) {
    const asked = Math.min(PAGE, left);
    const page = await tape.read({ ...query, after, limit: asked });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < asked) return;
    left -= page.length;
    after = last.position;
  }
}

/** The events that a query finds, in its order; at most `limit` of them. */
export async function* eventsOf(...asked: Parameters<typeof eventPagesOf>): AsyncGenerator<RecordedEvent> {
  for await (const page of eventPagesOf(...asked)) yield* page;
}

/** The documents that a query finds, in its order, page by page; at most `limit` of them. No page is empty. */
export async function* documentPagesOf(
  reads: Pick<ReadStore, 'find'>,
  query: Omit<FindQuery, 'after' | 'limit'>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<readonly FoundDocument[]> {
  let left = limit;
  for (let after: FindQuery['after']; left > 0; ) {
    const asked = Math.min(PAGE, left);
    const page = await reads.find({ ...query, after, limit: asked });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    if (page.length < asked) return;
    left -= page.length;
    after = { key: last.key, value: fieldOf(last.document, query.sort.field) };
  }
}

/** The documents that a query finds, in its order; at most `limit` of them. */
export async function* documentsOf(...asked: Parameters<typeof documentPagesOf>): AsyncGenerator<FoundDocument> {
  for await (const page of documentPagesOf(...asked)) yield* page;
}

/** Every document of a collection that fits, in order of `field`. */
export async function* readAll<Document>(
  reads: ReadStore,
  collection: string,
  field: string,
  equal: FindQuery['equal'] = {},
): AsyncGenerator<Document> {
  for await (const { document } of documentsOf(reads, { collection, equal, sort: { field, isDescending: false } })) {
    yield document as unknown as Document;
  }
}
