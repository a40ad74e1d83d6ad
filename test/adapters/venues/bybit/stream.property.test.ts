/** A Bybit stream, lost, doubled and out of order: the book is the source's, or it is not trusted. */

import { bybit } from '../../../../src/adapters/venues/bybit/bybit.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { itKeepsTheBook, type SourceFrame, streams } from '../mangled-stream.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'bybit', priceScale: 0, tickSize: '1' };
const STREAM = streams(['snapshot', 'restart'], [1]);

function lineOf({ isSnapshot, time, id, bids, asks }: SourceFrame): string {
  const levels = (side: SourceFrame['bids']) => side.map(([price, quantity]) => [`${price}`, `${quantity}`]);
  const data = { s: 'BTCUSDT', b: levels(bids), a: levels(asks), u: id, seq: 7 };
  // The book of a restart comes as a delta or as a snapshot.
  const type = isSnapshot && !(id === 1 && time % 2 === 0) ? 'snapshot' : 'delta';
  return `${time}000000 ${JSON.stringify({ topic: 'orderbook.50.BTCUSDT', type, ts: time + 2, data, cts: time })}`;
}

itKeepsTheBook(STREAM, () => bybit.open(INSTRUMENT), lineOf);
