import { describe, expect, it } from 'vitest';
import { parseDecimal } from '../../../src/domain/decimal.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import type { OrderTerms, RiskView } from '../../../src/domain/risk/limit.ts';
import { LIMITS, readLimits } from '../../../src/domain/risk/limits.ts';
import { checkOrder } from '../../../src/domain/risk/risk.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { BOOK, CANDLES, CROSS, type GivenSettings, names, only, PAPER, Scene } from '../given.ts';

function trading(limits: object, given: GivenSettings = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings({ accounts: [{ ...PAPER, limits }], ...given });
  scene.begin();
  scene.bar('60000');
  return scene;
}

/** Holds half a bitcoin bought by a person. */
function holding(limits: object, given: GivenSettings = {}): Scene {
  const scene = trading(limits, given);
  scene.fill(only(scene.order('buy', '0.5'), 'OrderApproved'), '0.5', '60000');
  return scene;
}

function bar(scene: Scene, close: string): void {
  scene.now += 60_000;
  scene.bar(close);
}

function denial(scene: Scene, quantity = '0.1', of: Parameters<Scene['order']>[2] = {}): (string | null)[] {
  const { reason, value, bound } = only(scene.order('buy', quantity, of), 'OrderDenied');
  return [reason, value, bound];
}

/** Whatever has tripped, what is held can be sold. */
function expectClosable(scene: Scene): void {
  expect(names(scene.order('sell', '0.5'))).toEqual(['OrderApproved']);
}

