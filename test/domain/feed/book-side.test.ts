import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookSide } from '../../../src/domain/feed/book-side.ts';
import type { Quantity } from '../../../src/domain/feed/units.ts';

/** Prices close enough to come again, and enough of them that only a part is kept in order. */
const levels = fc.array(
  fc.record({
    price: fc.integer({ min: 1, max: 3_000 }),
    quantity: fc.constantFrom<Quantity>(0, 0, 1, 2.5e12, '0.000000001'),
  }),
  { maxLength: 60 },
);
const messages = fc.array(fc.record({ levels, ordered: fc.boolean(), read: fc.constantFrom(0, 1, 20, 700) }), {
  minLength: 1,
  maxLength: 40,
});

describe.each([
  ['bids', (a: number, b: number) => b - a],
  ['asks', (a: number, b: number) => a - b],
] as const)('the %s of a book', (side, bestFirst) => {
  it('are those of a plain map of levels, in whatever order they change and however many are read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000 }), messages, (initial, changes) => {
        const book = new BookSide(side);
        const model = new Map<number, Quantity>();
        const first = Array.from({ length: initial }, (_, i) => ({ price: 1 + ((i * 1_009) % 3_000), quantity: i + 1 }));
        for (const { levels, ordered, read } of [{ levels: first, ordered: true, read: 0 }, ...changes]) {
          const sent = ordered ? levels.toSorted((a, b) => bestFirst(a.price, b.price)) : levels;
          book.set({ prices: sent.map((level) => level.price), quantities: sent.map((level) => level.quantity) });
          for (const { price, quantity } of sent) {
            if (quantity === 0) model.delete(price);
            else model.set(price, quantity);
          }
          const prices = [...model.keys()].sort(bestFirst);
          expect(book.size).toBe(model.size);
          expect(book.best).toBe(prices[0]);
          const expected = prices.slice(0, read);
          expect(book.top(read)).toEqual({ prices: expected, quantities: expected.map((price) => model.get(price)) });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are trimmed to seven eighths of a limit, the best ones, and go on from there', () => {
    const book = new BookSide(side);
    const prices = Array.from({ length: 1_001 }, (_, i) => 1 + i).sort(bestFirst);
    book.set({ prices, quantities: prices });
    expect(book.trim(1_001)).toBe(0);
    expect(book.trim(1_000)).toBe(126);
    expect(book.top(2_000).prices).toEqual(prices.slice(0, 875));
    book.set({ prices: [prices[900] as number, prices[0] as number], quantities: [1, 0] });
    expect(book.top(2_000).prices).toEqual([...prices.slice(1, 875), prices[900]]);
  });

  it('are empty after they were cleared', () => {
    const book = new BookSide(side);
    book.set({ prices: [5, 6], quantities: [1, '0.000000001'] });
    book.clear();
    expect([book.size, book.best, book.top(5)]).toEqual([0, undefined, { prices: [], quantities: [] }]);
  });
});
