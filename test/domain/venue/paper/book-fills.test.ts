import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../../src/domain/decimal.ts';
import { at, type Levels, lines, PaperMarket } from './paper-market.ts';

const RICH = { balances: { USD: '100000', BTC: '50' } };
const BIDS: Levels = [
  ['99', '1'],
  ['98', '2'],
  ['97', '3'],
];
const ASKS: Levels = [
  ['101', '1'],
  ['102', '2'],
  ['103', '3'],
];

describe('a market order beside a book', () => {
  it('walks the first sample that is late enough, best level first', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 1000, quantity: '2.5' });
    expect(market.depth(1099, BIDS, [['50', '9']])).toEqual([]);
    expect(lines(market.depth(1100, BIDS, ASKS))).toEqual([
      'a trade 1 @ 101 taker, fee 0.202 USD, so far 1, 12:00:01.100',
      'a trade 1.5 @ 102 taker, fee 0.306 USD, so far 2.5, 12:00:01.100',
    ]);
    expect(formatDecimal(market.balance('USD'))).toBe('99745.492');
  });

  it('finds what was taken still taken after a sample of an older recording', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 1000, quantity: '1' });
    expect(lines(market.depth(1100, BIDS, ASKS))[0]).toContain('a trade 1 @ 101');
    expect(market.depth(500, BIDS, [['101', '7']])).toEqual([]);
    market.approve({ name: 'b', now: 1200, quantity: '1' });
    expect(lines(market.depth(1300, BIDS, ASKS))[0]).toContain('b trade 1 @ 102');
  });

  it('sells into the bids', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, side: 'sell', quantity: '1.001' });
    expect(lines(market.depth(500, BIDS, ASKS))).toEqual([
      'a trade 1 @ 99 taker, fee 0.198 USD, so far 1, 12:00:00.500',
      'a trade 0.001 @ 98 taker, fee 0.000196 USD, so far 1.001, 12:00:00.500',
    ]);
  });

  it('expires with what the book does not hold', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, quantity: '7' });
    const reports = market.depth(500, BIDS, ASKS);
    expect(lines(reports).at(-1)).toBe('a expired unfilled-rest');
    expect(reports.at(-1)?.cumulativeQuantity).toBe('6');
    market.approve({ name: 'b', now: 600 });
    expect(lines(market.depth(1500, BIDS, []))).toEqual(['b expired no-liquidity']);
  });

  it('expires when the instrument’s own time is past its deadline without a sample', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0 });
    expect(market.bar(4000, ['100', '100', '100', '100'])).toEqual([]);
    expect(lines(market.bar(4001, ['100', '100', '100', '100']))).toEqual(['a expired no-market-data']);
  });

  it('fills from a sample at its deadline, and expires at one after it', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0 });
    expect(lines(market.depth(5000, BIDS, ASKS))[0]).toContain('a trade 1 @ 101');
    market.approve({ name: 'b', now: 0 });
    expect(lines(market.depth(5001, BIDS, ASKS))).toEqual(['b expired no-market-data']);
  });

  it('expires too when the feed says that it stands still', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0 });
    const stale = { venue: 'binance', symbol: 'BTCUSD', reason: 'silent' as const, lastEventTime: null };
    expect(lines(market.give('FeedStale', stale, at(5001)))).toEqual(['a expired no-market-data']);
  });

  it('fills what the funds cover, level by level, and the rest expires', () => {
    const market = new PaperMarket('book');
    market.approve({ name: 'a', now: 0, quantity: '9' });
    const asks: Levels = [
      ['100', '1'],
      ['120', '2'],
      ['150', '9'],
    ];
    // 1000 - 100.2 - 240.48 = 659.32, which pays for 4.386... at 150.3
    expect(lines(market.depth(500, BIDS, asks)).slice(1)).toEqual([
      'a trade 2 @ 120 taker, fee 0.48 USD, so far 3, 12:00:00.500',
      'a trade 4.386 @ 150 taker, fee 1.3158 USD, so far 7.386, 12:00:00.500',
      'a expired insufficient-funds',
    ]);
    expect(formatDecimal(market.balance('USD'))).toBe('0.1042');
  });
});

describe('what was taken from a level', () => {
  it('is not there for the next order, of whatever account, until the level changes', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, quantity: '1.6' });
    market.approve({ name: 'b', now: 0, quantity: '1' });
    expect(lines(market.depth(500, BIDS, ASKS)).map((line) => line.split(' taker')[0])).toEqual([
      'a trade 1 @ 101',
      'a trade 0.6 @ 102',
      'b trade 1 @ 102',
    ]);
    market.approve({ name: 'c', now: 500, quantity: '1' });
    const next = market.depth(1500, BIDS, [
      ['101', '1.0'],
      ['102', '2.1'],
      ['103', '3'],
    ]);
    // 101 is as it was, and so used up; 102 is another quantity, and so all there again.
    expect(lines(next).map((line) => line.split(' taker')[0])).toEqual(['c trade 1 @ 102']);
  });

  it('is forgotten when the level goes and comes back', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0 });
    market.depth(500, BIDS, ASKS);
    market.depth(1500, BIDS, ASKS.slice(1));
    market.approve({ name: 'b', now: 1600 });
    expect(lines(market.depth(2500, BIDS, ASKS))[0]).toContain('b trade 1 @ 101');
  });

  it('is kept while the level only lies beyond what the samples show', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0 });
    market.depth(500, BIDS, ASKS);
    market.depth(1500, BIDS, [
      ['100.1', '1'],
      ['100.2', '1'],
      ['100.3', '1'],
    ]);
    market.approve({ name: 'b', now: 1600 });
    expect(lines(market.depth(2500, BIDS, ASKS))[0]).toContain('b trade 1 @ 102');
  });
});

