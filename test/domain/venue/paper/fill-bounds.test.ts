/** Fills that no market would give: over a hole in the data, and of more than was traded. */

import { describe, expect, it } from 'vitest';
import type { TapeEvent } from '../../../../src/domain/catalogue.ts';
import { formatDecimal } from '../../../../src/domain/decimal.ts';
import { desk } from '../../../../src/domain/desk/desk.ts';
import { account } from '../../../../src/domain/settings/settings.ts';
import { usualFillGapMs } from '../../../../src/domain/venue/paper/fill-bounds.ts';
import { paperVenue } from '../../../../src/domain/venue/paper/paper-venue.ts';
import { all, PAPER, Scene } from '../../given.ts';
import { candle, lines, PaperMarket } from './paper-market.ts';

const HOUR = 3_600_000;
const RICH = { balances: { USD: '100000', BTC: '50' } };
const FLAT = ['100', '100', '100', '100'] as const;
/** Trades through a purchase at 100, after an open above it. */
const THROUGH = ['101', '102', '99', '102'] as const;

/** The rest of a line after the client order id. */
const told = (reports: Parameters<typeof lines>[0]) => lines(reports).map((line) => line.replace(/ (taker|maker), fee.*/, ''));

describe('a hole in the data', () => {
  it('of more than two intervals ends a market order, and one of two does not', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'a', now: 0 });
    expect(told(candle(market, 2, FLAT))).toEqual(['a trade 1 @ 101']);
    market.approve({ name: 'b', now: 2 * 4 * HOUR - 1 });
    expect(lines(candle(market, 4, FLAT))).toEqual(['b expired no-bar-in-time']);
    expect(formatDecimal(market.balance('BTC'))).toBe('51');
  });

  it('ends an immediate limit order too, and leaves one that rests', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'ioc', now: 0, price: '200', timeInForce: 'IOC' });
    market.approve({ name: 'rests', now: 0, price: '200' });
    expect(told(candle(market, 30, FLAT))).toEqual(['ioc expired no-bar-in-time', 'rests trade 1 @ 100']);
  });

  it('may be as long as the account says', () => {
    const allowed = new PaperMarket('candles', { ...RICH, maxFillGap: '12h' });
    allowed.approve({ name: 'a', now: 0 });
    expect(told(candle(allowed, 3, FLAT))).toEqual(['a trade 1 @ 101']);
    const strict = new PaperMarket('candles', { ...RICH, maxFillGap: '0s' });
    strict.approve({ name: 'a', now: 0 });
    strict.approve({ name: 'b', now: 1 });
    expect(told(candle(strict, 0, FLAT))).toEqual(['a trade 1 @ 101']);
    expect(lines(candle(strict, 1, FLAT))).toEqual(['b expired no-bar-in-time']);
  });

  it('is two intervals long, and seven days where bars are of a day, for there are weekends', () => {
    expect(usualFillGapMs('1s')).toBe(2_000);
    expect(usualFillGapMs('12h')).toBe(24 * HOUR);
    expect(usualFillGapMs('1d')).toBe(7 * 24 * HOUR);
  });
});

