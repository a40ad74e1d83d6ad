/** What every read store must do. One suite, run against each adapter. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../src/ports/errors.ts';
import type { DocumentWrite, FieldValue, FindQuery, ReadDocument, ReadStore } from '../../src/ports/read-store.ts';
import { START } from '../../src/tape/envelope.ts';
import { HARD_SYMBOLS } from '../support/fixtures.ts';

export type OpenReadStore = () => Promise<ReadStore>;

const ORDERS = { name: 'orders@1', indexes: [['status', 'at'], ['at'], ['account', 'status', 'at'], ['size']] };

/** A document of `orders@1`. */
function order(key: string, position: number, fields: Record<string, unknown> = {}): DocumentWrite {
  return { collection: 'orders@1', key, document: { _position: String(position), ...fields } };
}

export function describeReadStore(name: string, open: OpenReadStore): void {
  describe(`${name}, a read store`, () => {
    let store: ReadStore;

    beforeEach(async () => {
      store = await open();
      await store.prepare([ORDERS]);
    });
    afterEach(() => store.close());

    const all = async (query: Partial<FindQuery>): Promise<string[]> => {
      const found = await store.find({
        collection: 'orders@1',
        sort: { field: 'at', isDescending: false },
        limit: 1000,
        ...query,
      });
      return found.map(({ key }) => key);
    };

    describe('commit and load', () => {
      test('keeps whole documents and says which were written', async () => {
        const document = { _position: '7', status: 'open', legs: [{ price: '1.50' }], note: null, 'odd key': 'ünï 🙂' };
        const written = await store.commit('orders', [{ collection: 'orders@1', key: 'a/b', document }], '7');
        expect(written).toEqual(new Set(['orders@1/a/b']));
        expect(await store.load('orders@1', ['a/b', 'not-there'])).toEqual(new Map([['a/b', document]]));
      });

      test('keeps documents whose keys and fields have characters of any script, and of any meaning elsewhere', async () => {
        const writes = HARD_SYMBOLS.map((symbol, index) => order(`binance.${symbol}`, index + 1, { status: symbol, at: '1' }));
        await store.commit('orders', writes, '99');
        const keys = writes.map(({ key }) => key);
        const loaded = await store.load('orders@1', keys);
        expect(keys.map((key) => loaded.get(key))).toEqual(writes.map(({ document }) => document));
        for (const symbol of HARD_SYMBOLS) expect(await all({ equal: { status: symbol } })).toEqual([`binance.${symbol}`]);
      });

      test('hands out the text of what is shown: all fields before the position', async () => {
        const writes = [
          { key: 'a', document: { b: 'x', a: [{ _position: '1', c: '"_position":"' }], _position: '7', at: '1', d: null } },
          { key: 'b', document: { _position: '8', at: '2' } },
          { key: 'c', document: { only: 'ünï 🙂', _position: '9' } },
        ].map((write) => ({ collection: 'orders@1', ...write }));
        await store.commit('orders', writes, '9');
        const shown = '{"b":"x","a":[{"_position":"1","c":"\\"_position\\":\\""}]}';
        expect(await store.loadText('orders@1', 'a')).toMatchObject({ text: shown, position: '7' });
        expect(await store.loadText('orders@1', 'not-there')).toBeUndefined();
        const query = { collection: 'orders@1', sort: { field: 'at', isDescending: true }, limit: 9 };
        expect(await store.findTexts(query)).toEqual([
          { key: 'b', text: '{}', position: '8', value: '2' },
          { key: 'a', text: shown, position: '7', value: '1' },
          { key: 'c', text: '{"only":"ünï 🙂"}', position: '9', value: null },
        ]);
        expect((await store.findTexts({ ...query, limit: 1, after: { value: '2', key: 'b' } })).map(({ key }) => key)).toEqual([
          'a',
        ]);
      });

      test('replaces a document only by one of a higher position', async () => {
        await store.commit('orders', [order('a', 9, { status: 'open' })], '9');
        expect(await store.commit('orders', [order('a', 9, { status: 'same' })], '9')).toEqual(new Set());
        expect(await store.commit('orders', [order('a', 8, { status: 'lower' })], '9')).toEqual(new Set());
        // As text "10" would come before "9".
        expect(await store.commit('orders', [order('a', 10, { status: 'done' })], '10')).toEqual(new Set(['orders@1/a']));
        expect((await store.load('orders@1', ['a'])).get('a')).toEqual({ _position: '10', status: 'done' });
      });

      test('writes the others when one is stale', async () => {
        await store.commit('orders', [order('a', 5)], '5');
        expect(await store.commit('orders', [order('a', 4), order('b', 4)], '4')).toEqual(new Set(['orders@1/b']));
      });

      test('takes positions beyond what a double holds exactly', async () => {
        const [lower, higher] = ['9007199254740992', '9007199254740993'];
        const write = (position: string): DocumentWrite => ({
          collection: 'orders@1',
          key: 'a',
          document: { _position: position },
        });
        await store.commit('orders', [write(lower)], lower);
        expect((await store.commit('orders', [write(higher)], higher)).size).toBe(1);
        expect((await store.commit('orders', [write(lower)], lower)).size).toBe(0);
        expect(await store.checkpoint('orders')).toBe(higher);
      });

      test('takes commits that are made at once, each whole', async () => {
        const keys = ['a', 'b', 'c', 'd'];
        await Promise.all(keys.map((key, index) => store.commit(`of-${key}`, [order(key, index + 1)], String(index + 1))));
        expect([...(await store.load('orders@1', keys)).keys()].sort()).toEqual(keys);
        expect(await Promise.all(keys.map((key) => store.checkpoint(`of-${key}`)))).toEqual(['1', '2', '3', '4']);
      });

      test('loads many documents at once', async () => {
        const writes = Array.from({ length: 1500 }, (_, index) => order(`k${index}`, index + 1));
        await store.commit('orders', writes, '1500');
        const loaded = await store.load('orders@1', [...writes.map(({ key }) => key), 'no']);
        expect(loaded.size).toBe(1500);
        expect(await store.load('orders@1', [])).toEqual(new Map());
      });

      test('hands out documents that nobody else can change', async () => {
        await store.commit('orders', [order('a', 1, { status: 'open' })], '1');
        const mine = (await store.load('orders@1', ['a'])).get('a') as unknown as { status: string };
        mine.status = 'changed';
        expect((await store.load('orders@1', ['a'])).get('a')).toMatchObject({ status: 'open' });
      });

      test('writes nothing when one of the documents cannot be written', async () => {
        const bad = { collection: 'orders@1', key: 'b', document: { _position: '2', count: 1n } as unknown as ReadDocument };
        await expect(store.commit('orders', [order('a', 2), bad], '2')).rejects.toThrow(TypeError);
        expect((await store.load('orders@1', ['a'])).size).toBe(0);
        expect(await store.checkpoint('orders')).toBe(START);
      });
    });

    describe('checkpoints', () => {
      test('begin at the start, one for each projection, and never go back', async () => {
        expect(await store.checkpoint('orders')).toBe(START);
        await store.commit('orders', [], '10');
        await store.commit('fills', [], '3');
        await store.commit('orders', [], '9');
        expect(await store.checkpoint('orders')).toBe('10');
        expect(await store.checkpoint('fills')).toBe('3');
      });

      test('are forgotten when collections are dropped, which must be prepared before they are used again', async () => {
        await store.prepare([{ name: 'orders@2', indexes: [] }]);
        const other = { ...order('a', 4), collection: 'orders@2' };
        await store.commit('orders', [order('a', 4), other], '4');
        await store.commit('fills', [], '4');
        await store.drop('orders', ['orders@1', 'never-prepared']);
        expect(await store.checkpoint('orders')).toBe(START);
        expect(await store.checkpoint('fills')).toBe('4');
        await expect(store.load('orders@1', ['a'])).rejects.toThrow('the collection "orders@1" was not prepared');
        expect((await store.load('orders@2', ['a'])).size).toBe(1);
        await store.prepare([ORDERS]);
        expect((await store.load('orders@1', ['a'])).size).toBe(0);
        expect((await store.commit('orders', [order('a', 1)], '1')).size).toBe(1);
      });
    });

    describe('find', () => {
      beforeEach(async () => {
        await store.commit(
          'orders',
          [
            order('a', 1, { status: 'open', at: '2024-01-01', size: 5, account: 'x' }),
            order('b', 2, { status: 'done', at: '2024-01-02', size: 12, account: 'x' }),
            order('c', 3, { status: 'open', at: '2024-01-02', size: -1, account: 'y' }),
            order('d', 4, { status: null, at: '2024-01-03', size: 5.5 }),
            order('e', 5, { status: 'open', size: 12, account: 'y' }),
            order('f', 6, { at: null, size: 'large', account: 'x' }),
          ],
          '6',
        );
      });

      test('sorts by a field, missing values first, ties by key; descending is the same backward', async () => {
        expect(await all({})).toEqual(['e', 'f', 'a', 'b', 'c', 'd']);
        expect(await all({ sort: { field: 'at', isDescending: true } })).toEqual(['d', 'c', 'b', 'a', 'f', 'e']);
      });

      test('sorts numbers as numbers, before texts', async () => {
        expect(await all({ sort: { field: 'size', isDescending: false } })).toEqual(['c', 'a', 'd', 'b', 'e', 'f']);
      });

      test('filters by equal values, by one of a list, and by what is missing or null', async () => {
        expect(await all({ equal: { status: 'open' } })).toEqual(['e', 'a', 'c']);
        expect(await all({ equal: { status: ['open', 'done'], account: 'x' } })).toEqual(['a', 'b']);
        expect(await all({ equal: { status: null } })).toEqual(['f', 'd']);
        expect(await all({ equal: { status: ['done', null] } })).toEqual(['f', 'b', 'd']);
        expect(await all({ equal: { size: 12 } })).toEqual(['e', 'b']);
        expect(await all({ equal: { size: '12' } })).toEqual([]);
        expect(await all({ equal: { status: [] } })).toEqual([]);
        expect(await all({ equal: { status: 'open', account: ['y', 'y'] } })).toEqual(['e', 'c']);
      });

      test('takes long lists', async () => {
        const many = Array.from({ length: 40 }, (_, index) => `s${index}`);
        expect(await all({ equal: { status: [...many, 'open', null] } })).toEqual(['e', 'f', 'a', 'c', 'd']);
      });

      test('takes a range from a value up to but not including another, of that kind of value only', async () => {
        expect(await all({ range: { field: 'at', from: '2024-01-01', to: '2024-01-02' } })).toEqual(['a']);
        expect(await all({ range: { field: 'at', from: '2024-01-02' } })).toEqual(['b', 'c', 'd']);
        expect(await all({ range: { field: 'at', to: '2024-01-02' } })).toEqual(['a']);
        expect(await all({ range: { field: 'size', from: 5 } })).toEqual(['e', 'a', 'b', 'd']);
        expect(await all({ range: { field: 'size', to: 'zzz' } })).toEqual(['f']);
        expect(await all({ range: { field: 'at' } })).toHaveLength(6);
      });

      test('goes on after a cursor, and stays right while documents are added before it', async () => {
        const sort = { field: 'at', isDescending: true };
        expect(await all({ sort, limit: 2 })).toEqual(['d', 'c']);
        await store.commit('orders', [order('z', 7, { at: '2024-01-04' })], '7');
        expect(await all({ sort, limit: 2, after: { value: '2024-01-02', key: 'c' } })).toEqual(['b', 'a']);
        expect(await all({ sort, limit: 2, after: { value: '2024-01-01', key: 'a' } })).toEqual(['f', 'e']);
        expect(await all({ sort, after: { value: null, key: 'e' } })).toEqual([]);
      });

      test('gives the documents, and at most as many as asked for', async () => {
        const sort = { field: 'at', isDescending: false };
        const [found] = await store.find({ collection: 'orders@1', equal: { status: 'done' }, sort, limit: 1 });
        expect(found).toEqual({
          key: 'b',
          document: { _position: '2', status: 'done', at: '2024-01-02', size: 12, account: 'x' },
        });
        expect(await all({ limit: 0 })).toEqual([]);
      });

      test('of names that are none, or of what was not prepared, is our own mistake', async () => {
        await expect(all({ collection: "x'; DROP TABLE y" })).rejects.toThrow(/is not a collection's name/);
        await expect(all({ sort: { field: "at')", isDescending: false } })).rejects.toThrow(/is not a field/);
        await expect(all({ sort: { field: '_position', isDescending: false } })).rejects.toThrow(/is not a field/);
        await expect(all({ range: { field: 'at', from: 1, to: 'x' } })).rejects.toThrow(/bounds of two kinds/);
        await expect(all({ limit: -1 })).rejects.toThrow(/is not a limit/);
        await expect(all({ collection: 'nowhere' })).rejects.toThrow('the collection "nowhere" was not prepared');
        await expect(store.load('nowhere', ['a'])).rejects.toThrow('the collection "nowhere" was not prepared');
        await expect(store.prepare([{ name: 'Orders', indexes: [] }])).rejects.toThrow(/is not a collection's name/);
        await expect(store.prepare([{ name: 'orders', indexes: [['a b']] }])).rejects.toThrow(/is not a field/);
      });
    });

    test('gives the same pages as a sorted and filtered list (property)', async () => {
      const value = fc.constantFrom<FieldValue>(null, -1, 0, 2.5, 10, '', '10', '9', 'a', 'Ā', 'ab', '\u{1F642}', '\uFFFD', 'Z');
      const document = fc.record({
        at: fc.option(value, { nil: undefined }),
        status: fc.constantFrom<FieldValue>('open', 'done', null),
      });
      const query = fc.record({
        statuses: fc.option(fc.uniqueArray(fc.constantFrom<FieldValue>('open', 'done', null))),
        from: fc.option(value, { nil: undefined }),
        to: fc.option(value, { nil: undefined }),
        isDescending: fc.boolean(),
        limit: fc.integer({ min: 1, max: 5 }),
      });
      let round = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(document, { maxLength: 20 }),
          fc.array(query, { minLength: 3, maxLength: 6 }),
          async (documents, queries) => {
            round += 1;
            const collection = `round-${round}`;
            await store.prepare([{ name: collection, indexes: [['status', 'at'], ['at']] }]);
            const writes = documents.map((fields, index) => ({
              collection,
              key: `k${index}`,
              document: { _position: '1', ...fields },
            }));
            await store.commit(collection, writes, '1');
            for (const { statuses, from, to: upTo, isDescending, limit } of queries) {
              const to = from != null && typeof from !== typeof upTo ? undefined : upTo;
              const expected = writes
                .filter(({ document: { status } }) => statuses === null || statuses.includes(status))
                .filter(({ document: { at } }) => isInRange(at ?? null, from, to))
                .map(({ key, document: { at } }) => ({ key, value: at ?? null }))
                .sort((a, b) => modelOrder(a, b) * (isDescending ? -1 : 1));
              const equal = statuses === null ? undefined : { status: statuses };
              const range = from === undefined && to === undefined ? undefined : { field: 'at', from, to };
              const found = await pages(store, { collection, equal, range, sort: { field: 'at', isDescending }, limit });
              expect(found).toEqual(expected.map(({ key }) => key));
            }
          },
        ),
        { numRuns: 60 },
      );
    });

    test('that is closed says so', async () => {
      await store.close();
      await expect(store.checkpoint('orders')).rejects.toBeInstanceOf(StoreError);
      await expect(store.commit('orders', [], '1')).rejects.toBeInstanceOf(StoreError);
    });
  });
}