describe('The limit on', () => {
  it('position size counts position, working orders and this one at the reference price', () => {
    const scene = holding({ positionSize: '60000' });
    scene.order('buy', '0.3', { price: '50000' });
    expect(names(scene.order('buy', '0.2'))).toEqual(['OrderApproved']);
    expect(denial(scene, '0.00009')).toEqual(['position-size', '60005.4', '60000']);
    expectClosable(scene);
  });

  it('daily loss counts from the start of the UTC day', () => {
    const scene = holding({ dailyLoss: '2000' });
    bar(scene, '56000');
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
    bar(scene, '55999.98');
    expect(denial(scene)).toEqual(['daily-loss', '2000.01', '2000']);
    expectClosable(scene);
    // What was lost the day before does not count the next day.
    scene.now += 86_400_000;
    const decided = scene.bar('55000');
    expect(only(decided, 'AccountMarked')).toMatchObject({ dayStart: '97999.99', equity: '97500', peak: '100000' });
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
  });

  it('drawdown holds at its worst until a person resumes', () => {
    const scene = holding({ drawdown: '0.1' });
    bar(scene, '80000');
    bar(scene, '58000');
    expect(names(scene.order('buy', '0.1', { price: '100' }))).toEqual(['OrderApproved']);
    bar(scene, '57999');
    // From 110,000 to 98,999.5 is 0.100004545...
    expect(denial(scene)).toEqual(['drawdown', '0.10000455', '0.1']);
    bar(scene, '80000');
    expect(denial(scene)[0]).toBe('drawdown');
    expectClosable(scene);
    expect(only(scene.resume(), 'AccountMarked')).toMatchObject({ peak: '110000', equity: '110000' });
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
  });

  it('drawdown counts what a single fill has lost, even when it is made good by the next bar', () => {
    const scene = trading({ drawdown: '0.1' });
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '70001');
    bar(scene, '70000');
    expect(denial(scene, '0.01')).toEqual(['drawdown', '0.10001', '0.1']);
  });

  it('concentration counts all that is held and working of one asset', () => {
    const scene = holding({ concentration: '0.5' });
    expect(names(scene.order('buy', '0.3', { price: '50000' }))).toEqual(['OrderApproved']);
    expect(denial(scene, '0.1')).toEqual(['concentration', '0.54', '0.5']);
    expectClosable(scene);
  });

  it('concentration counts one asset over several instruments', () => {
    const perpetual = { ...BTCUSDT, symbol: 'BTCPERP', kind: 'perpetual' };
    const scene = holding(
      { concentration: '0.5' },
      { instruments: [BTCUSDT, perpetual], feeds: [CANDLES, { ...CANDLES, symbol: 'BTCPERP' }] },
    );
    scene.begin('binance', 'BTCPERP');
    scene.bar('60000', { symbol: 'BTCPERP' });
    expect(only(scene.order('sell', '0.34', { symbol: 'BTCPERP' }), 'OrderDenied')).toMatchObject({
      reason: 'concentration',
      value: '0.504',
    });
    expectClosable(scene);
  });

  it('leverage counts everything held and working against equity', () => {
    const eth = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
    const scene = holding(
      { leverage: '0.8' },
      { instruments: [BTCUSDT, eth], feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }] },
    );
    scene.begin('binance', 'ETHUSDT');
    scene.bar('3000', { symbol: 'ETHUSDT' });
    expect(names(scene.order('buy', '15', { symbol: 'ETHUSDT' }))).toEqual(['OrderApproved']);
    expect(denial(scene)).toEqual(['leverage', '0.81', '0.8']);
    expectClosable(scene);
  });

  it('the price keeps limits within the collar, on both sides, for all orders', () => {
    const scene = holding({ priceCollar: '0.02' });
    expect(denial(scene, '0.1', { price: '61200.01' })).toEqual(['price-collar', '0.02000017', '0.02']);
    expect(names(scene.order('buy', '0.1', { price: '61200' }))).toEqual(['OrderApproved']);
    expect(names(scene.order('buy', '0.1', { price: '100' }))).toEqual(['OrderApproved']);
    expect(only(scene.order('sell', '0.1', { price: '58799.99' }), 'OrderDenied').reason).toBe('price-collar');
    expectClosable(scene);
  });

  it('the rate of orders looks back over a sliding window of the account’s now', () => {
    const scene = trading({ orderRate: { orders: 2, per: '1m' } });
    scene.fill(only(scene.order('buy', '0.5'), 'OrderApproved'), '0.5', '60000');
    scene.now += 30_000;
    scene.bar('60000');
    scene.order('buy', '0.1');
    expect(denial(scene)).toEqual(['order-rate', '3', '2 per 1m']);
    expectClosable(scene);
    scene.now += 30_000;
    scene.bar('60000');
    // That sale counts, the first order no longer does.
    expect(denial(scene)).toEqual(['order-rate', '3', '2 per 1m']);
    scene.now += 30_000;
    scene.bar('60000');
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
  });

  it.each([
    ['gap', 'gap'],
    ['silent', 'silent'],
    ['ended', 'ended'],
  ] as const)('market data refuses an opening order while the feed has a %s, and no other', (reason, value) => {
    const scene = holding({});
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason, lastEventTime: null });
    expect(denial(scene)).toEqual(['market-data', value, 'trusted']);
    expectClosable(scene);
    scene.begin();
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
  });

  it('market data refuses candles that are older than two intervals', () => {
    const eth = { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' };
    const scene = holding(
      {},
      {
        instruments: [BTCUSDT, eth],
        feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
        strategies: [CROSS, { ...CROSS, name: 'eth', symbol: 'ETHUSDT' }],
      },
    );
    scene.now += 120_000;
    scene.bar('3000', { symbol: 'ETHUSDT' });
    expect(names(scene.order('buy', '0.1'))).toEqual(['OrderApproved']);
    scene.now += 1;
    scene.bar('3000', { symbol: 'ETHUSDT' });
    expect(denial(scene)).toEqual(['market-data', 'stale', 'trusted']);
    expectClosable(scene);
  });

  it('market data refuses a crossed book, and one without a side', () => {
    const accounts = [{ ...PAPER, balances: { USDT: '100000', BTC: '1' } }];
    const scene = trading({}, { feeds: [{ ...BOOK, bars: '1m' }], accounts });
    expect(denial(scene)).toEqual(['market-data', 'no-quote', 'trusted']);
    scene.depth('60001', '60000');
    expect(denial(scene)).toEqual(['market-data', 'crossed', 'trusted']);
    scene.depth('60000', '60000');
    expect(denial(scene)).toEqual(['market-data', 'crossed', 'trusted']);
    scene.depth('60000', '60001', { asks: [] });
    expect(denial(scene)).toEqual(['market-data', 'no-quote', 'trusted']);
    expectClosable(scene);
    scene.depth('59999.99', '60000');
    const approved = only(scene.order('buy', '0.1'), 'OrderApproved');
    expect(approved).toMatchObject({ referencePrice: '59999.995', bid: '59999.99', ask: '60000' });
  });

  it('the age of the signal refuses to open on an old bar or a backfilled one', () => {
    const scene = trading({});
    scene.now += 60_000;
    scene.bar('60000');
    const barCloseTime = isoTime(scene.now - 60_000);
    scene.now += 1;
    expect(names(scene.signal('buy', { barCloseTime }))).toEqual(['OrderApproved']);
    scene.report(scene.last('OrderApproved'), 'rejected');
    const older = isoTime(scene.now - 60_001);
    expect(only(scene.signal('buy', { barCloseTime: older }), 'OrderDenied')).toMatchObject({
      reason: 'signal-too-old',
      value: '60001ms',
      bound: '60000ms',
    });
    expect(only(scene.signal('buy', { barSource: 'backfill' }), 'OrderDenied')).toMatchObject({
      reason: 'signal-too-old',
      value: 'backfill',
    });
    scene.fill(only(scene.signal('buy'), 'OrderApproved'), '1', '60000');
    expect(names(scene.signal('sell', { barCloseTime: older }))).toEqual(['OrderApproved']);
  });
});

