import { describe, expect, it } from 'vitest';
import type { Bar } from '../../src/domain/market/events.ts';
import { bars } from '../../src/projections/bars.ts';
import { books } from '../../src/projections/books.ts';
import { feeds } from '../../src/projections/feeds.ts';
import { instruments } from '../../src/projections/instruments.ts';
import { prices } from '../../src/projections/prices.ts';
import { fold, foldOne, noon, recorded } from './recorded.ts';

const STREAM = 'bars-binance.BTCUSDT.1s.2024-03-01';

function bar(openSecond: number, close: string, more: Partial<Bar> = {}): Bar {
  return {
    venue: 'binance',
    symbol: 'BTCUSDT',
    interval: '1s',
    openTime: noon(openSecond),
    closeTime: noon(openSecond + 1),
    open: '100',
    high: '200',
    low: '50',
    close,
    volume: '1',
    quoteVolume: '100',
    contracts: null,
    tradeCount: 1,
    firstTradeId: 1,
    lastTradeId: 1,
    bid: null,
    ask: null,
    complete: true,
    source: 'recording',
    ...more,
  };
}

function depth(position: number, second: number, bid: string | null, ask: string | null) {
  return recorded(position, 'DepthSampled', 'depth-binance.BTCUSDT.2024-03-01', {
    venue: 'binance',
    symbol: 'BTCUSDT',
    eventTime: noon(second),
    updateId: position,
    bids: bid === null ? [] : [[bid, '1']],
    asks: ask === null ? [] : [[ask, '2']],
  });
}

const instrument = { venue: 'binance', symbol: 'BTCUSDT' };

describe('prices', () => {
  it('are the latest close and the latest quote, each with its time', () => {
    const price = foldOne(prices, [
      recorded(1, 'BarClosed', STREAM, bar(0, '101')),
      depth(2, 2, '100', '102'),
      recorded(3, 'BarClosed', STREAM, bar(2, '103')),
    ]);
    expect(price).toMatchObject({ last: '103', lastAt: noon(3), bid: '100', ask: '102', quoteAt: noon(2), at: noon(3) });
    expect(price.feed).toEqual({ state: 'live', reason: null, since: null });
  });

  it('take the quote of a bar when it is the later one', () => {
    const withQuote = bar(5, '101', { bid: '99', ask: '100' });
    expect(foldOne(prices, [depth(1, 2, '1', '2'), recorded(2, 'BarClosed', STREAM, withQuote)])).toMatchObject({
      bid: '99',
      ask: '100',
      quoteAt: noon(6),
    });
    expect(foldOne(prices, [depth(1, 7, '1', '2'), recorded(2, 'BarClosed', STREAM, withQuote)])).toMatchObject({
      bid: '1',
      ask: '2',
      quoteAt: noon(7),
      at: noon(7),
    });
  });

  it('do not go back to a longer bar that closed earlier and came later', () => {
    const longer = bar(-59, '7', { interval: '1m', closeTime: noon(1) });
    const price = foldOne(prices, [
      recorded(1, 'BarClosed', STREAM, bar(4, '101')),
      recorded(2, 'BarClosed', 'rollups-x', longer),
    ]);
    expect(price).toMatchObject({ last: '101', lastAt: noon(5) });
  });

  it('say of an empty side of the book that there is no price', () => {
    expect(foldOne(prices, [depth(1, 1, '100', '102'), depth(2, 2, null, '103')])).toMatchObject({ bid: null, ask: '103' });
  });

  it('say whether the feed can be trusted, and since when', () => {
    const stale = recorded(1, 'FeedStale', 'feed-binance.BTCUSDT', { ...instrument, reason: 'gap', lastEventTime: null });
    const back = recorded(2, 'FeedRecovered', 'feed-binance.BTCUSDT', { ...instrument, reason: 'gap', eventTime: noon(2) });
    expect(foldOne(prices, [stale]).feed).toEqual({ state: 'stale', reason: 'gap', since: noon(1) });
    expect(foldOne(prices, [stale, back]).feed).toEqual({ state: 'live', reason: null, since: noon(2) });
  });

  it('say of a recording that had ended that it goes on, with candles by a bar, with a book by a sample', () => {
    const end = recorded(2, 'FeedStale', 'feed-binance.BTCUSDT', { ...instrument, reason: 'ended', lastEventTime: null });
    const ended = { state: 'stale', reason: 'ended', since: noon(2) };
    const live = { state: 'live', reason: null, since: noon(3) };
    const [early, late] = [recorded(3, 'BarClosed', STREAM, bar(1, '101')), recorded(4, 'BarClosed', STREAM, bar(2, '102'))];
    expect(foldOne(prices, [end, early]).feed).toEqual(ended);
    expect(foldOne(prices, [end, early, late]).feed).toEqual(live);
    const sample = depth(1, 1, '100', '102');
    expect(foldOne(prices, [sample, end, depth(3, 2, '100', '102'), late]).feed).toEqual(ended);
    expect(foldOne(prices, [sample, end, late, depth(5, 3, '100', '102')]).feed).toEqual(live);
    const gap = recorded(3, 'FeedStale', 'feed-binance.BTCUSDT', { ...instrument, reason: 'gap', lastEventTime: null });
    expect(foldOne(prices, [sample, gap, depth(5, 5, '100', '102')]).feed).toMatchObject({ reason: 'gap' });
  });
});

