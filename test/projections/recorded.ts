/** Recorded events for tests of read models, and their fold. */

import { type EventData, type EventName, findEventType } from '../../src/domain/catalogue.ts';
import { foldDocument } from '../../src/projections/fold.ts';
import type { Projection } from '../../src/projections/projection.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';

export const ORDER = makeId('order|1');
export const REQUEST = makeId('request|1');

/** A time of the test's day, so many seconds after noon. */
export function noon(seconds: number): string {
  return new Date(Date.UTC(2024, 2, 1, 12, 0, 0) + seconds * 1000).toISOString();
}

/** An event at a position; it occurred that many seconds after noon, unless said otherwise. */
export function recorded<N extends EventName>(
  position: number,
  type: N,
  stream: string,
  data: EventData[N],
  occurredAt = noon(position),
): RecordedEvent {
  const id = makeId(`event|${position}`);
  const known = findEventType(type);
  return {
    id,
    stream,
    type,
    schemaVersion: known?.version ?? 1,
    data: known?.schema.parse(data),
    metadata: { occurredAt, correlationId: REQUEST, causationId: REQUEST, actor: 'engine', codeVersion: 'test' },
    revision: position,
    position: String(position),
    recordedAt: noon(position + 3600),
  } as RecordedEvent;
}

/** All documents that the events make. */
export function fold(projection: Projection, events: readonly RecordedEvent[]): Map<string, Record<string, unknown>> {
  const documents = new Map<string, Record<string, unknown>>();
  for (const event of events) {
    for (const key of projection.keys(event)) {
      const before = documents.get(key) as { _position: string } | undefined;
      const folded = foldDocument(projection, before, [event]);
      if (folded.error !== undefined) throw folded.error;
      if (folded.document !== undefined) documents.set(key, folded.document);
    }
  }
  return documents;
}

/** The only document that the events make. */
export function foldOne(projection: Projection, events: readonly RecordedEvent[]): Record<string, unknown> {
  const documents = [...fold(projection, events).values()];
  if (documents.length !== 1) throw new Error(`${documents.length} documents, not one`);
  return documents[0] as Record<string, unknown>;
}
