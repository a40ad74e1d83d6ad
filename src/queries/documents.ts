/** Where a query takes its documents from: the read models as they are, or as of the tape's end. */

import { instrumentKey } from '../domain/settings/in-force.ts';
import type { EventStore } from '../ports/event-store.ts';
import { readAll } from '../ports/pages.ts';
import type { FindQuery, ReadStore } from '../ports/read-store.ts';
import { type PriceDocument, prices } from '../projections/prices.ts';
import type { Projection } from '../projections/projection.ts';
import { currentDocuments } from './current-documents.ts';

export interface Documents {
  /** All that fit, in order of the field. */
  all<Document extends object>(
    projection: Projection<Document>,
    field: string,
    equal?: NonNullable<FindQuery['equal']>,
  ): Promise<Document[]>;
  /** The prices of these instruments, by key, as far as there are any. */
  prices(keys: Iterable<string>): Promise<ReadonlyMap<string, PriceDocument>>;
}

/** Of a read store; `collectionOf` says where the documents of a projection lie. */
export function storedDocuments(reads: ReadStore, collectionOf: (projection: Projection) => string | Promise<string>): Documents {
  return {
    all: async <Document extends object>(
      projection: Projection<Document>,
      field: string,
      equal?: NonNullable<FindQuery['equal']>,
    ) => Array.fromAsync(readAll<Document>(reads, await collectionOf(projection), field, equal)),
    async prices(keys) {
      return (await reads.load(await collectionOf(prices), [...keys])) as ReadonlyMap<string, object> as ReadonlyMap<
        string,
        PriceDocument
      >;
    },
  };
}

/** As of the tape's end, wherever the read models are. */
export function latestDocuments(events: EventStore, reads: ReadStore): Documents {
  return {
    all: async (projection, field, equal = {}) =>
      (await currentDocuments(events, reads, projection, { equal, sort: field })).reverse(),
    async prices(keys) {
      const wanted = new Set(keys);
      if (wanted.size === 0) return new Map();
      const found = await currentDocuments(events, reads, prices, { sort: 'symbol' });
      const byKey = found.map((price) => [instrumentKey(price.venue, price.symbol), price] as const);
      return new Map(byKey.filter(([key]) => wanted.has(key)));
    },
  };
}
