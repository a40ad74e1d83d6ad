import fc from 'fast-check';
import { expect, it } from 'vitest';
import { RecentEvents } from '../../../src/adapters/sqlite/recent-events.ts';
import { categoryOf } from '../../../src/domain/streams.ts';
import type { ReadQuery } from '../../../src/ports/event-store.ts';
import type { RecordedEvent } from '../../../src/tape/envelope.ts';

const CATEGORIES = ['bars', 'order', 'request'];

/** A tape of so many events; those at the positions `unread` cannot be read. */
function tape(unread: readonly number[] = []) {
  const events: RecordedEvent[] = [];
  const reads: ReadQuery[] = [];
  const read = (query: ReadQuery): RecordedEvent[] => {
    reads.push(query);
    const { after = '0', categories, limit } = query;
    const found = events
      .filter(({ position }) => Number(position) > Number(after))
      .filter(({ stream }) => categories?.includes(categoryOf(stream)) ?? true)
      .slice(0, limit);
    if (found.some(({ position }) => unread.includes(Number(position)))) throw new Error('cannot be read');
    return found;
  };
  const append = (count: number): void => {
    for (let left = count; left > 0; left--) {
      const position = events.length + 1;
      const category = CATEGORIES[position % CATEGORIES.length];
      events.push({ position: String(position), stream: `${category}-${position}` } as RecordedEvent);
    }
  };
  const rows = { last: () => ({ position: events.length, recordedAt: '' }), read };
  return { append, reads, rows, recent: new RecentEvents(rows, (work) => work()) };
}

const positionsOf = (events: readonly RecordedEvent[]) => events.map(({ position }) => Number(position));

const step = fc.record({
  appended: fc.oneof(fc.nat(5), fc.nat(700)),
  back: fc.oneof(fc.nat(5), fc.nat(1_500)),
  categories: fc.option(fc.subarray(CATEGORIES, { minLength: 1 }), { nil: undefined }),
  limit: fc.constantFrom(1, 500),
});

it('a follower is given what it would read by itself, wherever it is', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { append, rows, recent } = tape();
      for (const { appended, back, categories, limit } of steps) {
        append(appended);
        const after = Math.max(0, recent.head() - back);
        const own = rows.read({ after: String(after), categories, limit });
        expect(positionsOf(recent.scan(after, categories, limit))).toEqual(positionsOf(own));
      }
    }),
  );
});

it('what a dozen followers want is read once', () => {
  const { append, reads, recent } = tape();
  append(100);
  let after = recent.head();
  for (let round = 0; round < 5; round++) {
    append(10);
    for (let follower = 0; follower < 12; follower++) {
      recent.head();
      expect(recent.scan(after, undefined, 500)).toHaveLength(10);
    }
    after += 10;
  }
  expect(reads).toHaveLength(5);
});

it('an event that cannot be read is in the way of those alone who want it', () => {
  const { append, recent } = tape([4]);
  append(6);
  recent.head();
  // The fourth is of an order.
  expect(positionsOf(recent.scan(0, ['bars'], 500))).toEqual([3, 6]);
  expect(() => recent.scan(0, ['order'], 500)).toThrow('cannot be read');
  expect(positionsOf(recent.scan(4, ['order', 'request'], 500))).toEqual([5]);
});
