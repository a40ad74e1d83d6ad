/** A Bybit stream, lost, doubled and out of order: the book is the source's, or it is not trusted. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bybit } from '../../../../src/adapters/venues/bybit/bybit.ts';
import { StreamedBook } from '../../../../src/domain/feed/book/streamed-book.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';
import { arriving, expectNoWrongBook, type SourceFrame, sourceOf, streams, textOf } from '../mangled-stream.ts';

const INSTRUMENT: InstrumentSettings = { ...BTCUSDT, venue: 'bybit', priceScale: 0, tickSize: '1' };
const STREAM = streams(['snapshot', 'restart'], [1]);

function lineOf({ isSnapshot, time, id, bids, asks }: SourceFrame): string {
  const levels = (side: SourceFrame['bids']) => side.map(([price, quantity]) => [`${price}`, `${quantity}`]);
  const data = { s: 'BTCUSDT', b: levels(bids), a: levels(asks), u: id, seq: 7 };
  // The book of a restart comes as a delta or as a snapshot.
  const type = isSnapshot && !(id === 1 && time % 2 === 0) ? 'snapshot' : 'delta';
  return `${time}000000 ${JSON.stringify({ topic: 'orderbook.50.BTCUSDT', type, ts: time + 2, data, cts: time })}`;
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
      expectNoWrongBook(arrived, source, bybit.open(INSTRUMENT), lineOf);
    }),
    { numRuns: 2_000 },
  );
});

it('makes a book that is trusted throughout, where all arrives in order, through restarts', () => {
  fc.assert(
    fc.property(STREAM, (stream) => {
      const reader = bybit.open(INSTRUMENT);
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
