/** Where every event of the tape is, for tapes that find events by stream and type alone. */

import { categoryOf } from '../domain/streams.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import type { Projection } from './projection.ts';

export interface IndexedEvent {
  readonly id: string;
  readonly stream: string;
  readonly revision: number;
  readonly position: string;
  readonly type: string;
  readonly category: string;
  readonly correlationId: string;
  readonly occurredAt: string;
  /** The position as a text that sorts as the tape does. */
  readonly place: string;
}

/** See `IndexedEvent.place`. */
export function placeOf(position: string): string {
  return position.padStart(20, '0');
}

export const eventIndex: Projection<IndexedEvent> = {
  name: 'event-index',
  version: 1,
  indexes: [
    ['place'],
    ['id', 'place'],
    ['correlationId', 'place'],
    ['occurredAt', 'place'],
    ['category', 'place'],
    ['type', 'place'],
  ],
  hidden: ['place'],

  // By its place in its stream: an id may stand on the tape more than once.
  keys: ({ stream, revision }) => [`${stream}@${revision}`],

  apply(_document, event: RecordedEvent): IndexedEvent {
    const { id, stream, revision, position, type, metadata } = event;
    const { correlationId, occurredAt } = metadata;
    return {
      id,
      stream,
      revision,
      position,
      type,
      category: categoryOf(stream),
      correlationId,
      occurredAt,
      place: placeOf(position),
    };
  },
};
