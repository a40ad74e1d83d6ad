/** An OKX stream, lost, doubled and out of order: the book is the source's, or it is not trusted. */

import { okx } from '../../../../src/adapters/venues/okx/okx.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { itKeepsTheBook, type SourceFrame, streams } from '../mangled-stream.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'okx', symbol: 'BTC-USDT', priceScale: 0, tickSize: '1' };
const STREAM = streams(['quiet', 'snapshot', 'reset'], [1, 2, 7]);

function lineOf({ isSnapshot, time, id, previousId, bids, asks }: SourceFrame): string {
  const levels = (side: SourceFrame['bids']) => side.map(([price, quantity]) => [`${price}`, `${quantity}`, '0', '1']);
  const data = { asks: levels(asks), bids: levels(bids), ts: `${time}`, checksum: 0, prevSeqId: previousId, seqId: id };
  const frame = { arg: { channel: 'books', instId: 'BTC-USDT' }, action: isSnapshot ? 'snapshot' : 'update', data: [data] };
  return `${time}000000 ${JSON.stringify(frame)}`;
}

itKeepsTheBook(STREAM, () => okx.open(INSTRUMENT), lineOf);
