import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor } from '../../../src/api/http/cursor.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null));

describe('a cursor', () => {
  it('gives back its place, for the query that it was made for', () => {
    fc.assert(
      fc.property(value, fc.string(), fc.dictionary(fc.string(), fc.string()), (sortValue, key, query) => {
        const cursor = encodeCursor({ value: sortValue, key }, query);
        expect(cursor).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(cursor, query)).toEqual({ value: sortValue, key });
      }),
    );
  });

  it('is refused for another query', () => {
    const cursor = encodeCursor({ value: 'a', key: 'b' }, { route: 'signals', order: 'desc' });
    expect(() => decodeCursor(cursor, { route: 'signals', order: 'asc' })).toThrow('another query');
    expect(() => decodeCursor(cursor, { route: 'orders', order: 'desc' })).toThrow('another query');
    expect(() => decodeCursor(cursor, { route: 'signals', order: 'desc', strategy: 'x' })).toThrow('another query');
  });

  it.each(['', 'x', '%%%', 'e30', 'WzEsMl0', 'a'.repeat(2_000)])('is refused when it is "%s"', (cursor) => {
    expect(() => decodeCursor(cursor, {})).toThrow('not one that this server gave out');
  });
});
