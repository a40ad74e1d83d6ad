/** What is allowed to happen at once stays under the engine's limit: beyond it nothing more could ever be decided. */

import { describe, expect, it } from 'vitest';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { eventsToClose } from '../../../src/domain/desk/halt-orders.ts';
import { MAX_CASCADE, toRecordedDecision } from '../../../src/domain/engine/engine.ts';
import { REACTORS } from '../../../src/domain/reactors.ts';
import { MAX_STRATEGIES_PER_INSTRUMENT } from '../../../src/domain/settings/check.ts';
import { MAX_ASSETS } from '../../../src/domain/settings/settings.ts';
import { SECOND_MS } from '../../../src/domain/time.ts';
import { MAX_CASCADE_BYTES } from '../../../src/runtime/engine/cascade-parts.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, BOOK, CANDLES, CROSS, PAPER, Scene } from '../given.ts';

const ACCOUNTS = 50;

/** The most expensive way to trade: fees in a third asset. */
function accounts(balances: Record<string, string>) {
  const fees = { maker: '0.001', taker: '0.001', paidIn: { asset: 'BNB', price: '500' } };
  return Array.from({ length: ACCOUNTS }, (_, index) => ({ ...PAPER, id: `paper-${index}`, balances, fees }));
}

function bytesOf(cascade: readonly TapeEvent[]): number {
  return cascade.reduce((sum, decision) => sum + Buffer.byteLength(JSON.stringify(toRecordedDecision(decision))), 0);
}

const RICH = { USDT: '1000000', BNB: '100' };

describe('the largest numbers that a candle may have', () => {
  it('are added up to a day, traded and valued like any others', () => {
    const scene = new Scene(REACTORS);
    const most = '9'.repeat(18);
    scene.settings({ feeds: [{ ...CANDLES, rollups: ['1d'] }], accounts: [{ ...PAPER, balances: { USDT: most } }] });
    scene.begin();
    const closes = ['5', '4', '3', '4', '5', '6', most, most, most];
    const large = { high: most, low: '0.01', volume: most, quoteVolume: most };
    const decided = Array.from({ length: 1_000 }, (_, minute) => {
      scene.now += 60_000;
      return scene.bar(closes[minute % closes.length] ?? '5', large);
    }).flat();
    expect(all(decided, 'OrderFilled').length).toBeGreaterThan(10);
    expect(all(decided, 'BarClosed').map(({ interval }) => interval)).toEqual(['1d']);
  });
});

