import { describe, expect, it } from 'vitest';
import { MAX_LEVELS } from '../../../src/domain/feed/book/book.ts';
import { StreamedBook } from '../../../src/domain/feed/book/streamed-book.ts';
import type { BookSnapshot, DepthUpdate } from '../../../src/domain/feed/messages.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { MIDNIGHT, SECONDS_FEED, snapshotOf, textsOf, updateOf } from './market-fixtures.ts';
import { session } from './told-session.ts';

function snapshotAt(offsetMs: number, updateId: number, checksum?: number): BookSnapshot {
  const eventTime = MIDNIGHT + offsetMs;
  const snapshot = { ...snapshotOf(updateId, { 99: '1', 100: '2' }, { 101: '3' }, eventTime), eventTime };
  return checksum === undefined ? snapshot : { ...snapshot, checksum };
}

function updateAt(offsetMs: number, previousId: number, id: number, bid = '5', checksum?: number): DepthUpdate {
  const update = updateOf(id, id, { previousId, eventTime: MIDNIGHT + offsetMs, bids: { 100: bid } });
  return checksum === undefined ? update : { ...update, checksum };
}

function bookOf(...messages: readonly (BookSnapshot | DepthUpdate)[]) {
  const tally = new Tally();
  const book = new StreamedBook(tally, 1, 0);
  const outcomes = messages.map((message) => (message.kind === 'snapshot' ? book.applySnapshot(message) : book.apply(message)));
  return { book, outcomes, reasons: [...tally.entries].map(([reason, { count }]) => `${reason} ${count}`) };
}

describe('a book with snapshots in its stream', () => {
  it('follows by the id that an update names, also where ids begin anew', () => {
    const { book, outcomes, reasons } = bookOf(
      snapshotAt(0, 10),
      updateAt(1, 10, 17),
      updateAt(2, 17, 17, '6'),
      updateAt(3, 17, 3, '7'),
    );
    expect(outcomes).toEqual([true, 'applied', 'applied', 'applied']);
    expect(book).toMatchObject({ state: 'valid', updateId: 3, eventTime: MIDNIGHT + 3, resetTime: MIDNIGHT + 3 });
    expect(textsOf(book.bids.top(9))).toEqual({ prices: [100, 99], quantities: ['7', '1'] });
    expect(reasons).toEqual([]);
  });

  it('is stale from a gap until a snapshot, and takes nothing in between', () => {
    const gap = [snapshotAt(0, 10), updateAt(1, 11, 12), updateAt(2, 12, 13)];
    const { book, outcomes, reasons } = bookOf(...gap);
    expect(outcomes).toEqual([true, 'breaks', 'breaks']);
    expect(book).toMatchObject({ state: 'stale', hasGap: true, updateId: 10 });
    expect(reasons).toEqual(['depth-gap 1']);
    expect(bookOf(...gap, snapshotAt(3, 13)).book.state).toBe('valid');
  });

  it('stays stale behind what it has missed, although an update links', () => {
    const { book } = bookOf(snapshotAt(0, 10), updateAt(2, 11, 12), updateAt(1, 10, 11));
    expect(book).toMatchObject({ state: 'stale', updateId: 11 });
    expect(book.apply(updateAt(2, 11, 12))).toBe('applied');
    expect(book.state).toBe('valid');
  });

  it('does not go back to what is past, an update or a snapshot', () => {
    const { book, outcomes, reasons } = bookOf(
      snapshotAt(0, 10),
      updateAt(1, 10, 11),
      snapshotAt(0, 10),
      updateAt(1, 10, 11),
      updateAt(0, 11, 14),
    );
    expect(outcomes).toEqual([true, 'applied', false, 'dropped', 'dropped']);
    expect(book).toMatchObject({ state: 'valid', updateId: 11 });
    expect(reasons).toEqual(['past-snapshot 1', 'duplicate-depth 2']);
  });

  it('is none before a snapshot', () => {
    const { book, outcomes, reasons } = bookOf(updateAt(0, 1, 2));
    expect([outcomes, book.state, reasons]).toEqual([['breaks'], 'syncing', ['depth-without-snapshot 1']]);
  });

  /** CRC-32 of `100:2:101:3:99:1` and of `100:5:101:3:99:1`, signed, by zlib. */
  const CHECKSUMS = [-1_934_710_736, -130_661_953] as const;

  it('is stale from another checksum than its own until a snapshot, whatever links', () => {
    const good = [snapshotAt(0, 10, CHECKSUMS[0]), updateAt(1, 10, 11, '5', CHECKSUMS[1])];
    expect(bookOf(...good)).toMatchObject({ outcomes: [true, 'applied'], reasons: [] });
    const bad = [snapshotAt(0, 10), updateAt(1, 10, 11, '6', CHECKSUMS[1]), updateAt(2, 11, 12)];
    const { book, outcomes, reasons } = bookOf(...bad);
    expect(outcomes).toEqual([true, 'breaks', 'breaks']);
    expect(book).toMatchObject({ state: 'stale', hasGap: true });
    expect(reasons).toEqual(['checksum-mismatch 1', 'depth-without-snapshot 1']);
    expect(bookOf(...bad, snapshotAt(2, 12)).book.state).toBe('valid');
  });

  it('holds a bounded number of levels', () => {
    const asks = Object.fromEntries(Array.from({ length: MAX_LEVELS + 1 }, (_, i) => [1_000 + i, '1']));
    const { book, reasons } = bookOf({ ...snapshotOf(1, { 99: '1' }, asks), eventTime: MIDNIGHT });
    expect(book.asks.size).toBe((MAX_LEVELS * 7) / 8);
    expect(reasons).toEqual(['book-level-dropped 1']);
  });
});

describe('a feed of such a book', () => {
  it('is trusted from the snapshot, stale at a gap, and recovers with the next snapshot', () => {
    const { take, end } = session(SECONDS_FEED, 'streamed');
    expect(take(snapshotAt(0, 10))).toEqual(['recovered from ended at 00:00.000', 'sample 10 at 00:00.000: 1,2 1.01,3']);
    expect(take(updateAt(100, 10, 11), updateAt(200, 12, 13))).toEqual(['stale gap at 00:00.200, last good 00:00.100']);
    expect(take(updateAt(300, 13, 14))).toEqual([]);
    expect(take(snapshotAt(1_000, 15), updateAt(1_100, 15, 16))).toEqual([
      'recovered from gap at 00:01.000',
      'sample 16 at 00:01.100: 1,5 1.01,3',
    ]);
    expect(end()).toEqual(['stale ended at 00:01.100, last good 00:01.100']);
  });

  it('is stale at a checksum that is not that of the book', () => {
    const { take } = session(SECONDS_FEED, 'streamed');
    expect(take(snapshotAt(0, 10), updateAt(100, 10, 11, '5', 1))).toContain('stale gap at 00:00.100, last good 00:00.000');
  });

  it('refuses a snapshot that is far ahead of the receiver', () => {
    const { take, tally, drop } = session(SECONDS_FEED, 'streamed');
    take(snapshotAt(0, 10), { ...snapshotAt(100_000, 11), receivedAt: MIDNIGHT + 10 }, updateAt(100, 10, 12));
    drop();
    expect(tally.count('ahead-of-clock')).toBe(1);
    expect(tally.frames.get('snapshot')).toMatchObject({ used: 1, refused: 1 });
    expect(tally.frames.get('depthUpdate')).toMatchObject({ used: 1 });
  });
});
