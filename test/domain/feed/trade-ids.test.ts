/** Trade ids that begin anew, or are wrong once: neither stops the bars. */

import { describe, expect, it } from 'vitest';
import { BarBuilder } from '../../../src/domain/feed/bar-builder.ts';
import type { Trade } from '../../../src/domain/feed/messages.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { MIDNIGHT, tradeOf } from './market-fixtures.ts';

/** Each bar with its opening second, ids, number of trades, open and close, and the keys of corrections. */
function session() {
  const tally = new Tally();
  const bars = new BarBuilder(BTCUSDT, '1s', tally, 500);
  const drafts = (trades: readonly Trade[]) => trades.flatMap((trade) => bars.applyTrade(trade));
  return {
    tally,
    bars,
    clock: (offsetMs: number) => bars.applyTime(MIDNIGHT + offsetMs, null).map((draft) => short(draft.data as Bar)),
    take: (...trades: Trade[]) => drafts(trades).map((draft) => short(draft.data as Bar)),
    keys: (...trades: Trade[]) => drafts(trades).map(({ key }) => key),
  };
}

function short({ openTime, firstTradeId, lastTradeId, tradeCount, open, close, complete }: Bar): string {
  return `${openTime.slice(17, 19)} ${firstTradeId}-${lastTradeId} x${tradeCount} ${open} ${close}${complete ? '' : ' incomplete'}`;
}

/** Two trades a second: at .0 and .5. */
const run = (firstId: number, count: number, offsetMs: number, price = 100) =>
  Array.from({ length: count }, (_, i) => tradeOf(firstId + i, offsetMs + i * 500, price + i));

describe('trade ids that begin anew', () => {
  it('go on after a hole: bars on both sides are incomplete, those after them whole, under the venue’s ids', () => {
    const { take, tally } = session();
    take(...run(1_000, 5, 0));
    expect(take(...run(1, 7, 10_000))).toEqual([
      '02 1004-1004 x1 1.04 1.04 incomplete',
      '10 1-2 x2 1 1.01 incomplete',
      '11 3-4 x2 1.02 1.03',
      '12 5-6 x2 1.04 1.05',
    ]);
    expect(tally.entries.get('trade-reset')?.first).toContain('trade 1 comes after 1004, at a later time');
    expect(tally.frames.get('trade')).toEqual({ used: 12, refused: 0, dropped: 0, unused: 0, firstUnused: null });
  });

  it('may do so again, to lower and to higher ids, within a bar and over the same ids', () => {
    const tally = new Tally();
    const bars = new BarBuilder(BTCUSDT, '1m', tally, 500);
    const trades = [...run(1_000, 5, 0), ...run(1, 5, 10_000), ...run(3, 5, 20_000), tradeOf(8, 61_000)];
    const [minute] = trades.flatMap((trade) => bars.applyTrade(trade)).map((draft) => short(draft.data as Bar));
    // 3 to 5 of the third run are later than the second's: at a later time they are a reset.
    expect(minute).toBe('00 1000-7 x15 1 1.04 incomplete');
    expect(tally.count('trade-reset')).toBe(2);
  });

  it('put late trades of the new ids in their places, and correct bars under them', () => {
    const { take, keys } = session();
    take(...run(1_000, 5, 0), tradeOf(1, 10_000, 100), tradeOf(3, 11_000, 300));
    expect(take(tradeOf(2, 10_500, 200), tradeOf(4, 12_000, 400))).toEqual(['10 1-2 x2 1 2 incomplete', '11 3-3 x1 3 3']);
    take(tradeOf(6, 13_000), tradeOf(7, 16_000));
    expect(keys(tradeOf(5, 12_500, 500))).toEqual([expect.stringMatching(/\|2024-08-09T00:00:12\.000Z\|5$/)]);
  });

  it('leave those of before as the past', () => {
    const { take, tally } = session();
    take(...run(1_000, 5, 0), ...run(1, 5, 10_000));
    expect(take(tradeOf(1_002, 1_000), tradeOf(1_005, 2_500), tradeOf(1, 10_000))).toEqual([]);
    expect([tally.count('too-late-trade'), tally.count('duplicate-trade')]).toEqual([2, 1]);
    expect(take(...run(6, 3, 12_500))).toEqual(['12 5-6 x2 1.04 1']);
  });
});

describe('trade ids that begin anew a little below', () => {
  /** A minute's bar of trades 1000 to 1019 in its first 1.9 s, of the trades given, and how many of these were dropped. */
  function minute(trades: readonly Trade[]) {
    const tally = new Tally();
    const bars = new BarBuilder(BTCUSDT, '1m', tally, 500);
    const before = Array.from({ length: 20 }, (_, i) => tradeOf(1_000 + i, i * 100, 100));
    const told = [tradeOf(999, -1_000, 100), ...before, ...trades].flatMap((trade) => bars.applyTrade(trade));
    const close = bars.applyTime(MIDNIGHT + 70_000, null);
    const bar = [...told, ...close].map((draft) => short(draft.data as Bar)).at(-1);
    return { bar, dropped: tally.frames.get('trade')?.dropped, resets: tally.count('trade-reset') };
  }
  const again = (firstId: number, count: number, offsetMs: number) =>
    Array.from({ length: count }, (_, i) => tradeOf(firstId + i, offsetMs + i * 100, 200));

  it.each([
    ['at a later time than the last', again(1_010, 30, 2_000)],
    ['at the time of the last', again(1_010, 30, 1_900)],
    ['at the last id itself', again(1_019, 30, 2_000)],
    ['while others wait for missing ones', [...again(1_025, 5, 1_950), ...again(1_027, 25, 2_600)]],
  ])('lose no trade, and their bar is incomplete: %s', (_what, trades) => {
    expect(minute(trades)).toEqual({ bar: expect.stringMatching(/ x50 1 2 incomplete$/), dropped: 0, resets: 1 });
  });

  it('lose none either where they are far below, among ids whose times are remembered no more', () => {
    const many = Array.from({ length: 2_000 }, (_, i) => tradeOf(1_020 + i, 2_000 + i, 100));
    expect(minute([...many, ...again(1_010, 30, 4_100)])).toEqual({
      bar: expect.stringMatching(/ x2050 1 2 incomplete$/),
      dropped: 0,
      resets: 1,
    });
  });

  it('are none, but trades that come again, at the times that they had, late ones too', () => {
    const twice = [
      tradeOf(1_019, 1_900, 100),
      tradeOf(1_010, 1_000, 100),
      tradeOf(1_021, 2_100, 200),
      tradeOf(1_021, 2_100, 200),
    ];
    const late = [tradeOf(1_020, 2_000, 150), tradeOf(1_020, 2_000, 150)];
    expect(minute([...twice, ...late])).toEqual({ bar: '00 1000-1021 x22 1 2', dropped: 4, resets: 0 });
  });
});

describe('one wrong trade id', () => {
  it('costs the two bars beside it, not all that come after', () => {
    const { take } = session();
    take(...run(1_000, 3, 0), tradeOf(999_999_999, 1_100));
    const told = take(...run(1_003, 14, 1_500));
    expect(told.at(-1)).toMatch(/^07 .* x2 /);
    expect(told.at(-1)).not.toContain('incomplete');
    // Nor when nothing came before it was given up.
    const { take: go, clock: wait } = session();
    go(...run(1_000, 3, 0), tradeOf(999_999_999, 1_100));
    wait(3_500);
    const later = go(...run(1_003, 10, 6_000));
    expect(later.slice(-2)).toEqual(['08 1007-1008 x2 1.04 1.05', '09 1009-1010 x2 1.06 1.07']);
  });
});
