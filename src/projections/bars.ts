/** Bars of every interval, as recorded by ingest or made by the engine, with what was corrected later. */

import type { Bar } from '../domain/market/events.ts';
import { type Projection, unexpected } from './projection.ts';

export interface BarDocument extends Bar {
  /** A late trade changed it after it had closed; decisions were made on what it was before. */
  readonly corrected: boolean;
}

/** The key of a bar's document. */
export function barKey(bar: Pick<Bar, 'venue' | 'symbol' | 'interval' | 'openTime'>): string {
  return `${bar.venue}.${bar.symbol}.${bar.interval}.${bar.openTime}`;
}

export const bars: Projection<BarDocument> = {
  name: 'bars',
  version: 2,
  categories: ['bars', 'rollups'],
  indexes: [['venue', 'symbol', 'interval', 'openTime']],

  keys(event) {
    return event.type === 'BarClosed' || event.type === 'BarCorrected' ? [barKey(event.data)] : [];
  },

  apply(_document, event): BarDocument {
    if (event.type !== 'BarClosed' && event.type !== 'BarCorrected') throw unexpected('bars', event);
    return { ...event.data, corrected: event.type === 'BarCorrected' };
  },
};
