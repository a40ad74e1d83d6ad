/** An OKX stream, lost, doubled and out of order: the book is the source's, or it is not trusted. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { okx } from '../../../../src/adapters/venues/okx/okx.ts';
import { StreamedBook } from '../../../../src/domain/feed/book/streamed-book.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { arriving, expectNoWrongBook, type SourceFrame, sourceOf, streams, textOf } from '../mangled-stream.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'okx', symbol: 'BTC-USDT', priceScale: 0, tickSize: '1' };
const STREAM = streams(['quiet', 'snapshot', 'reset'], [1, 2, 7]);

function lineOf({ isSnapshot, time, id, previousId, bids, asks }: SourceFrame): string {
  const levels = (side: SourceFrame['bids']) => side.map(([price, quantity]) => [`${price}`, `${quantity}`, '0', '1']);
  const data = { asks: levels(asks), bids: levels(bids), ts: `${time}`, checksum: 0, prevSeqId: previousId, seqId: id };
  const frame = { arg: { channel: 'books', instId: 'BTC-USDT' }, action: isSnapshot ? 'snapshot' : 'update', data: [data] };
  return `${time}000000 ${JSON.stringify(frame)}`;
}

it('never makes a wrong book that is trusted', () => {
  fc.assert(
    fc.property(STREAM, (stream) => {
      const source = sourceOf(
        stream.map(([step]) => step),
        1,
      );
      const arrived = arriving(
        source,
        stream.map(([, fate]) => fate),
      );
      expectNoWrongBook(arrived, source, okx.open(INSTRUMENT), lineOf);
    }),
    { numRuns: 2_000 },
  );
});

it('makes a book that is trusted throughout, where all arrives in order, through resets', () => {
  fc.assert(
    fc.property(STREAM, (stream) => {
      const reader = okx.open(INSTRUMENT);
      const book = new StreamedBook(new Tally(), 1, 0);
      for (const frame of sourceOf(stream.map(([step]) => step))) {
        const [message] = reader.parse(lineOf(frame));
        if (message?.kind === 'snapshot') book.applySnapshot(message);
        if (message?.kind === 'depth') book.apply(message);
        expect(book.state).toBe('valid');
        expect(textOf(book)).toBe(frame.book);
      }
    }),
    { numRuns: 500 },
  );
});
