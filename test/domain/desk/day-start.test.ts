/** A day's loss is counted from what the account was worth at its start, 00:00 UTC, at the prices of that moment. */

import { describe, expect, it } from 'vitest';
import type { EventData, TapeEvent } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { epochMs } from '../../../src/domain/time.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { CANDLES, CROSS, type GivenSettings, only, PAPER, Scene } from '../given.ts';

const ETHUSDT = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
const HOURLY = { ...CANDLES, bars: '1h' };
const LIMITED = { ...PAPER, balances: { USDT: '40000', BTC: '1', ETH: '10' }, limits: { dailyLoss: '500' } };

/** Opened at 21:00 of 2024-08-08 with 1 BTC at 60,000 and 10 ETH at 3,000; `cross` uses BTCUSDT. */
function opened(given: GivenSettings = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings({
    instruments: [BTCUSDT, ETHUSDT],
    feeds: [HOURLY, { ...HOURLY, symbol: 'ETHUSDT' }],
    accounts: [LIMITED],
    strategies: [{ ...CROSS, interval: '1h' }],
    ...given,
  });
  scene.now = epochMs('2024-08-08T21:00:00.000Z');
  scene.begin();
  scene.begin('binance', 'ETHUSDT');
  bar(scene, '60000');
  bar(scene, '3000', 'ETHUSDT');
  return scene;
}

function bar(scene: Scene, close: string, symbol = 'BTCUSDT'): TapeEvent[] {
  return scene.bar(close, { interval: '1h', symbol });
}

function at(scene: Scene, time: string): void {
  scene.now = epochMs(`2024-08-${time}Z`);
}

/** The day's start, the equity and the loss of the only mark among these. */
function marked(events: readonly TapeEvent[]): readonly (string | undefined)[] {
  return figures(only(events, 'AccountMarked'));
}

function figures({ dayStart, equity, limits }: EventData['AccountMarked']): readonly (string | undefined)[] {
  return [dayStart, equity, limits.find(({ limit }) => limit === 'daily-loss')?.value];
}

describe('The start of a day', () => {
  it('is before what values the account first on that day: a loss over midnight belongs to the new day', () => {
    const scene = opened();
    at(scene, '08T22:00:00.000');
    expect(marked(bar(scene, '60100'))).toEqual(['130000', '130100', '-100']);
    at(scene, '09T04:00:00.000');
    expect(marked(bar(scene, '57000'))).toEqual(['130100', '127000', '3100']);
    const denied = only(scene.order('buy', '0.1'), 'OrderDenied');
    expect(denied).toMatchObject({ reason: 'daily-loss', value: '3100', bound: '500' });
    // The next day counts anew, from what the account was worth at its start.
    at(scene, '10T00:00:00.000');
    expect(marked(bar(scene, '57000'))).toEqual(['127000', '127000', '0']);
    at(scene, '10T01:00:00.000');
    expect(marked(bar(scene, '56900'))).toEqual(['127000', '126900', '100']);
  });

  it('is what was last known, however long nothing was heard', () => {
    const scene = opened();
    at(scene, '20T09:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '129000', '1000']);
  });

  it('counts all that comes at 00:00 sharp, of every instrument and late, and nothing of a millisecond after it', () => {
    const scene = opened();
    at(scene, '09T00:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['129000', '129000', '0']);
    at(scene, '08T23:59:59.999');
    bar(scene, '2900', 'ETHUSDT');
    at(scene, '09T00:00:00.000');
    bar(scene, '2800', 'ETHUSDT');
    at(scene, '09T00:00:00.001');
    bar(scene, '2700', 'ETHUSDT');
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['127000', '126000', '1000']);
  });

  it('counts what is of up to 00:00 and comes late, when another instrument has begun the day', () => {
    const scene = opened();
    at(scene, '09T00:00:00.100');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '129000', '1000']);
    at(scene, '09T00:00:00.000');
    bar(scene, '2900', 'ETHUSDT');
    at(scene, '09T00:00:00.200');
    bar(scene, '2850', 'ETHUSDT');
    at(scene, '09T00:01:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['129000', '127500', '1500']);
  });

  it('is not moved by an instrument that only prices what is held, and that comes first', () => {
    const scene = opened();
    at(scene, '09T00:30:00.000');
    expect(marked(bar(scene, '2900', 'ETHUSDT'))).toEqual(['130000', '129000', '1000']);
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '128000', '2000']);
  });

  it('is that of an account which uses nothing as well', () => {
    const scene = opened({ strategies: [] });
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '129000', '1000']);
  });

  it('comes before a fill that is reported later, though the venue booked it at 00:00', () => {
    const scene = opened();
    at(scene, '08T23:00:00.000');
    bar(scene, '60000');
    const sell = only(scene.order('sell', '1'), 'OrderApproved');
    at(scene, '09T01:00:00.000');
    const booked = { transactTime: '2024-08-09T00:00:00.000Z' };
    expect(marked(scene.fill(sell, '1', '59000', booked))).toEqual(['130000', '129000', '1000']);
  });

  it('counts a fill that was reported up to 00:00', () => {
    const scene = opened();
    const sell = only(scene.order('sell', '1'), 'OrderApproved');
    at(scene, '09T00:00:00.000');
    expect(marked(scene.fill(sell, '1', '59000'))).toEqual(['129000', '129000', '0']);
    at(scene, '09T01:00:00.000');
    bar(scene, '61000');
    expect(figures(scene.last('AccountMarked'))).toEqual(['129000', '129000', '0']);
  });

  it('is for the rest of the day what an older build has recorded', () => {
    const scene = opened();
    at(scene, '09T04:00:00.000');
    const closeTime = '2024-08-09T04:00:00.000Z';
    const first = scene.evidence('BarClosed', { ...scene.last('BarClosed'), symbol: 'BTCUSDT', close: '57000', closeTime });
    // Version 1, whose day began at its first evidence.
    const { openingEquity: _, ...recorded } = { ...scene.last('AccountMarked'), equity: '127000', dayStart: '127000' };
    const template = scene.tape.findLast(({ type }) => type === 'AccountMarked') as TapeEvent;
    scene.engine.adopt(first, [{ ...template, schemaVersion: 1, data: recorded } as unknown as TapeEvent]);
    at(scene, '09T05:00:00.000');
    expect(marked(bar(scene, '56900'))).toEqual(['127000', '126900', '100']);
  });
});

