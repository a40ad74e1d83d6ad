/** Every signal, by its event id. */

import type { Signal } from '../domain/strategy/events.ts';
import type { RecordedEvent } from '../tape/envelope.ts';
import { type Projection, sequenceOf, unexpected } from './projection.ts';

export interface SignalDocument extends Signal {
  readonly id: string;
  readonly at: string;
  readonly recordedAt: string;
  readonly correlationId: string;
  readonly position: string;
  /** Sorts by time, then by place on the tape. */
  readonly sequence: string;
}

export const signals: Projection<SignalDocument> = {
  name: 'signals',
  version: 3,
  categories: ['signals'],
  indexes: [['sequence'], ['strategy', 'sequence'], ['venue', 'symbol', 'sequence']],
  hidden: ['sequence'],

  keys(event) {
    return event.type === 'SignalGenerated' ? [event.id] : [];
  },

  apply(_document, event: RecordedEvent): SignalDocument {
    if (event.type !== 'SignalGenerated') throw unexpected('signals', event);
    return {
      id: event.id,
      ...event.data,
      at: event.metadata.occurredAt,
      recordedAt: event.recordedAt,
      correlationId: event.metadata.correlationId,
      position: event.position,
      sequence: sequenceOf(event),
    };
  },
};
