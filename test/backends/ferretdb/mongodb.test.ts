import { MongoClient } from 'mongodb';
import { describe, expect, test } from 'vitest';
import { openLeases, openReadStore } from '../../../src/adapters/open.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { DocumentWrite } from '../../../src/ports/read-store.ts';
import { describeLeases } from '../../contracts/leases.ts';
import { describeReadStore } from '../../contracts/read-store.ts';
import { givenMongoDb, NOT_OURS } from './given-mongodb.ts';

const mongodb = givenMongoDb();

describeReadStore('the read store in MongoDB', () => openReadStore(mongodb.place(), systemTime));

describeLeases('leases in MongoDB', async () => {
  const place = mongodb.place();
  return () => openLeases(place, systemTime);
});

const ORDERS = { name: 'orders@1', indexes: [['status', 'at'], ['at']] };
const write = (key: string, position: number, more: Record<string, unknown> = {}): DocumentWrite => ({
  collection: 'orders@1',
  key,
  document: { ...more, _position: String(position) },
});

describe('the read store in MongoDB', () => {
  test('hands out the bytes that were written, whatever the names of the fields', async () => {
    const store = await openReadStore(mongodb.place(), systemTime);
    await store.prepare([ORDERS]);
    const shown = { 'a.b': 1, $set: 2, 10: 'ten', 9: 'nine', '': [null, { $where: 'x', _id: 1 }], lone: '\ud800', zero: '0.10' };
    await store.commit('orders', [write('k', 1, shown)], '1');
    expect((await store.loadText('orders@1', 'k'))?.text).toBe(JSON.stringify(shown));
    expect((await store.load('orders@1', ['k'])).get('k')).toEqual({ ...shown, _position: '1' });
    await store.close();
  });

  test('makes its indexes at the start, once, and keeps positions as integers of 64 bits', async () => {
    const place = mongodb.place();
    const [one, other] = [await openReadStore(place, systemTime), await openReadStore(place, systemTime)];
    await Promise.all([one.prepare([ORDERS]), other.prepare([ORDERS])]);
    await one.prepare([ORDERS]);
    await one.commit('orders', [{ ...write('k', 1), document: { status: 'open', _position: '9007199254740993' } }], '1');
    const client = new MongoClient(place);
    const collection = client.db().collection('orders@1', { useBigInt64: true });
    const indexes = (await collection.indexes()).map(({ key }) => Object.keys(key).join(','));
    expect(indexes.sort()).toEqual(['_id', 'at,_id', 'status,at,_id']);
    expect(await collection.findOne()).toMatchObject({ _id: 'k', status: 'open', _position: 9007199254740993n });
    await Promise.all([client.close(), one.close(), other.close()]);
  });

  test('tells exactly which documents were written, though many of a batch were stale', async () => {
    const store = await openReadStore(mongodb.place('tapedeckBulkSize=7'), systemTime);
    await store.prepare([ORDERS]);
    const keys = Array.from({ length: 40 }, (_, index) => `k${index}`);
    const isStale = (index: number) => index % 3 === 0;
    const stale = keys.filter((_, index) => isStale(index));
    await store.commit(
      'orders',
      stale.map((key, index) => write(key, index % 2 === 0 ? 5 : 9)),
      '9',
    );
    const written = await store.commit(
      'orders',
      keys.map((key) => write(key, 5, { by: 'second' })),
      '10',
    );
    expect(written).toEqual(new Set(keys.filter((_, index) => !isStale(index)).map((key) => `orders@1/${key}`)));
    const stored = await store.load('orders@1', keys);
    for (const [index, key] of keys.entries()) expect(stored.get(key)?.by).toBe(isStale(index) ? undefined : 'second');
    await store.close();
  });

  test('lets the highest position win, of many that write the same documents at once', async () => {
    const place = mongodb.place();
    const stores = await Promise.all([1, 2, 3].map(() => openReadStore(place, systemTime)));
    await stores[0]?.prepare([ORDERS]);
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    const told = new Map<string, number[]>();
    const commits = Array.from({ length: 30 }, async (_, index) => {
      const position = ((index * 7) % 30) + 1;
      const writes = keys.map((key) => write(key, position, { by: position }));
      for (const name of (await stores[index % 3]?.commit('orders', writes, String(position))) ?? []) {
        told.set(name, [...(told.get(name) ?? []), position]);
      }
    });
    await Promise.all(commits);
    const stored = await stores[1]?.load('orders@1', keys);
    for (const key of keys) {
      expect(stored?.get(key)).toEqual({ by: 30, _position: '30' });
      expect(told.get(`orders@1/${key}`)).toContain(30);
    }
    expect(await stores[2]?.checkpoint('orders')).toBe('30');
    await Promise.all(stores.map((store) => store.close()));
  });

  test('does not bring a collection back that somebody else has dropped', async () => {
    const place = mongodb.place();
    const [one, other] = [await openReadStore(place, systemTime), await openReadStore(place, systemTime)];
    await one.prepare([ORDERS]);
    await one.commit('orders', [write('k', 1)], '1');
    await other.drop('orders', ['orders@1']);
    await expect(one.commit('orders', [write('k', 2)], '2')).rejects.toThrow('the collection "orders@1" was not prepared');
    await expect(one.loadText('orders@1', 'k')).rejects.toThrow('was not prepared');
    await Promise.all([one.close(), other.close()]);
  });

  test('goes on when its server is back, and loses nothing of what was told', async ({ skip }) => {
    const server = mongodb.local() ?? skip(NOT_OURS);
    const store = await openReadStore(mongodb.place('serverSelectionTimeoutMS=300'), systemTime);
    await store.prepare([ORDERS]);
    await store.commit('orders', [write('k', 1)], '1');
    await server.kill();
    await expect(store.checkpoint('orders')).rejects.toThrow(StoreUnavailableError);
    await expect(store.commit('orders', [write('k', 2)], '2')).rejects.toThrow(StoreUnavailableError);
    await server.restart();
    expect(await store.checkpoint('orders')).toBe('1');
    expect((await store.commit('orders', [write('k', 2)], '2')).size).toBe(1);
    await store.close();
  });

  test('gives up a server that says nothing any more', async ({ skip }) => {
    const server = mongodb.local() ?? skip(NOT_OURS);
    const store = await openReadStore(
      mongodb.place('serverSelectionTimeoutMS=300&connectTimeoutMS=300&socketTimeoutMS=500'),
      systemTime,
    );
    await store.prepare([ORDERS]);
    server.freeze();
    try {
      await expect(store.commit('orders', [write('k', 1)], '1')).rejects.toThrow(StoreUnavailableError);
    } finally {
      server.thaw();
    }
    await expect
      .poll(
        () =>
          store.commit('orders', [], '1').then(
            () => true,
            () => false,
          ),
        { timeout: 10_000 },
      )
      .toBe(true);
    await store.close();
  });
});