describe('Trading hours', () => {
  const closed: RiskView = {
    nowMs: 0,
    halt: 'none',
    calendar: { isOpen: () => false },
    untrusted: null,
    signal: null,
    approvals: [],
    reference: parseDecimal('1'),
    equity: parseDecimal('1'),
    dayStart: parseDecimal('1'),
    maxDrawdown: { peak: parseDecimal('1'), equity: parseDecimal('1') },
    positionWorth: () => parseDecimal('1'),
    assetWorth: () => parseDecimal('1'),
    grossWorth: () => parseDecimal('1'),
  };
  const order: OrderTerms = { side: 'buy', price: null, isReducing: false, isFlattening: false };

  it('refuse to open outside of a session, and not to close', () => {
    expect(checkOrder(order, closed, readLimits({ marketHours: true })).refusal).toEqual({
      limit: 'market-hours',
      value: 'closed',
      bound: 'open',
    });
    expect(checkOrder({ ...order, isReducing: true }, closed, readLimits({ marketHours: true })).refusal).toBeNull();
  });

  it('are not looked at where the account does not ask for it', () => {
    expect(checkOrder(order, closed, readLimits({ marketHours: false })).refusal).toBeNull();
  });
});

describe('The checks of an order', () => {
  const all = {
    positionSize: '100000',
    dailyLoss: '1',
    drawdown: '0.5',
    concentration: '1',
    leverage: '2',
    priceCollar: '0.1',
    orderRate: { orders: 5, per: '1s' },
  };

  it('are all on the tape with value and bound when it passes', () => {
    const { limits } = only(trading(all).order('buy', '0.5', { price: '60600' }), 'OrderApproved');
    expect(limits).toEqual([
      { limit: 'halt', value: 'none', bound: 'none' },
      { limit: 'market-hours', value: 'open', bound: 'open' },
      { limit: 'market-data', value: 'trusted', bound: 'trusted' },
      { limit: 'order-rate', value: '1', bound: '5 per 1s' },
      { limit: 'price-collar', value: '0.01', bound: '0.1' },
      { limit: 'daily-loss', value: '0', bound: '1' },
      { limit: 'drawdown', value: '0', bound: '0.5' },
      { limit: 'position-size', value: '30000', bound: '100000' },
      { limit: 'concentration', value: '0.3', bound: '1' },
      { limit: 'leverage', value: '0.3', bound: '2' },
    ]);
  });

  it('stop at the first refusal, which says what it had passed', () => {
    const denied = only(trading({ ...all, positionSize: '1' }).order('buy', '0.5'), 'OrderDenied');
    expect(denied.reason).toBe('position-size');
    expect(denied.limits.map(({ limit }) => limit)).toEqual([
      'halt',
      'market-hours',
      'market-data',
      'order-rate',
      'daily-loss',
      'drawdown',
    ]);
  });

  it('of a reducing order are those of halts and of its price alone', () => {
    const scene = holding(all);
    const { limits } = only(scene.order('sell', '0.5', { price: '60000' }), 'OrderApproved');
    expect(limits.map(({ limit }) => limit)).toEqual(['halt', 'price-collar']);
  });

  it('count two orders on the same margin once each: the second does not pass', () => {
    const scene = trading({ positionSize: '60000' });
    expect(names(scene.order('buy', '0.6'))).toEqual(['OrderApproved']);
    expect(denial(scene, '0.6')[0]).toBe('position-size');
    scene.report(scene.last('OrderApproved'), 'canceled');
    expect(names(scene.order('buy', '0.6'))).toEqual(['OrderApproved']);
  });

  it('take a sale for opening when it and others together would cross zero', () => {
    const scene = new Scene([desk]);
    scene.settings({ instruments: [{ ...BTCUSDT, kind: 'perpetual' }], strategies: [] });
    scene.begin();
    scene.bar('60000');
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000');
    expect(only(scene.order('sell', '0.6'), 'OrderApproved').reducing).toBe(true);
    expect(only(scene.order('sell', '0.6'), 'OrderApproved').reducing).toBe(false);
  });

  it('have each its own name', () => {
    expect(new Set(LIMITS.map(({ name }) => name)).size).toBe(LIMITS.length);
  });
});