describe('a cascade stays in its bounds when', () => {
  it('many accounts with as many assets as there may be are opened at once', () => {
    const assets = Object.fromEntries(Array.from({ length: MAX_ASSETS }, (_, index) => [`ASSET${index}`, '5']));
    const opened = new Scene(REACTORS).settings({ strategies: [], accounts: accounts(assets) });
    expect(all(opened, 'BalanceChanged').length).toBeGreaterThan(200);
    expect(opened.length).toBeLessThan(MAX_CASCADE / 1.25);
  });

  it('as many strategies as one instrument may have signal on one bar, and are filled on the next', () => {
    const scene = new Scene(REACTORS);
    const strategies = Array.from({ length: MAX_STRATEGIES_PER_INSTRUMENT }, (_, index) => ({
      ...CROSS,
      name: `cross-${index}`,
      account: `paper-${index}`,
      size: { quantity: '0.1' },
    }));
    scene.settings({ strategies, accounts: accounts(RICH) });
    scene.begin();
    const cascades = [100, 90, 80, 95, 110, 120, 105, 90, 80].map((close) => {
      scene.now += 60_000;
      return scene.bar(String(close));
    });
    expect(Math.max(...cascades.map((cascade) => all(cascade, 'OrderApproved').length))).toBe(strategies.length);
    expect(Math.max(...cascades.map((cascade) => all(cascade, 'OrderFilled').length))).toBe(strategies.length);
    // Signals and the fills of others may come together.
    expect(Math.max(...cascades.map((cascade) => cascade.length))).toBeLessThan(MAX_CASCADE / 2);
  });

  it.each([
    ['market orders of several accounts expire because a feed fell silent', 'market', 6 * SECOND_MS, 'no-market-data'],
    ['orders that want the best price at once find none', 'limit', SECOND_MS / 5, 'unfilled-rest'],
  ] as const)('hundreds of %s', (_what, type, stepMs, reason) => {
    const scene = new Scene(REACTORS);
    scene.settings({ strategies: [], instruments: [BTCUSDT], feeds: [BOOK], accounts: accounts(RICH) });
    scene.begin();
    scene.depth('100', '100.01');
    const asked = 150;
    for (const account of ['paper-0', 'paper-1']) {
      for (let count = 0; count < asked; count++) {
        const price = type === 'limit' ? '99' : null;
        scene.order('buy', '0.1', { account, type, price, timeInForce: type === 'limit' ? 'IOC' : 'GTC' });
      }
    }
    expect(all(scene.tape, 'OrderAccepted')).toHaveLength(2 * asked);
    const expired: string[] = [];
    for (let step = 0; step < 10; step++) {
      scene.now += stepMs;
      const cascade = type === 'limit' ? scene.depth('100', '100.01') : scene.bar('100', { interval: '1s' });
      expect(cascade.length).toBeLessThan(MAX_CASCADE / 2);
      expired.push(...all(cascade, 'OrderExpired').map((order) => order.reason ?? ''));
    }
    expect(expired).toEqual(Array.from({ length: 2 * asked }, () => reason));
  });

  /** 25 accounts that hold each of ten instruments. */
  function manyHoldings() {
    const symbols = Array.from({ length: 10 }, (_, index) => `A${index}USDT`);
    const instruments = symbols.map((symbol) => ({ ...BTCUSDT, symbol, base: symbol.slice(0, 2) }));
    const scene = new Scene(REACTORS);
    scene.settings({
      strategies: [],
      instruments,
      feeds: symbols.map((symbol) => ({ ...CANDLES, symbol })),
      accounts: accounts(RICH).slice(0, 25),
    });
    const barsOfAll = () => {
      scene.now += 60_000;
      return symbols.map((symbol) => scene.bar('100', { symbol }));
    };
    for (const symbol of symbols) scene.begin('binance', symbol);
    barsOfAll();
    for (let account = 0; account < 25; account++) {
      for (const symbol of symbols) scene.order('buy', '0.1', { account: `paper-${account}`, symbol });
    }
    for (let minute = 0; minute < 5; minute++) barsOfAll();
    expect(all(scene.tape, 'OrderFilled')).toHaveLength(250);
    return { scene, symbols, barsOfAll };
  }

  it('a halt closes what many accounts hold in many instruments, some on each event', () => {
    const { scene, barsOfAll } = manyHoldings();
    const cascades = [scene.halt({ scope: { all: true }, flatten: true })];
    for (let minute = 0; minute < 12; minute++) cascades.push(...barsOfAll());
    expect(Math.max(...cascades.map((cascade) => cascade.length))).toBeLessThan(MAX_CASCADE / 1.25);
    const closings = all(scene.tape, 'OrderFilled').filter(({ side }) => side === 'sell');
    expect(closings).toHaveLength(250);
  });

  it.each([
    ['at once', false],
    ['when each has an order that waits to close it', true],
  ])('a halt closes as many at their last prices, %s', (_when, isWaiting) => {
    const { scene, symbols } = manyHoldings();
    const ended = () =>
      symbols.map((symbol) => scene.when('FeedStale', { venue: 'binance', symbol, reason: 'ended', lastEventTime: null }));
    const cascades = ended();
    const scope = { all: true } as const;
    if (isWaiting) {
      scene.halt({ scope, flatten: true });
      ended();
      expect(all(scene.tape, 'OrderAccepted')).toHaveLength(500);
    }
    cascades.push(scene.halt({ scope, cancelOpen: true, flatten: true, atLastPrice: true }));
    for (let more = 0; more < 3; more++) cascades.push(...ended());
    expect(Math.max(...cascades.map((cascade) => cascade.length))).toBeLessThan(MAX_CASCADE / 1.25);
    expect(all(scene.tape, 'OrderFilled').filter(({ side }) => side === 'sell')).toHaveLength(250);
  });

  it.each([
    ['at once', false],
    ['when each has an order that waits to close it', true],
  ])('one request closes all at their last prices, on the events that stand behind it, %s', (_when, isWaiting) => {
    const { scene, symbols } = manyHoldings();
    const ended = () =>
      symbols.map((symbol) => scene.when('FeedStale', { venue: 'binance', symbol, reason: 'ended', lastEventTime: null }));
    ended();
    const scope = { all: true } as const;
    for (let more = 0; isWaiting && more < 2; more++) {
      scene.halt({ scope, flatten: true });
      ended();
    }
    const cascades = [scene.halt({ scope, cancelOpen: true, flatten: true, atLastPrice: true })];
    const requestId = scene.tape.findLast(({ type }) => type === 'TradingHaltRequested')?.id ?? '';
    const events = eventsToClose({ positions: 250, orders: isWaiting ? 250 : 0, accounts: 25 });
    for (let step = 1; step < events; step++) cascades.push(scene.when('TradingHaltContinued', { requestId, step }));
    expect(Math.max(...cascades.map((cascade) => cascade.length))).toBeLessThan(MAX_CASCADE / 1.25);
    expect(all(scene.tape, 'OrderFilled').filter(({ side }) => side === 'sell')).toHaveLength(250);
    expect(scene.when('TradingHaltContinued', { requestId, step: events })).toEqual([]);
  });

  it('one halt after the other is asked for, with the longest reason, before most of the accounts were told of the first', () => {
    const scene = new Scene(REACTORS);
    const [count, halts] = [600, 21];
    const named = Array.from({ length: count }, (_, index) => ({ ...PAPER, id: `paper-${index}`, balances: {} }));
    scene.settings({ strategies: [], accounts: named });
    scene.begin();
    const cascades = Array.from({ length: halts }, () => scene.halt({ reason: '\u0001'.repeat(500) }));
    while (all(cascades.at(-1) ?? [], 'TradingHalted').length > 0) cascades.push(scene.begin());
    expect(Math.max(...cascades.map((cascade) => cascade.length))).toBeLessThan(MAX_CASCADE / 4);
    expect(Math.max(...cascades.map(bytesOf))).toBeLessThan(MAX_CASCADE_BYTES / 4);
    expect(all(cascades.flat(), 'TradingHalted')).toHaveLength(count * halts);
  });
});
