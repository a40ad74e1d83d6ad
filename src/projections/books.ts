/** The latest sample of each instrument's book. */

import type { DepthSample } from '../domain/market/events.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { type Projection, unexpected } from './projection.ts';

export const books: Projection<DepthSample> = {
  name: 'books',
  version: 2,
  categories: ['depth'],
  indexes: [['venue', 'symbol']],

  keys(event) {
    return event.type === 'DepthSampled' ? [instrumentKey(event.data.venue, event.data.symbol)] : [];
  },

  /** An older recording that was taken in later does not take the book back. */
  apply(document, event): DepthSample {
    if (event.type !== 'DepthSampled') throw unexpected('books', event);
    return document !== undefined && event.data.eventTime < document.eventTime ? document : event.data;
  },
};
