import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_LEVELS } from '../../../src/domain/feed/book/book.ts';
import { MAX_WAITING_UPDATES, OrderBook } from '../../../src/domain/feed/book/order-book.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { snapshotOf, textsOf, updateOf } from './market-fixtures.ts';

function bookAt(updateId: number): { book: OrderBook; tally: Tally } {
  const tally = new Tally();
  const book = new OrderBook(tally, 1);
  book.applySnapshot(snapshotOf(updateId, { 99: '1', 100: '2' }, { 101: '3', 102: '4' }));
  return { book, tally };
}

describe('an order book', () => {
  it('is syncing until a snapshot comes, and holds it', () => {
    const book = new OrderBook(new Tally(), 1);
    expect(book.state).toBe('syncing');
    book.apply(updateOf(1, 2, { bids: { 50: '1' } }));
    expect(book.state).toBe('syncing');
    expect(book.bids.best).toBeUndefined();
    book.applySnapshot(snapshotOf(2, { 100: '2', 99: '1' }, { 101: '3' }));
    expect(book.state).toBe('valid');
    expect(textsOf(book.bids.top(5))).toEqual({ prices: [100, 99], quantities: ['2', '1'] });
    expect(textsOf(book.asks.top(5))).toEqual({ prices: [101], quantities: ['3'] });
  });

  it('sets quantities, removes zeros, and takes the removal of an unknown level for normal', () => {
    const { book } = bookAt(10);
    book.apply(updateOf(11, 12, { bids: { 100: '0', 98: '5', 42: '0' }, asks: { 101: '7' } }));
    expect(textsOf(book.bids.top(3))).toEqual({ prices: [99, 98], quantities: ['1', '5'] });
    expect(textsOf(book.asks.top(1))).toEqual({ prices: [101], quantities: ['7'] });
    expect(book.updateId).toBe(12);
  });

  it('drops what waited and is older than the snapshot, applies the update that straddles it, and what follows', () => {
    const tally = new Tally();
    const book = new OrderBook(tally, 1);
    book.apply(updateOf(1, 5, { bids: { 1: '1' } }));
    book.apply(updateOf(6, 12, { bids: { 2: '1' } }));
    book.apply(updateOf(13, 14, { bids: { 3: '1' } }));
    book.applySnapshot(snapshotOf(10, {}, {}));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(14);
    expect(book.bids.top(9).prices).toEqual([3, 2]);
    expect(tally.entries.size).toBe(0);
  });

  it('stays syncing when the snapshot is older than the first update that waits', () => {
    const book = new OrderBook(new Tally(), 1);
    book.apply(updateOf(20, 25));
    book.applySnapshot(snapshotOf(10, { 1: '1' }, { 2: '1' }));
    expect(book.state).toBe('syncing');
    book.applySnapshot(snapshotOf(19, { 1: '1' }, { 2: '1' }));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(25);
  });

  it('counts an update that came before and ignores it', () => {
    const { book, tally } = bookAt(10);
    book.apply(updateOf(11, 12, { bids: { 100: '9' } }));
    book.apply(updateOf(11, 12, { bids: { 100: '8' } }));
    expect(textsOf(book.bids.top(1)).quantities).toEqual(['9']);
    expect(tally.count('duplicate-depth')).toBe(1);
    expect(book.state).toBe('valid');
  });

  it('is stale from a gap on, and valid again when the missing update comes late', () => {
    const { book, tally } = bookAt(10);
    book.apply(updateOf(13, 14, { bids: { 100: '14' } }));
    book.apply(updateOf(13, 14, { bids: { 100: '14' } }));
    book.apply(updateOf(15, 16, { bids: { 98: '16' } }));
    expect(book.state).toBe('stale');
    expect(book.hasGap).toBe(true);
    expect(book.updateId).toBe(10);
    expect(tally.count('depth-gap')).toBe(1);
    expect(tally.count('duplicate-depth')).toBe(1);
    book.apply(updateOf(11, 12, { bids: { 100: '12', 97: '12' } }));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(16);
    expect(textsOf(book.bids.top(9))).toEqual({ prices: [100, 99, 98, 97], quantities: ['14', '1', '16', '12'] });
  });

  it('starts again from a snapshot after a gap', () => {
    const { book } = bookAt(10);
    book.apply(updateOf(13, 14, { bids: { 100: '14' } }));
    book.applySnapshot(snapshotOf(12, { 50: '1' }, { 110: '1' }));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(14);
    expect(book.bids.top(9).prices).toEqual([100, 50]);
  });

  it('counts a snapshot older than the book and ignores it', () => {
    const { book, tally } = bookAt(10);
    book.applySnapshot(snapshotOf(9, { 1: '1' }, { 2: '1' }));
    expect(book.bids.best).toBe(100);
    expect(tally.count('old-snapshot')).toBe(1);
  });

  it('is stale while bid and ask cross, and valid as soon as unbroken updates part them', () => {
    const { book } = bookAt(10);
    book.apply(updateOf(11, 11, { bids: { 101: '1' } }));
    expect(book.state).toBe('stale');
    expect(book.hasGap).toBe(false);
    expect(book.isCrossed).toBe(true);
    book.apply(updateOf(12, 12, { asks: { 101: '0' } }));
    expect(book.state).toBe('valid');
  });

  it('is valid with an empty side: that cannot cross', () => {
    const book = new OrderBook(new Tally(), 1);
    book.applySnapshot(snapshotOf(1, {}, { 5: '1' }));
    expect(book.state).toBe('valid');
  });

  it('judges futures by the id of the message before', () => {
    const { book } = bookAt(100);
    book.apply(updateOf(80, 95, { previousId: 79 }));
    expect(book.updateId).toBe(100);
    book.apply(updateOf(96, 105, { previousId: 95 }));
    expect(book.updateId).toBe(105);
    book.apply(updateOf(110, 120, { previousId: 105 }));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(120);
    book.apply(updateOf(115, 130, { previousId: 119 }));
    expect(book.state).toBe('stale');
  });

  it('takes as a futures snapshot’s first update also the one that names it as its predecessor', () => {
    const { book } = bookAt(100);
    book.apply(updateOf(110, 120, { previousId: 100 }));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(120);
  });

  it('keeps a bounded number of updates waiting and counts those it drops', () => {
    const tally = new Tally();
    const book = new OrderBook(tally, 1);
    for (let id = 0; id < MAX_WAITING_UPDATES + 3; id++) book.apply(updateOf(id, id));
    expect(tally.count('depth-buffer-full')).toBe(3);
    book.applySnapshot(snapshotOf(2, {}, {}));
    expect(book.state).toBe('valid');
    expect(book.updateId).toBe(MAX_WAITING_UPDATES + 2);
  });

  it('keeps a bounded number of levels, the best ones', () => {
    const tally = new Tally();
    const book = new OrderBook(tally, 1);
    book.applySnapshot(snapshotOf(1, {}, {}));
    const asks = Object.fromEntries(Array.from({ length: MAX_LEVELS }, (_, i) => [1_000 + i, '1']));
    book.apply(updateOf(2, 2, { asks: { 101: '3', 102: '4', ...asks } }));
    const kept = (MAX_LEVELS * 7) / 8;
    expect(book.asks.size).toBe(kept);
    expect(book.asks.top(2).prices).toEqual([101, 102]);
    expect(book.asks.top(MAX_LEVELS).prices.at(-1)).toBe(1_000 + kept - 3);
    expect(tally.count('book-level-dropped')).toBe(1);
  });
});

