/** Reading a whole collection, a page at a time. */

import { fieldOf } from './find-rules.ts';
import type { FindQuery, FoundDocument, ReadStore } from './read-store.ts';

const PAGE = 500;

/** The documents that a query finds, in its order, page after page; at most `limit` of them. */
export async function* documentsOf(
  reads: ReadStore,
  query: Omit<FindQuery, 'after' | 'limit'>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<FoundDocument> {
  let left = limit;
  for (let after: FindQuery['after']; left > 0; ) {
    const asked = Math.min(PAGE, left);
    const page = await reads.find({ ...query, after, limit: asked });
    yield* page;
    left -= page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < asked) return;
    after = { key: last.key, value: fieldOf(last.document, query.sort.field) };
  }
}

/** Every document of a collection that fits, in order of `field`. */
export async function* readAll<Document>(
  reads: ReadStore,
  collection: string,
  field: string,
  equal: FindQuery['equal'] = {},
): AsyncGenerator<Document> {
  for await (const { document } of documentsOf(reads, { collection, equal, sort: { field, descending: false } })) {
    yield document as unknown as Document;
  }
}
