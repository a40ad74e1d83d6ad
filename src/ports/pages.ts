/** Reading a whole collection, a page at a time. */

import type { FieldValue, FindQuery, FoundDocument, ReadStore } from './read-store.ts';

const PAGE = 500;

/** Every document of a collection that fits, in order of `field`, a page at a time. */
export async function* readAll<Document>(
  reads: ReadStore,
  collection: string,
  field: string,
  equal: FindQuery['equal'] = {},
): AsyncGenerator<Document> {
  for (let after: FindQuery['after']; ; ) {
    const page: FoundDocument[] = await reads.find({ collection, equal, sort: { field, descending: false }, after, limit: PAGE });
    for (const { document } of page) yield document as unknown as Document;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = { key: last.key, value: (last.document[field] ?? null) as FieldValue };
  }
}
