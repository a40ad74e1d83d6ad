/** Which of several instruments of an asset prices it, and what becomes of profit and loss when that is another one. */

import { describe, expect, it } from 'vitest';
import { desk } from '../../../src/domain/desk/desk.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { seeded } from '../../support/seeded.ts';
import { all, CANDLES, CROSS, type GivenSettings, only, PAPER, Scene } from '../given.ts';

const OTHER = { ...BTCUSDT, symbol: 'BTC2' };
const OTHER_FEED = { ...CANDLES, symbol: 'BTC2' };
const HOLDS = { ...PAPER, balances: { USDT: '40000', BTC: '1' }, limits: { dailyLoss: '500', drawdown: '0.2' } };

/** One BTC is held, and both instruments of it have a feed; `other` says which is listed first. */
function given(other: 'first' | 'second', of: GivenSettings = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings({
    instruments: other === 'first' ? [OTHER, BTCUSDT] : [BTCUSDT, OTHER],
    feeds: [OTHER_FEED, CANDLES],
    accounts: [HOLDS],
    strategies: [],
    ...of,
  });
  scene.begin();
  return scene;
}

function bar(scene: Scene, close: string, symbol = 'BTCUSDT'): void {
  scene.now += 60_000;
  scene.bar(close, { symbol });
}

function end(scene: Scene, symbol: string): void {
  scene.now += 60_000;
  scene.when('FeedStale', { venue: 'binance', symbol, reason: 'ended', lastEventTime: null });
}

/** Of the last mark: equity, day's start, peak, and the limits of loss that are in use. */
function standing(scene: Scene): readonly (string | undefined)[] {
  const { equity, dayStart, peak, limits } = scene.last('AccountMarked');
  const value = (name: string) => limits.find(({ limit }) => limit === name)?.value;
  return [equity, dayStart, peak, value('daily-loss'), value('drawdown')];
}

describe('An asset is priced by', () => {
  it('an instrument that has a price, though one that has none is listed and used before it', () => {
    const strategies = [CROSS, { ...CROSS, name: 'other', symbol: 'BTC2' }];
    const scene = given('first', { accounts: [{ ...PAPER, limits: { drawdown: '0.2' } }], strategies });
    bar(scene, '60000');
    const filled = scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    expect(only(filled, 'AccountMarked').equity).toBe('100000');
    bar(scene, '61000');
    expect(only(scene.order('buy', '0.1'), 'OrderApproved').equity).toBe('101000');
  });

  it('one that has a price, though a strategy uses another from now on', () => {
    const scene = given('second');
    bar(scene, '60000');
    scene.settings({
      instruments: [BTCUSDT, OTHER],
      feeds: [CANDLES, OTHER_FEED],
      accounts: [HOLDS],
      strategies: [{ ...CROSS, symbol: 'BTC2' }],
    });
    bar(scene, '60100');
    expect(standing(scene)).toEqual(['100100', '100000', '100100', '-100', '0']);
  });

  it('one that has a feed, though one that has none is listed before it', () => {
    const scene = given('first', { instruments: [{ ...BTCUSDT, venue: 'okx' }, BTCUSDT], feeds: [CANDLES] });
    bar(scene, '60000');
    bar(scene, '59900');
    expect(standing(scene)).toEqual(['99900', '100000', '100000', '100', '0.001']);
  });

  it('one whose feed goes on, and not by one whose feed has ended or is fed no more', () => {
    for (const stop of ['end', 'retire'] as const) {
      for (const other of ['first', 'second'] as const) {
        const scene = given(other);
        scene.begin('binance', 'BTC2');
        bar(scene, '60000', 'BTC2');
        bar(scene, '60000');
        if (stop === 'end') end(scene, 'BTC2');
        else {
          scene.when('FeedRetired', { venue: 'binance', symbol: 'BTC2' });
          scene.when('SettingsApplied', { generation: 99, changes: 1, hash: 'b'.repeat(64) });
        }
        bar(scene, '40000');
        expect(standing(scene)).toEqual(['80000', '100000', '100000', '20000', '0.2']);
        expect(only(scene.order('buy', '0.1'), 'OrderDenied').reason).toBe('daily-loss');
      }
    }
  });

  it('one whose feed has ended, where no other has a price', () => {
    const scene = given('first');
    bar(scene, '60000');
    end(scene, 'BTCUSDT');
    expect(standing(scene)).toEqual(['100000', '100000', '100000', '0', '0']);
    bar(scene, '59000', 'BTC2');
    // That is what has become of it since, and no matter of the choice.
    expect(standing(scene)).toEqual(['99000', '100000', '100000', '1000', '0.01']);
  });

  it('the latest price, where the feeds of all have ended', () => {
    const scene = given('first');
    bar(scene, '60000', 'BTC2');
    bar(scene, '60000');
    end(scene, 'BTC2');
    bar(scene, '59900');
    end(scene, 'BTCUSDT');
    expect(standing(scene)).toEqual(['99900', '100000', '100000', '100', '0.001']);
  });

  it('way of another asset, where what is quoted in the account’s currency has no price', () => {
    const scene = given('second', {
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'BTCUSDC', quote: 'USDC' }, { ...BTCUSDT, symbol: 'USDCUSDT', base: 'USDC' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'BTCUSDC' }, { ...CANDLES, symbol: 'USDCUSDT' }],
    });
    bar(scene, '50000', 'BTCUSDC');
    expect(standing(scene)[0]).toBe('40000');
    bar(scene, '1.1', 'USDCUSDT');
    expect(standing(scene)).toEqual(['95000', '95000', '95000', '0', '0']);
    bar(scene, '54000');
    bar(scene, '53900');
    expect(standing(scene)).toEqual(['93900', '94000', '94000', '100', '0.00106383']);
  });
});

