/**
 * Events that could not be applied to a document, and those behind them: kept in the read store, so that they are
 * still known, and their documents still stand still, after a restart. The events themselves are on the tape.
 */

import type { CollectionDefinition, DocumentWrite, ReadDocument, ReadStore } from '../ports.ts';
import type { RecordedEvent } from '../tape/envelope.ts';

export const PARKED: CollectionDefinition = { name: 'parked', indexes: [['projection', 'sequence']] };

const PAGE = 500;

/** What is parked for one document. */
export interface Parked {
  readonly events: number;
  /** Position of the last of them. */
  readonly last: string | null;
}

export interface ParkedDocument extends ReadDocument {
  /** The projection's collection, such as `orders@1`. */
  readonly projection: string;
  /** The document that the event is for. */
  readonly key: string;
  readonly eventId: string;
  readonly type: string;
  readonly stream: string;
  /** Why it could not be applied; null for an event that only waits behind another. */
  readonly error: string | null;
  /** The position, so written that it sorts. */
  readonly sequence: string;
}

export function parkedWrite(projection: string, key: string, event: RecordedEvent, error: unknown): DocumentWrite {
  const document: ParkedDocument = {
    _position: event.position,
    projection,
    key,
    eventId: event.id,
    type: event.type,
    stream: event.stream,
    error: error === null ? null : error instanceof Error ? error.message : String(error),
    sequence: event.position.padStart(20, '0'),
  };
  return { collection: PARKED.name, key: `${projection}/${key}/${event.position}`, document };
}

/** Everything that is parked for a projection, by document key. */
export async function loadParked(reads: ReadStore, projection: string): Promise<Map<string, Parked>> {
  const parked = new Map<string, Parked>();
  let after: { value: string; key: string } | undefined;
  for (;;) {
    const page = await reads.find({
      collection: PARKED.name,
      equal: { projection },
      sort: { field: 'sequence', descending: false },
      after,
      limit: PAGE,
    });
    for (const { key, document } of page) {
      const { key: documentKey, _position, sequence } = document as ParkedDocument;
      parked.set(documentKey, { events: (parked.get(documentKey)?.events ?? 0) + 1, last: _position });
      after = { value: sequence, key };
    }
    if (page.length < PAGE) return parked;
  }
}
