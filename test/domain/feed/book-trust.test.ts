/** When a book may be trusted though its snapshots and ids do not fit: by what an update has met. */

import { describe, expect, it } from 'vitest';
import type { MarketMessage } from '../../../src/domain/feed/messages.ts';
import { MIDNIGHT, SECONDS_FEED, snapshotOf, tradeOf, type UpdateParts, updateOf } from './market-fixtures.ts';
import { session } from './told-session.ts';

const at = (firstId: number, lastId: number, offsetMs: number, parts: UpdateParts = {}) =>
  updateOf(firstId, lastId, { ...parts, eventTime: MIDNIGHT + offsetMs });
const snapshotAt = (updateId: number, bid: number, ask: number, offsetMs: number) =>
  snapshotOf(updateId, { [bid]: '1', [bid - 1]: '1' }, { [ask]: '1', [ask + 1]: '1' }, MIDNIGHT + offsetMs);

/** Updates of one id each, every 100 ms. */
const run = (firstId: number, count: number, offsetMs: number, parts: UpdateParts = {}) =>
  Array.from({ length: count }, (_, i) => at(firstId + i, firstId + i, offsetMs + i * 100, parts));

/** Ids from 1000 on, bid 100 and ask 200, the last update at 0.900 with the id 1009. */
const begun = (): MarketMessage[] => [snapshotAt(999, 100, 200, 0), ...run(1_000, 10, 0, { bids: { 100: '2' } })];

describe('a snapshot that has nothing to do with the updates', () => {
  it.each([
    ['of higher ids', 77_777],
    ['of lower ids', 5],
  ])('changes nothing: %s', (_what, updateId) => {
    const { take, drop, tally } = session();
    take(...begun());
    const told = take(snapshotAt(updateId, 3, 4, 950), ...run(1_010, 20, 1_000), tradeOf(1, 2_000), tradeOf(2, 3_100));
    expect(told).toEqual(['BarClosed 00:02.000 1 2']);
    drop();
    expect(tally.frames.get('snapshot')).toMatchObject({ used: 1, dropped: 1 });
    expect(tally.entries.get('unmet-snapshot')?.first).toContain(`the snapshot of update ${updateId}`);
  });

  it('is not met by chance when the ids reach its own a minute later', () => {
    const { take } = session();
    take(...begun(), snapshotAt(1_700, 3, 4, 950));
    const told = take(...run(1_010, 700, 1_000, { bids: { 100: '3' } }), at(1_710, 1_710, 71_000, { bids: { 100: '4' } }));
    expect(told.filter((text) => !text.includes(': 1,3 2,1') && !text.includes(': 1,4 2,1'))).toEqual([]);
  });

  it('does not hide the right one that came before it, nor the one that comes after it', () => {
    for (const ids of [
      [1_049, 77_777],
      [77_777, 1_049],
    ]) {
      const { take } = session();
      const snapshots = ids.map((id) => (id === 1_049 ? snapshotAt(id, 100, 200, 50) : snapshotAt(id, 3, 4, 50)));
      take(...run(1_040, 5, 0), ...snapshots);
      expect(take(...run(1_045, 10, 500, { bids: { 100: '7' } })).slice(0, 1)).toEqual(['recovered from ended at 00:00.900']);
      expect(take(at(1_055, 1_055, 1_500, { bids: { 100: '8' } }))).toEqual(['sample 1055 at 00:01.500: 1,8 2,1']);
    }
  });
});