describe('feeds', () => {
  const STALE_STREAM = 'feed-binance.BTCUSDT';
  const stale = (position: number, reason: 'gap' | 'crossed' | 'silent' | 'ended') =>
    recorded(position, 'FeedStale', STALE_STREAM, { ...instrument, reason, lastEventTime: null });

  it('say what came last, and how often they could not be trusted, ends of recordings aside', () => {
    const back = recorded(6, 'FeedRecovered', STALE_STREAM, { ...instrument, reason: 'gap', eventTime: noon(6) });
    const events = [stale(1, 'ended'), depth(2, 2, '1', '2'), recorded(3, 'BarClosed', STREAM, bar(2, '101'))];
    expect(foldOne(feeds, [...events, stale(4, 'silent'), stale(5, 'gap')])).toMatchObject({
      ...{ state: { state: 'stale', reason: 'gap', since: noon(5) }, at: noon(5), lastBar: noon(3), lastBook: noon(2) },
      ...{ interruptions: 2, gaps: 1 },
    });
    expect(foldOne(feeds, [...events, stale(4, 'silent'), stale(5, 'gap'), back])).toMatchObject({
      state: { state: 'live', reason: null, since: noon(6) },
      at: noon(6),
    });
  });

  it('go on after the end of a recording as prices do, and keep the latest of what came out of order', () => {
    const late = recorded(3, 'BarClosed', STREAM, bar(2, '101'));
    const early = recorded(4, 'BarCorrected', STREAM, bar(0, '101'));
    expect(foldOne(feeds, [stale(2, 'ended'), late, early])).toMatchObject({
      state: { state: 'live' },
      lastBar: noon(3),
      at: noon(3),
    });
    // With a book, a bar does not show that it is valid.
    expect(foldOne(feeds, [depth(1, 1, '1', '2'), stale(2, 'ended'), late])).toMatchObject({ state: { reason: 'ended' } });
  });
});

describe('instruments', () => {
  it('say of which intervals there are bars, from when to when, and how many with a hole', () => {
    const events = [
      recorded(1, 'BarClosed', STREAM, bar(1, '101')),
      recorded(2, 'BarClosed', STREAM, bar(0, '102', { complete: false })),
      recorded(3, 'BarCorrected', STREAM, bar(0, '103')),
      recorded(4, 'BarClosed', 'rollups-x', bar(0, '102', { interval: '1m', closeTime: noon(60) })),
    ];
    expect(foldOne(instruments, events)).toMatchObject({
      ...instrument,
      bars: [
        { interval: '1s', from: noon(0), to: noon(2), count: 2, incomplete: 1 },
        { interval: '1m', from: noon(0), to: noon(60), count: 1, incomplete: 0 },
      ],
    });
  });
});

describe('books', () => {
  it('hold the last sample', () => {
    expect(foldOne(books, [depth(1, 1, '100', '102'), depth(2, 2, '101', null)])).toMatchObject({
      updateId: 2,
      eventTime: noon(2),
      bids: [['101', '1']],
      asks: [],
    });
  });

  it('do not go back to the sample of an older recording', () => {
    const older = [depth(1, 2, '100', '102'), depth(2, 1, '50', '51')];
    expect(foldOne(books, older)).toMatchObject({ eventTime: noon(2), bids: [['100', '1']] });
    expect(foldOne(prices, older)).toMatchObject({ quoteAt: noon(2), bid: '100', at: noon(2) });
  });
});

describe('bars', () => {
  it('are kept by instrument, interval and open time', () => {
    const documents = fold(bars, [
      recorded(1, 'BarClosed', STREAM, bar(0, '101')),
      recorded(2, 'BarClosed', STREAM, bar(1, '102')),
      recorded(3, 'BarClosed', 'rollups-x', bar(0, '102', { interval: '1m', closeTime: noon(60) })),
    ]);
    expect([...documents.values()].map(({ interval, openTime, close }) => [interval, openTime, close])).toEqual([
      ['1s', noon(0), '101'],
      ['1s', noon(1), '102'],
      ['1m', noon(0), '102'],
    ]);
  });

  it('take over what was corrected, and say so', () => {
    const first = recorded(1, 'BarClosed', STREAM, bar(0, '101'));
    expect(foldOne(bars, [first])).toMatchObject({ close: '101', corrected: false });
    const late = recorded(2, 'BarCorrected', STREAM, bar(0, '99'));
    expect(foldOne(bars, [first, late])).toMatchObject({ close: '99', corrected: true, _position: '2' });
  });
});
