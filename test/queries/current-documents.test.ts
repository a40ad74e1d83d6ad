import { describe, expect, it } from 'vitest';
import { openReadStore } from '../../src/adapters/open.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { foldDocument } from '../../src/projections/fold.ts';
import { orders } from '../../src/projections/orders.ts';
import { currentDocument, currentDocuments } from '../../src/queries/current-documents.ts';
import { servingCollection } from '../../src/runtime/projections/builds.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { wholeTape } from '../support/small-market.ts';

/** Another read store of the tape, whose orders are as they were after the first `count` of its events. */
async function readUpTo(tape: readonly RecordedEvent[], count: number): Promise<ReadStore> {
  const reads = await openReadStore('memory:');
  const collection = await servingCollection(reads, orders);
  const read = tape.slice(0, count);
  const keys = new Set(read.flatMap((event) => orders.keys(event)));
  const writes = [...keys].flatMap((key) => {
    const { document } = foldDocument(
      orders,
      undefined,
      read.filter((event) => orders.keys(event).includes(key)),
    );
    return document === undefined ? [] : [{ collection, key, document }];
  });
  const last = read.at(-1);
  if (last !== undefined) await reads.commit(collection, writes, last.position);
  return reads;
}

const QUERIES = [
  { sort: 'sequence' },
  { sort: 'sequence', limit: 3 },
  { sort: 'sequence', limit: 2, equal: { status: 'filled', account: 'paper-binance' } },
  { sort: 'sequence', equal: { status: ['approved', 'accepted'] } },
  { sort: 'sequence', from: '2016-06-10', to: '2016-07-01' },
];

async function answers(events: EventStore, reads: ReadStore): Promise<unknown[]> {
  return Promise.all(QUERIES.map((query) => currentDocuments(events, reads, orders, query)));
}

describe('documents as they are at the tape’s end', () => {
  it('are the same wherever their read model is', async () => {
    await withRecordedTape(400, 1_500, async (events, reads) => {
      const expected = await answers(events, reads);
      expect((expected[0] as unknown[]).length).toBeGreaterThan(10);
      const tape = await wholeTape(events);
      const orderEvents = tape.flatMap((event, index) => (orders.keys(event).length > 0 ? [index] : []));
      // Before everything, between the events of one order, and at the end.
      for (const count of [0, ...orderEvents.slice(0, 8), ...orderEvents.slice(-5), tape.length]) {
        const behind = await readUpTo(tape, count);
        expect([count, await answers(events, behind)]).toEqual([count, expected]);
        const [first] = expected[0] as { id: string }[];
        expect(await currentDocument(events, behind, orders, first?.id ?? '')).toEqual(first);
        expect(await currentDocument(events, behind, orders, 'nothing')).toBeUndefined();
      }
    });
  });
});
