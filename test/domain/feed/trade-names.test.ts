import { describe, expect, it } from 'vitest';
import { FeedSession } from '../../../src/domain/feed/feed-session.ts';
import type { Trade } from '../../../src/domain/feed/messages.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { MAX_NAMES, TradeNames } from '../../../src/domain/feed/trade-names.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { SECONDS_FEED, tradeOf } from './market-fixtures.ts';

const named = (name: string, offsetMs: number, price = 6_000_000): Trade => ({ ...tradeOf(0, offsetMs, price), name });

/** What the trades make, of a feed without a book. */
function read(...trades: readonly Trade[]) {
  const { depth: _, ...noDepth } = SECONDS_FEED;
  const tally = new Tally();
  const session = new FeedSession(noDepth, BTCUSDT, tally, 'streamed');
  const drafts = trades.flatMap((trade) => session.apply(trade));
  return { tally, bars: drafts.filter(({ type }) => type === 'BarClosed' || type === 'BarCorrected') };
}

describe('trades with names that do not count up', () => {
  it('make bars in the order in which they come, that name no ids and cannot be shown to be complete', () => {
    const { bars } = read(named('z', 0), named('a', 400, 6_000_100), named('k', 1_000), named('b', 2_000));
    expect(bars.map(({ data }) => data)).toMatchObject([
      { open: '60000', close: '60001', volume: '1', tradeCount: 2, firstTradeId: null, lastTradeId: null, complete: false },
      { tradeCount: 1, firstTradeId: null, lastTradeId: null, complete: false },
    ]);
  });

  it('count once each, however often they come', () => {
    const { bars, tally } = read(named('z', 0), named('z', 0), named('a', 1_000), named('z', 0), named('b', 2_000));
    expect(bars.map(({ type, data }) => [type, 'volume' in data && data.volume])).toEqual([
      ['BarClosed', '0.5'],
      ['BarClosed', '0.5'],
    ]);
    expect([...tally.entries].map(([reason, { count }]) => `${reason} ${count}`)).toEqual(['duplicate-trade 2']);
    expect(tally.frames.get('trade')).toMatchObject({ used: 3, dropped: 2 });
  });

  it('correct the bar that they come too late for, once by their name', () => {
    const { bars } = read(named('z', 0), named('a', 1_000), named('late', 500), named('b', 1_100));
    expect(bars.map(({ type, key }) => [type, key])).toEqual([
      ['BarClosed', 'binance|BTCUSDT|1s|2024-08-09T00:00:00.000Z'],
      ['BarCorrected', 'binance|BTCUSDT|1s|2024-08-09T00:00:00.000Z|late'],
    ]);
  });

  it('are remembered up to a bound, the oldest first forgotten', () => {
    const names = new TradeNames();
    for (let i = 0; i <= MAX_NAMES; i++) names.counted(named(`${i}`, 0), `${i}`);
    expect(names.counted(named('1', 0), '1')).toBeUndefined();
    expect(names.counted(named('0', 0), '0')?.tradeId).toBe(MAX_NAMES + 2);
  });
});
