/** Every execution of every order, by the id of its event. */

import type { OrderFill } from '../domain/order/events.ts';
import { type Projection, sequenceOf, unexpected } from './projection.ts';

export interface FillDocument extends OrderFill {
  readonly id: string;
  readonly recordedAt: string;
  readonly position: string;
  /** Sorts by the fill's own time (`at`), then by place on the tape. */
  readonly sequence: string;
}

export const fills: Projection<FillDocument> = {
  name: 'fills',
  version: 2,
  categories: ['order'],
  indexes: [
    ['sequence'],
    ['account', 'sequence'],
    ['strategy', 'sequence'],
    ['venue', 'symbol', 'sequence'],
    ['orderId', 'sequence'],
  ],
  hidden: ['sequence'],

  keys(event) {
    return event.type === 'OrderFilled' ? [event.id] : [];
  },

  apply(_document, event): FillDocument {
    if (event.type !== 'OrderFilled') throw unexpected('fills', event);
    return {
      id: event.id,
      ...event.data,
      recordedAt: event.recordedAt,
      position: event.position,
      sequence: sequenceOf(event, event.data.at),
    };
  },
};