describe('a snapshot that is met', () => {
  it('takes the place of a book that goes on, without a break', () => {
    const { take, tally } = session();
    take(...begun());
    const told = take(snapshotAt(1_014, 101, 200, 950), ...run(1_010, 4, 1_000), at(1_014, 1_016, 1_400, { bids: { 102: '1' } }));
    expect(told).toEqual(['sample 1016 at 00:01.400: 1.02,1 2,1']);
    expect(take(at(1_017, 1_017, 1_800), at(1_018, 1_018, 2_000, { bids: { 102: '0' } }))).toEqual([
      'sample 1018 at 00:02.000: 1.01,1 2,1',
    ]);
    expect([...tally.entries]).toEqual([]);
  });

  it('was ahead of all updates so far, which are in it: they are dropped, and that is normal', () => {
    const { take, tally } = session();
    expect(take(...run(1_000, 5, 0), snapshotAt(1_009, 100, 200, 500), ...run(1_005, 4, 500))).toEqual([]);
    expect(take(at(1_009, 1_011, 900))).toEqual(['recovered from ended at 00:00.900', 'sample 1011 at 00:00.900: 1,1 2,1']);
    expect([...tally.entries]).toEqual([]);
    expect(tally.frames.get('depthUpdate')).toMatchObject({ used: 1, dropped: 9 });
  });
});

