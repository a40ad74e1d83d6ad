import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { openReadStore } from '../../src/adapters/open.ts';
import { openSqliteReadStore } from '../../src/adapters/sqlite/read-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { foldDocument } from '../../src/projections/fold.ts';
import { orders } from '../../src/projections/orders.ts';
import type { Projection } from '../../src/projections/projection.ts';
import { currentDocument, currentDocuments } from '../../src/queries/current-documents.ts';
import { servingCollection } from '../../src/runtime/projections/builds.ts';
import { startProjection } from '../../src/runtime/projections/host.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { run } from '../contracts/tape-events.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { tickingClock, wholeTape } from '../support/small-market.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';

const folder = new TemporaryFolder();

/** Another read store of the tape, whose orders are as they were after the first `count` of its events. */
async function readUpTo(tape: readonly RecordedEvent[], count: number): Promise<ReadStore> {
  const reads = await openReadStore('memory:', systemTime);
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

describe('documents that a build of another version made', () => {
  it('are not mixed with today’s: the tape is read from its beginning', async () => {
    await withRecordedTape(400, 1_500, async (events, reads) => {
      const tape = await wholeTape(events);
      const older = await openReadStore('memory:', systemTime);
      const collection = await servingCollection(older, { ...orders, version: orders.version - 1 } as Projection);
      const keys = [...new Set(tape.flatMap((event) => orders.keys(event)))];
      const writes = keys.map((key) => ({ collection, key, document: { id: key, sequence: key, _position: '1' } }));
      await older.commit(collection, writes, tape[Math.floor(tape.length / 2)]?.position ?? '0');
      expect(await answers(events, older)).toEqual(await answers(events, reads));
      const key = keys[0] ?? '';
      expect(await currentDocument(events, older, orders, key)).toEqual(await currentDocument(events, reads, orders, key));
    });
  });
});

describe('the order of documents', () => {
  /** In UTF-16 units a smiley comes before a full-width letter, by code point and in the bytes of UTF-8 after it. */
  const NAMES = ['\u{ff21}', '\u{1f600}', 'a', '\u{1f600}', 'Z'];
  const names: Projection<{ readonly name: string }> = {
    name: 'names',
    version: 1,
    indexes: [['name']],
    keys: ({ revision }) => [`key ${revision}`],
    apply: (_document, { revision }) => ({ name: NAMES[revision] ?? '' }),
  };
  const namesOf = (documents: readonly object[]) => documents.map((document) => (document as { readonly name: string }).name);

  it.each(['memory:', 'sqlite:'])('is that of the read store in %s, whatever of it is applied in memory', async (address) => {
    const clock = tickingClock();
    const events = openMemoryEventStore({ time: clock, hasLock: true });
    const reads = address === 'memory:' ? openMemoryReadStore() : await openSqliteReadStore(folder.newFile(), systemTime);
    await events.append('feed-a', 'no-stream', run('feed-a', 0, NAMES.length - 1));
    const inMemory = await currentDocuments(events, reads, names, { sort: 'name' });
    const from = { sort: 'name', from: '\u{ff21}' };
    const fromInMemory = await currentDocuments(events, reads, names, from);

    const host = await startProjection(names, events, reads, { time: clock });
    await host.waitFor(await events.head(), 5_000);
    await host.close();
    const collection = await servingCollection(reads, names);
    const stored = await reads.find({ collection, sort: { field: 'name', isDescending: true }, limit: 10 });
    expect(inMemory).toEqual(stored.map(({ document }) => document));
    expect(namesOf(inMemory)).toEqual(['\u{1f600}', '\u{1f600}', '\u{ff21}', 'a', 'Z']);
    expect(namesOf(fromInMemory)).toEqual(['\u{1f600}', '\u{1f600}', '\u{ff21}']);
    expect(await currentDocuments(events, reads, names, { sort: 'name' })).toEqual(inMemory);
    expect(await currentDocuments(events, reads, names, from)).toEqual(fromInMemory);
    await reads.close();
  });
});
