import { ObjectId } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { mongoDocument } from '../../../src/adapters/mongodb/document.ts';
import { mongoFilter, mongoIndex, mongoSort } from '../../../src/adapters/mongodb/find.ts';
import { openMongoReadStore, openMongoReadStoreToRead } from '../../../src/adapters/mongodb/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { FindQuery, ReadDocument } from '../../../src/ports/read-store.ts';

const commit = new ObjectId();
const stored = (document: ReadDocument) => mongoDocument({ collection: 'orders@1', key: 'k', document }, commit);

describe('a document for MongoDB', () => {
  test('holds its text, byte for byte, and its plain fields to be found by', () => {
    const document = { b: '1.10', a: 2.5, 7: 'x', 'odd.$key': 1, list: ['y'], yes: true, none: null, _position: '12', at: 'now' };
    expect(stored(document)).toEqual({
      _id: 'k',
      _position: 12n,
      _commit: commit,
      _text: JSON.stringify(document),
      b: '1.10',
      a: 2.5,
      at: 'now',
    });
  });

  test('is found by nothing of its own bookkeeping', () => {
    expect(stored({ _position: '1', _id: 'other', _text: 'x', _commit: 'y' })._id).toBe('k');
  });

  test('leaves out what JSON cannot say, as its text does', () => {
    const document = { _position: '1', a: Number.NaN, b: undefined, c: Number.POSITIVE_INFINITY };
    expect(stored(document)).toEqual({ _id: 'k', _position: 1n, _commit: commit, _text: '{"_position":"1","a":null,"c":null}' });
  });

  test('has a position of 63 bits at most', () => {
    expect(stored({ _position: '9223372036854775807' })._position).toBe(2n ** 63n - 1n);
    expect(() => stored({ _position: '9223372036854775808' })).toThrow(RangeError);
  });

  test('has at most 16 MB, text and fields together', () => {
    const megabytes = (count: number) => 'x'.repeat(count * 1024 * 1024);
    expect(() => stored({ list: [megabytes(15)], _position: '1' })).not.toThrow();
    expect(() => stored({ list: [megabytes(16)], _position: '1' })).toThrow(
      new StoreError(
        'the document "k" of orders@1 has 16.0 MB: MongoDB keeps at most 16 MB in one; let the read model keep less in a document',
      ),
    );
    expect(() => stored({ note: megabytes(8), _position: '1' })).toThrow(/has 16.0 MB/);
    expect(() => stored({ list: ['\u20ac'.repeat(6 * 1024 * 1024)], _position: '1' })).toThrow(/has 18.0 MB/);
  });
});

describe('a find in MongoDB', () => {
  const query = (more: Partial<FindQuery>): FindQuery => ({
    collection: 'orders@1',
    sort: { field: 'at', isDescending: true },
    limit: 10,
    ...more,
  });

  test('is led by indexes that end with the key, and sorted alike', () => {
    expect(mongoIndex(['status', 'at'])).toEqual({ name: 'status,at', key: { status: 1, at: 1, _id: 1 } });
    expect(Object.entries(mongoSort(query({})))).toEqual([
      ['at', -1],
      ['_id', -1],
    ]);
  });

  test('asks for equal values, for one of several, and for what is missing', () => {
    expect(mongoFilter(query({}))).toEqual({});
    expect(mongoFilter(query({ equal: { status: 'open' } }))).toEqual({ status: 'open' });
    expect(mongoFilter(query({ equal: { status: ['open', null, 'open'], account: 'x' } }))).toEqual({
      $and: [{ status: { $in: ['open', null] } }, { account: 'x' }],
    });
    expect(mongoFilter(query({ equal: { status: [] } }))).toBeUndefined();
  });

  test('goes on after a cursor in parts, each with all conditions', () => {
    const after = { value: '2024', key: 'k' };
    expect(mongoFilter(query({ equal: { status: 'open' }, range: { field: 'at', from: '2020' }, after }))).toEqual({
      $or: [
        { $and: [{ status: 'open' }, { at: { $gte: '2020' } }, { at: '2024' }, { _id: { $lt: 'k' } }] },
        { $and: [{ status: 'open' }, { at: { $gte: '2020' } }, { at: { $lt: '2024' } }] },
        { $and: [{ status: 'open' }, { at: { $gte: '2020' } }, { at: null }] },
        { $and: [{ status: 'open' }, { at: { $gte: '2020' } }, { at: { $gte: Number.NEGATIVE_INFINITY } }] },
      ],
    });
    expect(mongoFilter(query({ after: { value: null, key: 'k' } }))).toEqual({ $and: [{ at: null }, { _id: { $lt: 'k' } }] });
  });
});

describe('a read store in MongoDB', () => {
  const address = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=30';

  test('that does not answer is told of as away, by every call, without an end of the process', async () => {
    const store = await openMongoReadStore(address, systemTime);
    const query: FindQuery = { collection: 'orders@1', sort: { field: 'at', isDescending: true }, limit: 1 };
    const calls = [
      () => store.prepare([{ name: 'orders@1', indexes: [] }]),
      () => store.load('orders@1', ['a']),
      () => store.commit('orders', [], '1'),
      () => store.checkpoint('orders'),
      () => store.find(query),
      () => store.drop('orders', []),
    ];
    for (const call of calls) await expect(call()).rejects.toThrow(StoreUnavailableError);
    await expect(store.checkpoint('orders')).rejects.toThrow(
      /^MongoDB at 127\.0\.0\.1:1\/tapedeck does not serve the read store now: .*ECONNREFUSED/,
    );
    await store.close();
    await expect(store.checkpoint('orders')).rejects.toThrow(StoreError);
  });

  test('that was opened to read is not written', async () => {
    const store = await openMongoReadStoreToRead(address, systemTime);
    await expect(store.commit('orders', [], '1')).rejects.toThrow(/cannot be written: it was opened to read/);
    await expect(store.prepare([])).rejects.toThrow(StoreError);
    await expect(store.drop('orders', [])).rejects.toThrow(StoreError);
    await store.close();
  });
});