describe('lower ids with a later time', () => {
  it('are a reset, taken at once where the new snapshot is there; samples after it have keys of their own', () => {
    const { take, keys, tally } = session();
    take(...begun());
    const told = take(snapshotAt(5, 50, 60, 1_950), ...run(6, 12, 2_000, { bids: { 50: '9' } }));
    expect(told).toEqual([
      'stale silent at 00:01.400, last good 00:00.900',
      'recovered from silent at 00:02.000',
      'sample 6 at 00:02.000: 0.5,9 0.6,1',
    ]);
    expect(keys.filter((key) => key.includes('BTCUSDT|1000') || key.includes('BTCUSDT|6'))).toEqual([
      'binance|BTCUSDT|1000',
      'binance|BTCUSDT|6|2024-08-09T00:00:02.000Z',
    ]);
    expect(tally.frames.get('depthUpdate')).toMatchObject({ used: 22, dropped: 0 });
    expect(tally.entries.get('depth-reset')).toMatchObject({ count: 1 });
  });

  it('make the book stale until a snapshot of theirs comes, whose updates link up', () => {
    const { take, tally } = session();
    take(...begun());
    expect(take(...run(6, 10, 1_000))).toEqual(['stale gap at 00:01.000, last good 00:00.900']);
    expect(tally.entries.get('depth-reset')).toMatchObject({ count: 1 });
    expect(take(snapshotAt(12, 50, 60, 2_000))).toEqual([
      'recovered from gap at 00:01.900',
      'sample 15 at 00:01.900: 0.5,1 0.6,1',
    ]);
    expect(take(at(16, 16, 2_000, { bids: { 50: '4' } }))).toEqual(['sample 16 at 00:02.000: 0.5,4 0.6,1']);
  });

  it('are a reset also after they have reached the ids of before, until a snapshot of theirs comes', () => {
    const { take, tally } = session();
    take(...begun());
    // From 990 on; the market has moved. At 1.990 and later the ids are those that the old book waited for.
    const moved = at(990, 990, 1_000, { bids: { 100: '0', 99: '0', 90: '5' }, asks: { 120: '4' } });
    expect(take(moved, ...run(991, 40, 1_100, { bids: { 80: '3' } }))).toEqual(['stale gap at 00:01.000, last good 00:00.900']);
    expect([...tally.entries.keys()]).toEqual(['depth-reset']);
    expect(take(snapshotAt(1_000, 90, 120, 5_100))).toEqual([
      'recovered from gap at 00:05.000',
      'sample 1030 at 00:05.000: 0.9,1 1.2,1',
    ]);
    expect(tally.frames.get('depthUpdate')).toEqual({ used: 41, refused: 0, dropped: 10, unused: 0, firstUnused: null });
    const next = at(1_032, 1_032, 6_000, { bids: { 90: '7' } });
    expect(take(at(1_031, 1_031, 5_500), next)).toEqual(['sample 1032 at 00:06.000: 0.9,7 1.2,1']);
  });

  it('are a reset whose samples have keys of their own also when its snapshot is above the ids of before', () => {
    const { take, keys } = session();
    take(...begun(), ...run(990, 40, 1_000), snapshotAt(1_029, 50, 60, 4_950));
    expect(keys.at(-1)).toBe('binance|BTCUSDT|1029|2024-08-09T00:00:04.900Z');
  });

  it.each([
    ['an update that spans the last id of before', at(1_005, 1_015, 1_100)],
    ['one after others that are missing', at(1_020, 1_020, 1_100)],
  ])('do not lead to the ids of before by %s', (_what, second) => {
    const { take } = session();
    take(...begun(), at(980, 1_004, 1_000), second);
    expect(take(...run(second.lastId + 1, 20, 1_200))).toEqual([]);
  });

  it('are not met by a snapshot of the ids of before, which they reach', () => {
    const { take, drop, tally } = session();
    take(...begun(), snapshotAt(1_015, 3, 4, 950));
    expect(take(...run(990, 60, 1_000))).toEqual(['stale gap at 00:01.000, last good 00:00.900']);
    drop();
    expect(tally.frames.get('snapshot')).toMatchObject({ used: 1, dropped: 1 });
  });

  it('judge futures alike where they reach the ids of before', () => {
    const { take } = session();
    take(snapshotAt(100, 100, 200, 0), at(95, 105, 0, { previousId: 94 }), at(110, 120, 100, { previousId: 105 }));
    const anew = [at(90, 110, 200, { previousId: 89 }), at(112, 120, 300, { previousId: 110 })];
    expect(take(...anew, at(125, 130, 400, { previousId: 120 }), at(131, 140, 1_200, { previousId: 130 })).slice(0, 1)).toEqual([
      'stale gap at 00:00.200, last good 00:00.100',
    ]);
    expect(take(at(141, 150, 1_300, { previousId: 140 }))).toEqual([]);
  });

  it('are wrong, where the ids go on as they were', () => {
    const { take, drop, tally } = session();
    take(...begun());
    expect(take(at(6, 6, 950))).toEqual(['stale gap at 00:00.950, last good 00:00.900']);
    expect(take(at(1_010, 1_010, 1_000)).slice(0, 1)).toEqual(['recovered from gap at 00:01.000']);
    drop();
    expect(tally.frames.get('depthUpdate')).toMatchObject({ used: 11, dropped: 1 });
    // Nor is it another that says so when it comes twice.
    const { take: go } = session();
    go(...begun());
    expect(go(at(6, 6, 950), at(6, 6, 950), at(1_010, 1_010, 1_000)).slice(1, 2)).toEqual(['recovered from gap at 00:01.000']);
  });

  it('judge futures alike, where each message names the one before', () => {
    const { take } = session();
    take(snapshotAt(100, 100, 200, 0), at(95, 105, 0, { previousId: 94 }), at(110, 120, 100, { previousId: 105 }));
    expect(take(snapshotAt(8, 50, 60, 200), at(5, 9, 300, { previousId: 4 }), at(12, 14, 1_000, { previousId: 9 }))).toEqual([
      'stale silent at 00:00.800, last good 00:00.300',
      'recovered from silent at 00:01.000',
      'sample 14 at 00:01.000: 0.5,1 0.6,1',
    ]);
  });
});

describe('what comes again, or not in its time', () => {
  it('is the past with an earlier time, and no sign of life: a book whose updates are all dropped is silent', () => {
    const { take, tally } = session();
    take(...begun());
    const again = run(1_000, 9, 0).map((update, i) => ({ ...update, receivedAt: MIDNIGHT + 1_000 + i * 100 }));
    expect(take(...again)).toEqual(['stale silent at 00:01.400, last good 00:00.900']);
    expect(tally.count('duplicate-depth')).toBe(9);
    expect(take(at(1_010, 1_010, 2_000)).slice(0, 1)).toEqual(['recovered from silent at 00:02.000']);
  });

  it('is dropped where its ids are higher and its time is earlier, so that one wrong id does not stop the book', () => {
    const { take, drop, tally } = session();
    take(...begun());
    expect(take(at(9_000_000, 9_000_000, 950))).toEqual(['stale gap at 00:00.950, last good 00:00.900']);
    expect(take(at(1_010, 1_010, 1_000)).slice(0, 1)).toEqual(['recovered from gap at 00:01.000']);
    drop();
    expect(tally.entries.get('stray-depth')).toMatchObject({ count: 1 });
  });
});

