import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BookSide } from '../../../src/domain/feed/book/book-side.ts';
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
        const book = new BookSide(side, 1);
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
    const book = new BookSide(side, 1);
    const prices = Array.from({ length: 1_001 }, (_, i) => 1 + i).sort(bestFirst);
    book.set({ prices, quantities: prices });
    expect(book.trim(1_001)).toBe(0);
    expect(book.trim(1_000)).toBe(126);
    expect(book.top(2_000).prices).toEqual(prices.slice(0, 875));
    // Beyond the last of those that are left nothing is known any more.
    book.set({ prices: [prices[900] as number, prices[0] as number], quantities: [1, 0] });
    expect(book.top(2_000).prices).toEqual(prices.slice(1, 875));
    expect(book.size).toBe(875);
  });

  it('are those of a snapshot alone after it', () => {
    const book = new BookSide(side, 1);
    book.set({ prices: [5, 6], quantities: [1, '0.000000001'] });
    book.reset({ prices: [], quantities: [] }, false);
    expect([book.size, book.best, book.top(5)]).toEqual([0, undefined, { prices: [], quantities: [] }]);
    book.reset({ prices: [7], quantities: [1] }, true);
    expect([book.size, book.best, book.top(5)]).toEqual([1, 7, { prices: [7], quantities: [1] }]);
  });

  it('are known up to the last level of a snapshot that was cut, and beyond it only where they follow without a space', () => {
    const book = new BookSide(side, 2);
    // The worst is the snapshot's last; one beyond is a tick away, the other further.
    const outward = side === 'bids' ? -1 : 1;
    const [better, best, worst, next, far] = [-2, 0, 4, 6, 10].map((step) => 100 + outward * step) as [
      number,
      number,
      number,
      number,
      number,
    ];
    book.reset({ prices: [best, worst], quantities: [1, 1] }, true);
    book.set({ prices: [better, far], quantities: [1, 1] });
    expect(book.top(9).prices).toEqual([better, best, worst]);
    book.set({ prices: [next], quantities: [1] });
    expect(book.top(9).prices).toEqual([better, best, worst, next]);
    book.set({ prices: [better, best, worst], quantities: [0, 0, 0] });
    expect([book.best, book.isBestKnown]).toEqual([next, true]);
    book.set({ prices: [next], quantities: [0] });
    expect([book.best, book.isBestKnown]).toEqual([far, false]);
    expect(book.top(9).prices).toEqual([]);
    book.set({ prices: [far], quantities: [0] });
    expect([book.best, book.isBestKnown]).toEqual([undefined, false]);
    book.set({ prices: [worst], quantities: [1] });
    expect([book.best, book.isBestKnown]).toEqual([worst, true]);
  });

  it('are known wherever the other side has been', () => {
    const book = new BookSide(side, 1);
    const outward = side === 'bids' ? -1 : 1;
    book.reset({ prices: [100], quantities: [1] }, true);
    book.set({ prices: [100, 100 + 20 * outward], quantities: [0, 1] });
    book.learn(100 + 10 * outward);
    expect(book.isBestKnown).toBe(false);
    book.learn(100 + 19 * outward);
    expect([book.isBestKnown, book.top(1).prices]).toEqual([true, [100 + 20 * outward]]);
    // The other side goes away again: what came since was told.
    book.set({ prices: [100 + 15 * outward], quantities: [1] });
    book.learn(100);
    expect(book.top(9).prices).toEqual([100 + 15 * outward, 100 + 20 * outward]);
  });

  it('are all known after a snapshot that was not cut', () => {
    const book = new BookSide(side, 1);
    book.reset({ prices: [102], quantities: [1] }, false);
    book.set({ prices: [102, 90, 110], quantities: [0, 1, 1] });
    expect(book.top(9).prices).toEqual([90, 110].sort(bestFirst));
    expect(book.isBestKnown).toBe(true);
    book.set({ prices: [90, 110], quantities: [0, 0] });
    expect([book.best, book.isBestKnown]).toEqual([undefined, true]);
  });
});