describe('Another choice alone', () => {
  it('is no loss when an instrument that goes before has its first price', () => {
    const scene = given('first');
    bar(scene, '60000');
    bar(scene, '59900');
    bar(scene, '50000', 'BTC2');
    expect(standing(scene)).toEqual(['90000', '90100', '90100', '100', '0.00110988']);
  });

  it('is no loss when a feed ends and another goes on, and what its last price changes is one', () => {
    const scene = given('second');
    bar(scene, '60000');
    bar(scene, '50000', 'BTC2');
    bar(scene, '59900');
    end(scene, 'BTCUSDT');
    expect(standing(scene)).toEqual(['90000', '90100', '90100', '100', '0.00110988']);
  });

  it('is no loss of a position whose quote asset is priced by another', () => {
    const perpetual = { ...BTCUSDT, symbol: 'PERP', kind: 'perpetual', quote: 'USDC' };
    const usdc = ['USDC1', 'USDC2'].map((symbol) => ({ ...BTCUSDT, symbol, base: 'USDC' }));
    const scene = given('first', {
      instruments: [...usdc, perpetual],
      feeds: ['USDC1', 'USDC2', 'PERP'].map((symbol) => ({ ...CANDLES, symbol })),
      accounts: [{ ...PAPER, limits: { dailyLoss: '500' } }],
    });
    scene.begin('binance', 'PERP');
    bar(scene, '1', 'USDC2');
    bar(scene, '60000', 'PERP');
    scene.fill(only(scene.order('buy', '1', { symbol: 'PERP' }), 'OrderApproved'), '1', '60000', { feeAsset: 'USDC' });
    bar(scene, '60400', 'PERP');
    expect(scene.last('AccountMarked')).toMatchObject({ equity: '100400', peak: '100400' });
    // 400 USDC at 0.5: 200 less by the choice, and then 100 by the price of the contract.
    bar(scene, '0.5', 'USDC1');
    bar(scene, '60200', 'PERP');
    expect(scene.last('AccountMarked')).toMatchObject({ equity: '100100', peak: '100200', dayStart: '99800' });
  });

  it('marks who was valued by a feed that ends, by whatever it is valued then', () => {
    const scene = given('second');
    bar(scene, '60000');
    bar(scene, '60000', 'BTC2');
    scene.now += 60_000;
    const ended = scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null });
    expect(all(ended, 'AccountMarked').map(({ equity }) => equity)).toEqual(['100000']);
  });
});

describe('Whatever comes in which order', () => {
  it('what is held is worth what the best instrument says', () => {
    // The contract is listed first and the worst, where all have a price and go on.
    const symbols = ['A', 'B', 'C', 'PERP'];
    for (let seed = 1; seed <= 40; seed++) {
      const random = seeded(seed);
      const below = (bound: number) => (random() * 2 ** 32) % bound;
      const scene = new Scene([desk]);
      scene.settings({
        instruments: ['PERP', 'A', 'B', 'C'].map((symbol) => ({
          ...BTCUSDT,
          symbol,
          kind: symbol === 'PERP' ? 'perpetual' : 'spot',
        })),
        feeds: symbols.map((symbol) => ({ ...CANDLES, symbol })),
        accounts: [{ ...PAPER, balances: { BTC: '1' } }],
        strategies: [],
      });
      const known = new Map<string, { close: number; atMs: number; hasEnded: boolean }>();
      for (let step = 0; step < 30; step++) {
        const symbol = symbols[below(symbols.length)] as string;
        const before = known.get(symbol);
        if (before !== undefined && below(3) === 0) {
          end(scene, symbol);
          known.set(symbol, { ...before, hasEnded: true });
        } else {
          const close = 1_000 + below(1_000);
          bar(scene, `${close}`, symbol);
          known.set(symbol, { close, atMs: scene.now, hasEnded: false });
        }
        const priced = symbols.flatMap((one) => known.get(one) ?? []);
        const best = priced.find(({ hasEnded }) => !hasEnded) ?? priced.toSorted((a, b) => b.atMs - a.atMs)[0];
        expect(scene.last('AccountMarked').equity, `seed ${seed}, step ${step}`).toBe(`${best?.close}`);
      }
    }
  });
});
