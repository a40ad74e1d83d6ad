import { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { findStatements } from '../../../src/adapters/sqlite/find-sql.ts';
import { openSqliteReadStore } from '../../../src/adapters/sqlite/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { FindQuery, ReadStore } from '../../../src/ports/read-store.ts';
import { describeReadStore } from '../../contracts/read-store.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const folder = new TemporaryFolder();

describeReadStore('the read store in SQLite', () => openSqliteReadStore(folder.newFile(), systemTime));

const newest = { field: 'at', isDescending: true };
const oldest = { field: 'at', isDescending: false };

describe('the read store in SQLite', () => {
  const queries: [string, Omit<FindQuery, 'collection' | 'limit'>][] = [
    ['all, newest first', { sort: newest }],
    ['a page further on', { sort: newest, after: { value: '2024', key: 'k' } }],
    ['a page further on, oldest first', { sort: oldest, after: { value: '2024', key: 'k' } }],
    ['a page among what has no value', { sort: oldest, after: { value: null, key: 'k' } }],
    ['one status', { equal: { status: 'open' }, sort: newest, after: { value: '2024', key: 'k' } }],
    ['several', { equal: { status: ['open', 'done', null] }, sort: newest, after: { value: '2024', key: 'k' } }],
    ['a stretch of time', { range: { field: 'at', from: '2023', to: '2025' }, sort: newest, after: { value: '2024', key: 'k' } }],
    ['one status in a stretch of time', { equal: { status: 'open' }, range: { field: 'at', from: '2023' }, sort: oldest }],
  ];

  test.each(queries)('finds %s by an index, without reading or sorting the rest', async (_, query) => {
    const file = folder.newFile();
    const store = await openSqliteReadStore(file, systemTime);
    await store.prepare([{ name: 'orders@1', indexes: [['status', 'at'], ['at']] }]);
    await store.close();
    const db = new DatabaseSync(file);
    for (const { sql, parameters } of findStatements({ collection: 'orders@1', limit: 10, ...query })) {
      const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...parameters);
      const steps = plan.map(({ detail }) => String(detail)).filter((detail) => !/^(MERGE|LEFT|RIGHT)/.test(detail));
      expect(steps.length).toBeGreaterThan(0);
      for (const step of steps) expect(step).toMatch(/USING INDEX i:orders@1:/);
    }
    db.close();
  });

  test('keeps documents and checkpoints over a restart, and makes indexes for what is there', async () => {
    const file = folder.newFile();
    const first = await openSqliteReadStore(file, systemTime);
    await first.prepare([{ name: 'orders@1', indexes: [] }]);
    await first.commit('orders', [{ collection: 'orders@1', key: 'a', document: { _position: '3', at: '2024' } }], '3');
    await first.close();
    const second = await openSqliteReadStore(file, systemTime);
    await second.prepare([{ name: 'orders@1', indexes: [['at']] }]);
    expect(await second.checkpoint('orders')).toBe('3');
    expect(await second.find({ collection: 'orders@1', equal: { at: '2024' }, sort: newest, limit: 5 })).toHaveLength(1);
    await second.close();
  });

  test('hands out pages as they are now, whoever has changed them', async () => {
    const file = folder.newFile();
    const [one, other] = [await openSqliteReadStore(file, systemTime), await openSqliteReadStore(file, systemTime)];
    await one.prepare([{ name: 'orders@1', indexes: [['at']] }]);
    const query = (limit: number) => ({ collection: 'orders@1', sort: oldest, limit });
    const texts = async (limit = 3) => {
      await nextTurn();
      return now(limit);
    };
    const now = async (limit = 3) => (await one.findTexts(query(limit))).map(({ text }) => text);
    const put = (store: ReadStore, position: number, at: number) =>
      store.commit(
        'orders',
        [{ collection: 'orders@1', key: `${at}`, document: { at, _position: `${position}` } }],
        `${position}`,
      );
    expect(await texts()).toEqual([]);
    expect(await one.loadText('orders@1', '4')).toBeUndefined();
    await put(other, 1, 5);
    expect(await texts()).toEqual(['{"at":5}']);
    expect(await texts()).toEqual(['{"at":5}']);
    await put(one, 2, 4);
    expect(await now()).toEqual(['{"at":4}', '{"at":5}']);
    await put(other, 2, 3);
    // Whoever knows that it was committed sees it.
    expect(await one.checkpoint('orders')).toBe('2');
    expect(await now()).toEqual(['{"at":3}', '{"at":4}', '{"at":5}']);
    expect((await one.loadText('orders@1', '4'))?.text).toBe('{"at":4}');
    expect(await texts()).toEqual(['{"at":3}', '{"at":4}', '{"at":5}']);
    expect(await texts(1)).toEqual(['{"at":3}']);
    const writes = Array.from({ length: 6_000 }, (_, at) => ({
      collection: 'orders@1',
      key: `m${at}`,
      document: { at: at + 6, _position: '3' },
    }));
    await other.commit('orders', writes, '3');
    for (const limit of [6_002, 4_000, 2, 6_002]) expect((await texts(limit)).length).toBe(limit);
    await one.drop('orders', ['orders@1']);
    await expect(texts()).rejects.toThrow('was not prepared');
    await Promise.all([one.close(), other.close()]);
  });

  test('takes guarded writes from two connections: the higher position stays', async () => {
    const file = folder.newFile();
    const [one, other] = await Promise.all([openSqliteReadStore(file, systemTime), openSqliteReadStore(file, systemTime)]);
    await Promise.all([one, other].map((store) => store.prepare([{ name: 'orders@1', indexes: [['at']] }])));
    const write = (position: string) => [{ collection: 'orders@1', key: 'a', document: { _position: position } }];
    await other.commit('orders', write('12'), '12');
    expect(await one.commit('orders', write('9'), '9')).toEqual(new Set());
    expect((await one.load('orders@1', ['a'])).get('a')).toEqual({ _position: '12' });
    expect(await one.checkpoint('orders')).toBe('12');
    await Promise.all([one.close(), other.close()]);
  });
});
