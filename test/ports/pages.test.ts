import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import type { ReadQuery } from '../../src/ports/event-store.ts';
import { documentPagesOf, documentsOf, eventPagesOf, eventsOf } from '../../src/ports/pages.ts';
import type { FindQuery } from '../../src/ports/read-store.ts';
import { DAY, run } from '../contracts/tape-events.ts';
import { alteredEvents, alteredReads } from '../support/altered-stores.ts';
import { timeAt } from '../support/test-time.ts';

/** A tape of 1,200 events in two streams, in turns of 100; `asked` are the queries that it was asked. */
async function givenTape() {
  const store = openMemoryEventStore({ time: timeAt(DAY), hasLock: true });
  for (let from = 0; from < 600; from += 100) {
    for (const stream of ['feed-a', 'feed-b']) {
      await store.append(stream, from === 0 ? 'no-stream' : from - 1, run(stream, from, from + 99));
    }
  }
  const asked: ReadQuery[] = [];
  const read = (query: ReadQuery) => {
    asked.push(query);
    return store.read(query);
  };
  return { store, tape: alteredEvents(store, { read }), asked };
}

/** 1,200 documents; three share a value each, so that the key has to break ties. */
async function givenDocuments() {
  const store = openMemoryReadStore();
  const collection = 'orders@1';
  await store.prepare([{ name: collection, indexes: [['rank']] }]);
  const writes = Array.from({ length: 1_200 }, (_, index) => {
    return { collection, key: `k${index}`, document: { _position: '1', rank: Math.floor(index / 3), half: index % 2 } };
  });
  await store.commit(collection, writes, '1');
  const asked: FindQuery[] = [];
  const find = (query: FindQuery) => {
    asked.push(query);
    return store.find(query);
  };
  return { store, reads: alteredReads(store, { find }), collection, asked };
}

describe('all events of a query', () => {
  it.each([
    ['the whole tape', {}],
    ['backward', { isBackward: true }],
    ['of a stream, after a position', { stream: 'feed-b', after: '120' }],
    ['backward, before a position', { categories: ['feed'], isBackward: true, after: '1100' }],
    ['none', { stream: 'feed-c' }],
  ])('come in its order, each once: %s', async (_what, query) => {
    const { store, tape } = await givenTape();
    const whole = await store.read({ ...query, limit: 10_000 });
    expect(await Array.fromAsync(eventsOf(tape, query))).toEqual(whole);
    const pages = await Array.fromAsync(eventPagesOf(tape, query));
    expect(pages.flat()).toEqual(whole);
    expect(pages.every(({ length }) => length > 0 && length <= 500)).toBe(true);
  });

  it.each([0, 1, 499, 500, 501, 1_000, 1_200, 5_000])('are at most %d, if that is the limit', async (limit) => {
    const { store, tape, asked } = await givenTape();
    const whole = await store.read({ limit: 10_000 });
    expect(await Array.fromAsync(eventsOf(tape, {}, limit))).toEqual(whole.slice(0, limit));
    expect(asked.every((query) => query.limit <= 500)).toBe(true);
    expect(asked).toHaveLength(Math.ceil(Math.min(limit, 1_200) / 500));
  });

  it('are read no further than they are taken', async () => {
    const { tape, asked } = await givenTape();
    let taken = 0;
    for await (const _ of eventsOf(tape, {})) if (++taken === 500) break;
    expect(asked).toHaveLength(1);
  });

  it('end with the error of a page', async () => {
    const { store } = await givenTape();
    const torn = alteredEvents(store, {
      read: (query) => (query.after === undefined ? store.read(query) : Promise.reject(new Error('the tape tore'))),
    });
    let taken = 0;
    const reading = async (): Promise<void> => {
      for await (const _ of eventsOf(torn, {})) taken++;
    };
    await expect(reading()).rejects.toThrow('the tape tore');
    expect(taken).toBe(500);
  });
});

describe('all documents of a query', () => {
  it.each([
    ['all', {}, false],
    ['descending', {}, true],
    ['of one value', { half: 1 }, false],
    ['none', { half: 2 }, false],
  ])('come in its order, each once: %s', async (_what, equal, isDescending) => {
    const { store, reads, collection } = await givenDocuments();
    const query = { collection, equal, sort: { field: 'rank', isDescending } };
    const whole = await store.find({ ...query, limit: 10_000 });
    expect(await Array.fromAsync(documentsOf(reads, query))).toEqual(whole);
    const pages = await Array.fromAsync(documentPagesOf(reads, query));
    expect(pages.flat()).toEqual(whole);
    expect(pages.every(({ length }) => length > 0 && length <= 500)).toBe(true);
  });

  it.each([0, 1, 500, 501, 1_200, 5_000])('are at most %d, if that is the limit', async (limit) => {
    const { store, reads, collection, asked } = await givenDocuments();
    const query = { collection, sort: { field: 'rank', isDescending: false } };
    const whole = await store.find({ ...query, limit: 10_000 });
    expect(await Array.fromAsync(documentsOf(reads, query, limit))).toEqual(whole.slice(0, limit));
    expect(asked).toHaveLength(Math.ceil(Math.min(limit, 1_200) / 500));
  });
});