describe('a quote that no update has touched', () => {
  it('is not shown in a bar: neither after silence, nor of a snapshot that nothing links up with', () => {
    const { take } = session();
    take(snapshotAt(999, 100, 200, 0), tradeOf(1, 0), tradeOf(2, 200));
    expect(take(tradeOf(3, 1_100))).toEqual(['BarClosed 00:00.000 null null']);
    const { take: go } = session();
    go(...begun());
    const told = go(tradeOf(1, 900), tradeOf(2, 1_300), tradeOf(3, 2_100), tradeOf(4, 3_100));
    expect(told).toEqual([
      'BarClosed 00:00.000 1 2',
      'stale silent at 00:01.400, last good 00:00.900',
      'BarClosed 00:01.000 null null',
      'BarClosed 00:02.000 null null',
    ]);
  });

  it('is not shown where the settings ask for no book either', () => {
    const { depth: _, ...tradesOnly } = SECONDS_FEED;
    const { take } = session(tradesOnly);
    take(...begun());
    expect(take(tradeOf(1, 900), tradeOf(2, 1_300), tradeOf(3, 2_100)).slice(1)).toEqual([
      'BarClosed 00:00.000 1 2',
      'BarClosed 00:01.000 null null',
    ]);
  });
});

describe('a book whose levels are gone that the snapshot told', () => {
  const beyond = at(1_010, 1_010, 1_000, { bids: { 201: '1' }, asks: { 200: '0', 201: '0', 220: '1' } });

  it('is not sampled, shows no quote, and is stale when that lasts, until the next snapshot', () => {
    const { take, tally } = session();
    take(...begun(), tradeOf(1, 900), tradeOf(2, 1_000));
    expect(take(beyond, ...run(1_011, 4, 1_100))).toEqual([]);
    expect(take(...run(1_015, 3, 1_500))).toEqual(['stale gap at 00:01.500, last good 00:00.900']);
    expect(take(tradeOf(3, 2_000))).toEqual(['BarClosed 00:01.000 null null']);
    expect(tally.count('beyond-snapshot')).toBe(1);
    expect(take(snapshotAt(1_020, 201, 205, 2_000), ...run(1_018, 4, 2_000)).slice(0, 2)).toEqual([
      'recovered from gap at 00:02.200',
      'sample 1020 at 00:02.200: 2.01,1 2.05,1',
    ]);
  });

  it('is trusted again as soon as the best prices leave no room for others', () => {
    const { take } = session();
    take(...begun(), beyond);
    expect(take(at(1_011, 1_011, 1_100, { bids: { 219: '1' } }))).toEqual(['sample 1011 at 00:01.100: 2.19,1 2.2,1']);
  });
});

describe('a feed of trades alone', () => {
  it('does not begin with a trade that was dropped', () => {
    const { depth: _, ...tradesOnly } = SECONDS_FEED;
    const { take, end, tally } = session(tradesOnly);
    const ahead = { ...tradeOf(9, 100_000), receivedAt: MIDNIGHT };
    expect(take(ahead)).toEqual([]);
    expect(end()).toEqual([]);
    expect(tally.count('ahead-of-clock')).toBe(1);
    expect(take(tradeOf(1, 200))).toEqual(['recovered from ended at 00:00.200']);
    take(tradeOf(1, 200));
    expect(end()).toEqual(['stale ended at 00:00.200, last good 00:00.200']);
  });
});