describe('levels that were taken from and are out of sight', () => {
  it('are remembered up to a bound, and the one taken from longest ago is forgotten first', () => {
    const market = new PaperMarket('book', RICH);
    const at = (price: number): Levels => [0, 1, 2].map((n) => [(price + n / 10).toFixed(1), '0.001']);
    const buy = (name: string, now: number, price: number) => {
      market.approve({ name, now, quantity: '0.001' });
      return market.depth(now + 100, BIDS, at(price))[0]?.price;
    };
    // 501 levels, each under the one before, so that all before are beyond what is shown.
    for (let n = 0; n <= 500; n++) expect(buy(`o${n}`, n * 1000, 1000 - n)).toBe(String(1000 - n));
    expect(buy('second', 600_000, 999)).toBe('999.1');
    expect(buy('first', 700_000, 1000)).toBe('1000');
  });
});

describe('an IOC limit beside a book', () => {
  it('takes what is at or better than its limit, and the rest expires', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, quantity: '5', price: '102', timeInForce: 'IOC' });
    expect(lines(market.depth(500, BIDS, ASKS))).toEqual([
      'a trade 1 @ 101 taker, fee 0.202 USD, so far 1, 12:00:00.500',
      'a trade 2 @ 102 taker, fee 0.408 USD, so far 3, 12:00:00.500',
      'a expired unfilled-rest',
    ]);
  });

  it('expires whole when nothing crosses', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, price: '100', timeInForce: 'IOC' });
    expect(lines(market.depth(500, BIDS, ASKS))).toEqual(['a expired unfilled-rest']);
  });
});

describe('a GTC limit beside a book', () => {
  it('takes what crosses at its first sample and rests with what is left', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, quantity: '3', price: '101.5' });
    expect(lines(market.depth(500, BIDS, ASKS))).toEqual(['a trade 1 @ 101 taker, fee 0.202 USD, so far 1, 12:00:00.500']);
    // A later sample that crosses takes nothing: it rests, and waits to be traded through.
    expect(market.depth(1500, BIDS, [['101', '5']])).toEqual([]);
    expect(market.bar(1000, ['101.5', '102', '101.5', '102'])).toEqual([]);
    expect(lines(market.bar(2000, ['102', '102', '101.49', '102']))).toEqual([
      'a trade 2 @ 101.5 maker, fee 0.203 USD, so far 3, 12:00:03.000',
    ]);
  });

  it('is not filled by a bar that opened before it was at the venue', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, price: '100' });
    market.approve({ name: 's', now: 900, side: 'sell', price: '110' });
    expect(market.bar(0, ['100', '120', '80', '100'])).toEqual([]);
    const next = market.bar(1000, ['100', '120', '80', '100']);
    expect(lines(next)).toEqual([
      'a trade 1 @ 100 maker, fee 0.1 USD, so far 1, 12:00:02.000',
      's trade 1 @ 110 maker, fee 0.11 USD, so far 1, 12:00:02.000',
    ]);
  });

  it('is not filled by a bar that opened within its latency', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 901, price: '100' });
    expect(market.bar(1000, ['100', '120', '80', '100'])).toEqual([]);
    expect(market.bar(2000, ['100', '120', '80', '100'])).toHaveLength(1);
  });

  it('does not expire for want of samples', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'a', now: 0, price: '100' });
    expect(market.bar(60_000, ['101', '101', '101', '101'])).toEqual([]);
    expect(lines(market.cancel('a', 70_000))).toEqual(['a canceled']);
  });
});

describe('many executions on one event', () => {
  it('are bounded, so that the cascade is; the rest is made at the next', () => {
    const market = new PaperMarket('book', RICH);
    for (let n = 0; n < 50; n++) market.approve({ name: `r${n}`, now: 0, quantity: '0.001', price: '100' });
    expect(market.bar(1000, ['101', '101', '99', '99'])).toHaveLength(40);
    expect(market.bar(2000, ['101', '101', '101', '101'])).toHaveLength(10);
    const small: Levels = [['101', '50']];
    for (let n = 0; n < 50; n++) market.approve({ name: `m${n}`, now: 3000, quantity: '0.001' });
    expect(market.depth(4000, BIDS, small)).toHaveLength(40);
    expect(market.depth(9000, BIDS, small)).toHaveLength(10);
  });
});