describe('An instrument that only prices what is held, and is ahead of the account’s now', () => {
  /** As `opened`, and then ETHUSDT is a year ahead at 2,000. */
  function aYearAhead(): Scene {
    const scene = opened();
    scene.now = epochMs('2025-08-08T21:00:00.000Z');
    expect(marked(bar(scene, '2000', 'ETHUSDT'))).toEqual(['130000', '120000', '10000']);
    return scene;
  }

  it('does not keep the days of its now from being counted, and the account from being marked', () => {
    const scene = aYearAhead();
    at(scene, '08T22:00:00.000');
    expect(marked(bar(scene, '60100'))).toEqual(['130000', '120100', '9900']);
    at(scene, '09T00:00:00.000');
    expect(marked(bar(scene, '60000'))).toEqual(['120000', '120000', '0']);
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '59600'))).toEqual(['120000', '119600', '400']);
    expect(only(scene.order('sell', '0.1'), 'OrderApproved').equity).toBe('119600');
    at(scene, '09T02:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['120000', '119000', '1000']);
    expect(only(scene.order('buy', '0.1'), 'OrderDenied')).toMatchObject({ reason: 'daily-loss', value: '1000', bound: '500' });
  });

  it('changes what the account is worth in the day of its now, as long as that moves', () => {
    const scene = aYearAhead();
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '60000'))).toEqual(['120000', '120000', '0']);
    scene.now = epochMs('2025-08-08T22:00:00.000Z');
    expect(bar(scene, '1900', 'ETHUSDT')).toEqual([]);
    at(scene, '09T02:00:00.000');
    expect(marked(bar(scene, '60000'))).toEqual(['120000', '119000', '1000']);
    expect(only(scene.order('buy', '0.1'), 'OrderDenied')).toMatchObject({ reason: 'daily-loss', value: '1000' });
  });

  it('does the same where it came before the account had a now', () => {
    const scene = new Scene([desk]);
    scene.settings({
      instruments: [BTCUSDT, ETHUSDT],
      feeds: [HOURLY, { ...HOURLY, symbol: 'ETHUSDT' }],
      accounts: [{ ...LIMITED, balances: { USDT: '100000', ETH: '10' } }],
      strategies: [{ ...CROSS, interval: '1h' }],
    });
    scene.now = epochMs('2025-08-08T21:00:00.000Z');
    scene.begin('binance', 'ETHUSDT');
    bar(scene, '3000', 'ETHUSDT');
    at(scene, '08T21:00:00.000');
    scene.begin();
    bar(scene, '60000');
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    at(scene, '08T22:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '129000', '1000']);
    expect(only(scene.order('buy', '0.1'), 'OrderDenied')).toMatchObject({ reason: 'daily-loss', value: '1000' });
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '58900'))).toEqual(['129000', '128900', '100']);
  });

  it('has begun the day that its now comes into, and what came of before that day counts in its baseline', () => {
    const scene = opened();
    at(scene, '09T00:30:00.000');
    expect(marked(bar(scene, '2900', 'ETHUSDT'))).toEqual(['130000', '129000', '1000']);
    at(scene, '08T23:00:00.000');
    expect(marked(bar(scene, '60400'))).toEqual(['130000', '129400', '600']);
    // A fill of before midnight, with a fee.
    scene.fill(only(scene.order('sell', '1'), 'OrderApproved'), '1', '60400', { fee: '50' });
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '70000'))).toEqual(['130350', '129350', '1000']);
  });

  it('counts at 00:00 sharp in the day that begins, whichever comes first', () => {
    const scene = opened();
    at(scene, '09T00:00:00.000');
    expect(marked(bar(scene, '2900', 'ETHUSDT'))).toEqual(['129000', '129000', '0']);
    at(scene, '08T23:00:00.000');
    expect(marked(bar(scene, '59000'))).toEqual(['130000', '128000', '2000']);
    at(scene, '09T00:00:00.000');
    expect(marked(bar(scene, '58000'))).toEqual(['127000', '127000', '0']);
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '57900'))).toEqual(['127000', '126900', '100']);
  });

  it('goes on to mark the account day by day where nothing moves its now any more', () => {
    const scene = opened();
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null });
    at(scene, '09T01:00:00.000');
    expect(marked(bar(scene, '2900', 'ETHUSDT'))).toEqual(['130000', '129000', '1000']);
    at(scene, '11T01:00:00.000');
    expect(marked(bar(scene, '2800', 'ETHUSDT'))).toEqual(['129000', '128000', '1000']);
    at(scene, '11T02:00:00.000');
    expect(marked(bar(scene, '2780', 'ETHUSDT'))).toEqual(['129000', '127800', '1200']);
  });
});
