/** What is known of each instrument: of every interval, from when to when there are bars, and how many. */

import type { Bar } from '../domain/market/events.ts';
import { instrumentKey } from '../domain/settings/in-force.ts';
import { type Projection, unexpected } from './projection.ts';

export interface KnownBars {
  readonly interval: Bar['interval'];
  /** Open time of the first, close time of the last. */
  from: string;
  to: string;
  count: number;
  /** How many of them have a hole. */
  incomplete: number;
}

export interface InstrumentDocument {
  readonly venue: string;
  readonly symbol: string;
  /** In the order in which the intervals were first heard of. */
  readonly bars: KnownBars[];
}

export const instruments: Projection<InstrumentDocument> = {
  name: 'instruments',
  version: 1,
  categories: ['bars', 'rollups'],
  indexes: [['venue', 'symbol']],

  keys(event) {
    return event.type === 'BarClosed' ? [instrumentKey(event.data.venue, event.data.symbol)] : [];
  },

  apply(document, event): InstrumentDocument {
    if (event.type !== 'BarClosed') throw unexpected('instruments', event);
    const { venue, symbol, interval, openTime, closeTime, complete } = event.data;
    const instrument = document ?? { venue, symbol, bars: [] };
    const known = instrument.bars.find((bars) => bars.interval === interval);
    const missing = complete ? 0 : 1;
    if (known === undefined) {
      instrument.bars.push({ interval, from: openTime, to: closeTime, count: 1, incomplete: missing });
      return instrument;
    }
    if (openTime < known.from) known.from = openTime;
    if (closeTime > known.to) known.to = closeTime;
    known.count++;
    known.incomplete += missing;
    return instrument;
  },
};