describe('an order book fed with messages dropped, doubled and out of order', () => {
  const change = fc.record({
    bid: fc.integer({ min: 1, max: 40 }),
    ask: fc.integer({ min: 41, max: 80 }),
    quantity: fc.constantFrom('0', '0', '1', '2.5', '7'),
    ids: fc.integer({ min: 1, max: 3 }),
  });
  const session = fc.record({
    changes: fc.array(change, { minLength: 1, maxLength: 40 }),
    disorder: fc.infiniteStream(fc.constantFrom('keep', 'keep', 'keep', 'double', 'delay', 'drop')),
    start: fc.integer({ min: 0, max: 5 }),
  });

  it('is valid exactly when it has every update, and then equal to a plain map of levels', () => {
    fc.assert(
      fc.property(session, ({ changes, disorder, start }) => {
        let next = start + 1;
        const updates = changes.map(({ bid, ask, quantity, ids }) => {
          const firstId = next;
          next += ids;
          return updateOf(firstId, next - 1, { bids: { [bid]: quantity }, asks: { [ask]: quantity } });
        });
        // The order of arrival: an update that is delayed comes after the next two.
        const fates = updates.map(() => disorder.next().value);
        const arrivals = updates
          .flatMap((update, i) => {
            const places =
              fates[i] === 'drop' ? [] : fates[i] === 'delay' ? [i + 2.5] : fates[i] === 'double' ? [i, i + 1.5] : [i];
            return places.map((place) => ({ place, update }));
          })
          .sort((a, b) => a.place - b.place);
        const book = new OrderBook(new Tally(), 1);
        book.applySnapshot(snapshotOf(start, {}, {}));
        const arrived = new Set<number>();
        for (const { update } of arrivals) {
          book.apply(update);
          arrived.add(update.firstId);
          const known = updates.filter((one) => arrived.has(one.firstId));
          const firstMissing = updates.findIndex((one) => !arrived.has(one.firstId));
          const prefix = firstMissing < 0 ? updates : updates.slice(0, firstMissing);
          expect(book.state).toBe(known.length === prefix.length ? 'valid' : 'stale');
          const bids = new Map<number, string>();
          const asks = new Map<number, string>();
          for (const one of prefix) {
            for (const [side, levels] of [
              [bids, one.bids],
              [asks, one.asks],
            ] as const) {
              const [price, quantity] = [levels.prices[0] as number, textsOf(levels).quantities[0] as string];
              if (quantity === '0') side.delete(price);
              else side.set(price, quantity);
            }
          }
          const bidPrices = [...bids.keys()].sort((a, b) => b - a);
          const askPrices = [...asks.keys()].sort((a, b) => a - b);
          expect(textsOf(book.bids.top(100))).toEqual({
            prices: bidPrices,
            quantities: bidPrices.map((price) => bids.get(price)),
          });
          expect(textsOf(book.asks.top(100))).toEqual({
            prices: askPrices,
            quantities: askPrices.map((price) => asks.get(price)),
          });
          expect(book.updateId).toBe(prefix.at(-1)?.lastId ?? start);
        }
      }),
    );
  });
});