describe('the volume of a bar', () => {
  it('fills a quarter of it to a market order, in whole lots, and the rest expires', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'a', now: 0, quantity: '2' });
    // A quarter of 4.0079 is 1.001975; the lot is 0.001.
    expect(told(candle(market, 0, FLAT, '4.0079'))).toEqual(['a trade 1.001 @ 101', 'a expired not-enough-volume']);
    expect(formatDecimal(market.balance('BTC'))).toBe('51.001');
    expect(told(candle(market, 1, FLAT))).toEqual([]);
  });

  it('fills a limit order bar by bar, as a maker from its second on', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'a', now: 0, quantity: '2', price: '100' });
    expect(told(candle(market, 0, THROUGH, '4'))).toEqual(['a trade 1 @ 100']);
    expect(told(candle(market, 1, THROUGH, '0'))).toEqual([]);
    expect(lines(candle(market, 2, ['99', '99', '98', '99'], '2'))[0]).toMatch(/^a trade 0\.5 @ 99 maker/);
    expect(told(candle(market, 3, THROUGH))).toEqual(['a trade 0.5 @ 100']);
    expect(told(candle(market, 4, THROUGH))).toEqual([]);
  });

  it('is one for all orders of an account, what fills at the open first, then in the order of their arrival', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'rests', now: 0, price: '100' });
    market.approve({ name: 'first', now: 0, quantity: '0.7' });
    market.approve({ name: 'second', now: 0, side: 'sell', quantity: '0.7' });
    expect(told(candle(market, 0, THROUGH, '4'))).toEqual([
      'first trade 0.7 @ 102.01',
      'second trade 0.3 @ 99.99',
      'second expired not-enough-volume',
    ]);
    expect(told(candle(market, 1, THROUGH, '4'))).toEqual(['rests trade 1 @ 100']);
  });

  it('of zero fills nothing, and one that the source does not say bounds nothing', () => {
    const market = new PaperMarket('candles', RICH);
    market.approve({ name: 'a', now: 0 });
    expect(lines(candle(market, 0, FLAT, '0'))).toEqual(['a expired not-enough-volume']);
    market.approve({ name: 'b', now: 4 * HOUR, quantity: '40' });
    expect(told(candle(market, 1, FLAT, null))).toEqual(['b trade 40 @ 101']);
  });

  it('bounds nothing where the account says so, and as much as it says', () => {
    const off = new PaperMarket('candles', { ...RICH, maxVolumeShare: 'off' });
    off.approve({ name: 'a', now: 0, quantity: '40' });
    expect(told(candle(off, 0, FLAT, '1'))).toEqual(['a trade 40 @ 101']);
    const all = new PaperMarket('candles', { ...RICH, maxVolumeShare: '1' });
    all.approve({ name: 'a', now: 0, quantity: '40' });
    expect(told(candle(all, 0, FLAT, '1'))).toEqual(['a trade 1 @ 101', 'a expired not-enough-volume']);
  });

  it('bounds what rests beside a book, whose levels bound what sweeps them', () => {
    const market = new PaperMarket('book', RICH);
    market.approve({ name: 'rests', now: 0, quantity: '2', price: '100' });
    market.depth(100, [['99', '1']], [['101', '1']]);
    expect(told(market.bar(1_000, THROUGH, undefined, '4'))).toEqual(['rests trade 1 @ 100']);
    expect(told(market.bar(2_000, THROUGH, undefined, '0'))).toEqual([]);
    expect(told(market.bar(3_000, THROUGH, undefined, '400'))).toEqual(['rests trade 1 @ 100']);
  });

  it('is not used by what the account cannot pay for, whose order ends for that reason', () => {
    const market = new PaperMarket('candles', { balances: { USD: '1000' } });
    market.approve({ name: 'a', now: 0, quantity: '5' });
    expect(told(candle(market, 0, ['250', '250', '250', '250'], '18'))).toEqual([
      'a trade 3.952 @ 252.5',
      'a expired insufficient-funds',
    ]);
  });
});

describe('bounds of fills in the settings', () => {
  const terms = { id: 'p', venue: 'paper', currency: 'USD', balances: {}, fees: { maker: '0', taker: '0' }, limits: {} };

  it('are a fraction of the whole above nothing or "off", and a duration', () => {
    const accepts = (of: object) => account.safeParse({ ...terms, ...of }).success;
    const share = (maxVolumeShare: unknown) => accepts({ maxVolumeShare });
    expect(['off', '1', '1.0', '0.25', '0.001'].map(share)).toEqual([true, true, true, true, true]);
    expect(['0', '0.0', '1.1', '2', '-0.1', 'on', '', '0.', 0.25].map(share)).toEqual(Array(9).fill(false));
    expect(['8h', '0s', '168h', '1d', 8].map((maxFillGap) => accepts({ maxFillGap }))).toEqual([true, true, true, false, false]);
  });

  it('add nothing to what a file says, whose hash would be another than the one that is in force', () => {
    expect(Object.keys(account.parse(terms))).not.toContain('maxVolumeShare');
    expect(Object.keys(account.parse(terms))).not.toContain('maxFillGap');
  });
});

describe('a tape that is older than these bounds', () => {
  it('keeps the fills that it records, and goes on by the bounds that are usual', () => {
    const older = { ...PAPER, maxVolumeShare: 'off' };
    const scene = new Scene([paperVenue, desk]);
    scene.settings({ accounts: [older] });
    scene.begin();
    scene.bar('1000', { volume: '1' });
    scene.signal('buy');
    scene.now += 60_000;
    scene.bar('1000', { volume: '1' });
    expect(scene.last('OrderFilled').quantity).toBe('1');

    const later = new Scene([paperVenue, desk]);
    for (const { evidence, cascade } of stepsOf(scene.tape)) later.engine.adopt(withoutBounds(evidence), cascade);
    later.now = scene.now;
    later.signal('sell');
    later.now += 60_000;
    const decided = later.bar('1000', { volume: '1' });
    expect(all(decided, 'OrderFilled').map(({ side, quantity }) => [side, quantity])).toEqual([['sell', '0.25']]);
    expect(all(decided, 'OrderExpired').map(({ reason }) => reason)).toEqual(['not-enough-volume']);
    expect(all(decided, 'PositionChanged').map(({ quantity }) => quantity)).toEqual(['0.75']);
  });

  /** As version 1 of the event had it. */
  function withoutBounds(event: TapeEvent): TapeEvent {
    if (event.type !== 'AccountOpened') return event;
    const { maxVolumeShare: _, ...data } = event.data;
    return { ...event, schemaVersion: 1, data };
  }

  /** Each piece of evidence with what was decided on it. */
  function stepsOf(tape: readonly TapeEvent[]) {
    const steps: { readonly evidence: TapeEvent; readonly cascade: TapeEvent[] }[] = [];
    for (const event of tape) {
      if (event.metadata.reactor === undefined) steps.push({ evidence: event, cascade: [] });
      else steps.at(-1)?.cascade.push(event);
    }
    return steps;
  }
});
