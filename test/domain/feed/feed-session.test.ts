import { describe, expect, it } from 'vitest';
import type { MarketMessage } from '../../../src/domain/feed/messages.ts';
import { MIDNIGHT, SECONDS_FEED, snapshotOf, tradeOf, type UpdateParts, updateOf } from './market-fixtures.ts';
import { session } from './told-session.ts';

const depth = (firstId: number, lastId: number, offsetMs: number, parts: UpdateParts = {}) =>
  updateOf(firstId, lastId, { ...parts, eventTime: MIDNIGHT + offsetMs, receivedAt: parts.receivedAt ?? MIDNIGHT + offsetMs });
const start = snapshotOf(10, { 100: '1', 99: '1' }, { 200: '2', 201: '2' });

describe('a feed’s session', () => {
  it('says nothing until the book is valid, then that the feed is there, and samples it', () => {
    const { take } = session();
    expect(take(depth(8, 9, 0), start)).toEqual([]);
    expect(take(depth(10, 12, 100, { bids: { 100: '3.5' } }))).toEqual([
      'recovered from ended at 00:00.100',
      'sample 12 at 00:00.100: 1,3.5 2,2',
    ]);
  });

  it('begins at a snapshot that links up with updates that waited, at their time', () => {
    const { take } = session();
    take(depth(11, 12, 100));
    expect(take(start)).toEqual(['recovered from ended at 00:00.100', 'sample 12 at 00:00.100: 1,1 2,2']);
  });

  it('samples at the first depth event of each period by which the best levels changed', () => {
    const { take } = session();
    take(start, depth(11, 11, 0));
    expect(take(depth(12, 12, 400, { bids: { 100: '5' } }), depth(13, 13, 900, { bids: { 100: '6' } }))).toEqual([]);
    expect(take(depth(14, 14, 1_000))).toEqual(['sample 14 at 00:01.000: 1,6 2,2']);
    expect(take(depth(15, 15, 1_400), depth(16, 16, 1_800), depth(17, 17, 2_000))).toEqual([]);
    expect(take(depth(18, 18, 2_300, { asks: { 200: '9' } }))).toEqual(['sample 18 at 00:02.300: 1,6 2,9']);
    expect(take(depth(19, 19, 2_600, { asks: { 200: '8' } }))).toEqual([]);
  });

  it('samples as many levels as the settings say, and sees no change below them', () => {
    const { take } = session({ ...SECONDS_FEED, depth: { levels: 1, every: '1s' } });
    take(start, depth(11, 11, 0));
    expect(take(depth(12, 12, 400), depth(13, 13, 800), depth(14, 14, 1_100, { bids: { 99: '7' } }))).toEqual([]);
  });

  it('is stale from a gap on, makes no samples and knows no quotes, and recovers when the missing update comes', () => {
    const { take, tally } = session();
    take(start, depth(11, 11, 0), tradeOf(1, 100), depth(12, 12, 300));
    expect(take(depth(14, 14, 700))).toEqual(['stale gap at 00:00.700, last good 00:00.300']);
    expect(take(depth(15, 15, 1_000), tradeOf(2, 1_000))).toEqual(['BarClosed 00:00.000 null null']);
    expect(take(depth(13, 13, 650, { receivedAt: MIDNIGHT + 1_050, bids: { 100: '9' } }))).toEqual([
      'recovered from gap at 00:01.000',
      'sample 15 at 00:01.000: 1,9 2,2',
    ]);
    expect(tally.count('depth-gap')).toBe(1);
  });

  it('recovers from a gap by a new snapshot, at the time of the updates on top of it', () => {
    const { take } = session();
    take(start, depth(11, 11, 0), depth(14, 14, 400));
    expect(take(snapshotOf(20, { 100: '4' }, { 200: '4' }, MIDNIGHT + 450))).toEqual([]);
    expect(take(depth(21, 21, 500))).toEqual(['recovered from gap at 00:00.500']);
  });

  it('is stale while the book is crossed', () => {
    const { take, tally } = session();
    take(start, depth(11, 11, 0));
    expect(take(depth(12, 12, 300, { bids: { 200: '1' } }), depth(13, 13, 400))).toEqual([
      'stale crossed at 00:00.300, last good 00:00.000',
    ]);
    expect(take(depth(14, 14, 600, { bids: { 200: '0' } }))).toEqual(['recovered from crossed at 00:00.600']);
    expect(tally.count('book-crossed')).toBe(1);
  });

  it('is silent when no depth came for longer than its limit by the receiver’s clock, whatever else comes', () => {
    const { take } = session();
    take(start, depth(11, 11, 0));
    expect(take(tradeOf(1, 500))).toEqual([]);
    expect(take({ kind: 'other', receivedAt: MIDNIGHT + 501, stream: 'bookTicker' })).toEqual([
      'stale silent at 00:00.500, last good 00:00.000',
    ]);
    expect(take(tradeOf(2, 700))).toEqual([]);
    expect(take(depth(12, 12, 800))).toEqual(['recovered from silent at 00:00.800']);
  });

  it('sees a silence at the very frame that ends it', () => {
    const { take } = session();
    take(start, depth(11, 11, 0));
    expect(take(depth(12, 12, 900))).toEqual([
      'stale silent at 00:00.500, last good 00:00.000',
      'recovered from silent at 00:00.900',
    ]);
  });

  it('judges silence by receive times, not by event times', () => {
    const { take } = session();
    take(start, depth(11, 11, 0, { receivedAt: MIDNIGHT }));
    expect(take(depth(12, 12, 600, { receivedAt: MIDNIGHT + 400 }))).toEqual([]);
  });

  it('says that a silence turned out to be a gap', () => {
    const { take } = session();
    take(start, depth(11, 11, 0));
    expect(take(depth(14, 14, 900))).toEqual([
      'stale silent at 00:00.500, last good 00:00.000',
      'stale gap at 00:00.900, last good 00:00.000',
    ]);
  });

  it('closes bars by depth events, before it samples the book of that moment', () => {
    const { take } = session();
    take(start, depth(11, 11, 0), tradeOf(1, 100), depth(12, 12, 400), depth(13, 13, 800, { bids: { 101: '1' } }));
    expect(take(depth(14, 14, 1_260, { bids: { 102: '1' } }))).toEqual([
      'BarClosed 00:00.000 1.01 2',
      'sample 14 at 00:01.260: 1.02,1 2,2',
    ]);
  });

  it('refuses times that lie ahead of the receiver’s clock beyond that clock’s own error', () => {
    const { take, drop, tally } = session();
    const slow = (frame: MarketMessage) => ({ ...frame, receivedAt: frame.receivedAt - 3_000 });
    take(start, slow(depth(11, 11, 0)), slow(tradeOf(1, 100)));
    expect(take({ ...tradeOf(2, 2_201), receivedAt: MIDNIGHT - 2_800 })).toEqual([]);
    expect(take({ ...tradeOf(2, 2_200), receivedAt: MIDNIGHT - 2_800 })).toEqual(['BarClosed 00:00.000 null null']);
    // The one that was ahead waited for others like it, and none came.
    drop();
    expect(tally.count('ahead-of-clock')).toBe(1);
    expect(tally.entries.get('ahead-of-clock')?.first).toContain("5001 ms ahead of the receiver's clock");
    expect(tally.frames.get('trade')).toMatchObject({ used: 2, refused: 1 });
  });

  it('ends with the recording, at the last time it told', () => {
    const { take, end } = session();
    take(start, depth(11, 11, 0), tradeOf(1, 400));
    expect(end()).toEqual(['stale ended at 00:00.400, last good 00:00.400']);
  });

  it('has nothing to end when it never began', () => {
    const { take, end } = session();
    take(depth(11, 11, 0), tradeOf(1, 400));
    expect(end()).toEqual([]);
  });

  it('lives by its trades where the settings ask for no book', () => {
    const { depth: _, ...tradesOnly } = SECONDS_FEED;
    const { take, end } = session(tradesOnly);
    expect(take(tradeOf(1, 0), tradeOf(2, 60_000))).toEqual([
      'recovered from ended at 00:00.000',
      'BarClosed 00:00.000 null null',
    ]);
    expect(end()).toEqual(['stale ended at 01:00.000, last good 01:00.000']);
  });
});