/** Null, then numbers, then texts by their bytes; then keys. */
function modelOrder(a: { key: string; value: FieldValue }, b: { key: string; value: FieldValue }): number {
  const kinds = ['object', 'number', 'string'];
  const byKind = kinds.indexOf(typeof a.value) - kinds.indexOf(typeof b.value);
  if (byKind !== 0) return byKind;
  const byValue =
    typeof a.value === 'number'
      ? a.value - (b.value as number)
      : Buffer.compare(Buffer.from(a.value ?? ''), Buffer.from((b.value ?? '') as string));
  return byValue || Buffer.compare(Buffer.from(a.key), Buffer.from(b.key));
}

function isInRange(value: FieldValue, from: FieldValue | undefined, to: FieldValue | undefined): boolean {
  const isFrom = from == null || (typeof value === typeof from && modelOrder({ key: '', value }, { key: '', value: from }) >= 0);
  const isTo = to == null || (typeof value === typeof to && modelOrder({ key: '', value }, { key: '', value: to }) < 0);
  return isFrom && isTo;
}

async function pages(store: ReadStore, query: FindQuery): Promise<string[]> {
  const keys: string[] = [];
  let after: FindQuery['after'];
  for (;;) {
    const page = await store.find({ ...query, after });
    const last = page.at(-1);
    if (last === undefined) return keys;
    keys.push(...page.map(({ key }) => key));
    after = { value: (last.document[query.sort.field] ?? null) as FieldValue, key: last.key };
  }
}
