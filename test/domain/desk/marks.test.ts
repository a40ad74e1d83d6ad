import { describe, expect, it } from 'vitest';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { desk } from '../../../src/domain/desk/desk.ts';
import { BTCUSDT } from '../../support/fixtures.ts';
import { all, BOOK, CANDLES, CROSS, type GivenSettings, names, only, PAPER, Scene } from '../given.ts';

function opened(given: GivenSettings = {}): Scene {
  const scene = new Scene([desk]);
  scene.settings(given);
  scene.begin();
  return scene;
}

const HOLDS = { accounts: [{ ...PAPER, balances: { USDT: '40000', BTC: '1', XYZ: '5' } }] };

describe('The mark of an instrument', () => {
  const markOf = (scene: Scene) => only(scene.order('sell', '0.1'), 'OrderApproved').referencePrice;

  it('is the mid of a valid quote, else the last close', () => {
    const scene = opened({ ...HOLDS, feeds: [BOOK] });
    scene.bar('60000', { interval: '1s' });
    expect(markOf(scene)).toBe('60000');
    scene.depth('60009.99', '60010');
    expect(markOf(scene)).toBe('60009.995');
    scene.now += 1_000;
    scene.bar('59000', { interval: '1s' });
    expect(markOf(scene)).toBe('60009.995');
    scene.depth('60010', '60009');
    expect(markOf(scene)).toBe('59000');
    scene.depth('60000', '60002');
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap', lastEventTime: null });
    expect(markOf(scene)).toBe('59000');
    scene.begin();
    expect(markOf(scene)).toBe('60001');
  });

  it('is not moved by longer bars, older bars or other instruments', () => {
    const scene = opened(HOLDS);
    scene.bar('60000');
    scene.bar('1', { interval: '5m' });
    scene.bar('2', { closeTime: '2024-08-08T11:59:00.000Z' });
    scene.bar('3', { symbol: 'ETHUSDT' });
    expect(markOf(scene)).toBe('60000');
  });

  it('stays what it was where neither quote nor close is known any more', () => {
    const scene = opened({ ...HOLDS, feeds: [BOOK] });
    scene.depth('60000', '60002');
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'silent', lastEventTime: null });
    expect(markOf(scene)).toBe('60001');
  });
});

describe('Equity', () => {
  it('counts each asset at the mark that prices it in the account’s currency, and what nothing prices as nothing', () => {
    const scene = opened(HOLDS);
    expect(scene.last('AccountMarked')).toMatchObject({ equity: '40000', cash: '40000' });
    scene.now += 60_000;
    expect(only(scene.bar('60000'), 'AccountMarked')).toMatchObject({ equity: '100000', cash: '40000', peak: '100000' });
  });

  it('counts an asset where it is traded itself before a contract on it, and at an instrument that the account uses', () => {
    const scene = opened({
      ...HOLDS,
      instruments: [{ ...BTCUSDT, symbol: 'PERP', kind: 'perpetual' }, { ...BTCUSDT, symbol: 'UNUSED' }, BTCUSDT],
      feeds: [CANDLES, { ...CANDLES, symbol: 'UNUSED' }, { ...CANDLES, symbol: 'PERP' }],
    });
    scene.bar('10', { symbol: 'PERP' });
    scene.bar('20', { symbol: 'UNUSED' });
    scene.now += 60_000;
    expect(only(scene.bar('60000'), 'AccountMarked').equity).toBe('100000');
  });

  it('moves with a mark that prices an asset which is held, though that instrument is not used, and its now does not', () => {
    const scene = opened({
      ...HOLDS,
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
      strategies: [],
    });
    scene.begin('binance', 'ETHUSDT');
    scene.bar('3000', { symbol: 'ETHUSDT' });
    expect(only(scene.bar('60000'), 'AccountMarked').equity).toBe('100000');
    scene.now += 86_400_000;
    expect(only(scene.bar('70000'), 'AccountMarked').equity).toBe('110000');
    // Nothing that it uses has been heard of since: the order is judged as of its own market's time.
    expect(only(scene.order('buy', '1', { symbol: 'ETHUSDT' }), 'OrderApproved').sendBy).toBe('2024-08-08T12:00:05.000Z');
  });

  it('does not move with an instrument whose asset is not held, until it is', () => {
    const scene = opened({ strategies: [] });
    scene.bar('60000');
    scene.now += 86_400_000;
    expect(names(scene.bar('61000'))).toEqual([]);
    scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '61000');
    scene.now += 60_000;
    expect(only(scene.bar('62000'), 'AccountMarked').equity).toBe('101000');
  });

  it('pays fees in a third asset from that asset', () => {
    const scene = opened({
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'BNBUSDT', base: 'BNB' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'BNBUSDT' }],
      accounts: [{ ...PAPER, balances: { USDT: '100000', BNB: '2' } }],
    });
    scene.bar('500', { symbol: 'BNBUSDT' });
    scene.bar('60000');
    const filled = scene.fill(only(scene.order('buy', '1'), 'OrderApproved'), '1', '60000', { fee: '0.12', feeAsset: 'BNB' });
    expect(all(filled, 'BalanceChanged').at(-1)).toMatchObject({ asset: 'BNB', change: '-0.12', balance: '1.88', reason: 'fee' });
    expect(only(filled, 'PositionChanged').quantity).toBe('1');
    expect(only(filled, 'AccountMarked').equity).toBe('100940');
  });
});

describe('An account’s now', () => {
  it('is moved by the market of a strategy in force, and of a retired one only where something was ordered there', () => {
    for (const isTraded of [false, true]) {
      const scene = opened({
        instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' }],
        feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
        strategies: [CROSS, { ...CROSS, name: 'retired', symbol: 'ETHUSDT' }],
      });
      scene.begin('binance', 'ETHUSDT');
      scene.bar('3000', { symbol: 'ETHUSDT' });
      scene.bar('60000');
      if (isTraded) only(scene.order('buy', '1', { symbol: 'ETHUSDT' }), 'OrderApproved');
      scene.when('StrategyRetired', { name: 'retired' });
      scene.when('SettingsApplied', { generation: 99, changes: 1, hash: 'b'.repeat(64) });
      scene.now += 600_000;
      scene.bar('3000', { symbol: 'ETHUSDT' });
      const [decision] = scene.order('buy', '0.1');
      if (isTraded) expect(decision).toMatchObject({ type: 'OrderDenied', data: { reason: 'market-data', value: 'stale' } });
      else expect(decision).toMatchObject({ type: 'OrderApproved', data: { sendBy: '2024-08-08T12:00:05.000Z' } });
    }
  });
});

describe('An asset that is priced by way of another', () => {
  it('is worth what both marks make of it', () => {
    const scene = opened({
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHBTC', base: 'ETH', quote: 'BTC', minNotional: '0' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'ETHBTC' }],
      accounts: [{ ...PAPER, balances: { USDT: '40000', BTC: '1' } }],
    });
    scene.bar('60000');
    scene.begin('binance', 'ETHBTC');
    scene.bar('0.05', { symbol: 'ETHBTC' });
    const buy = only(scene.order('buy', '10', { symbol: 'ETHBTC' }), 'OrderApproved');
    expect(only(scene.fill(buy, '10', '0.05'), 'AccountMarked').equity).toBe('100000');
    scene.now += 60_000;
    expect(only(scene.bar('62000'), 'AccountMarked').equity).toBe('102000');
    scene.now += 60_000;
    expect(only(scene.bar('0.06', { symbol: 'ETHBTC' }), 'AccountMarked').equity).toBe('108200');
  });
});

describe('What an account was opened with', () => {
  it('is no profit when it gets its first price, so a loss before it stays one', () => {
    const scene = opened({
      instruments: [BTCUSDT, { ...BTCUSDT, symbol: 'ETHUSDT', base: 'ETH' }],
      feeds: [CANDLES, { ...CANDLES, symbol: 'ETHUSDT' }],
      accounts: [{ ...PAPER, balances: { USDT: '40000', BTC: '1' }, limits: { dailyLoss: '500', drawdown: '0.5' } }],
    });
    scene.begin('binance', 'ETHUSDT');
    scene.bar('1000', { symbol: 'ETHUSDT' });
    scene.fill(only(scene.order('buy', '1', { symbol: 'ETHUSDT' }), 'OrderApproved'), '1', '2000');
    const priced = { equity: '99000', dayStart: '100000', peak: '100000', openingEquity: '100000' };
    expect(only(scene.bar('60000'), 'AccountMarked')).toMatchObject(priced);
    expect(only(scene.order('buy', '0.1'), 'OrderDenied')).toMatchObject({ reason: 'daily-loss', value: '1000' });
  });
});

describe('An account is marked on the tape', () => {
  it('once a minute of its now when its equity has changed', () => {
    const scene = opened(HOLDS);
    scene.bar('60000');
    scene.now += 10_000;
    expect(names(scene.bar('60001'))).toEqual([]);
    scene.now += 50_000;
    expect(names(scene.bar('60002'))).toEqual(['AccountMarked']);
    scene.now += 60_000;
    expect(names(scene.bar('60002'))).toEqual([]);
  });

  it('at the first price of what it was opened with', () => {
    const scene = opened(HOLDS);
    scene.begin();
    expect(scene.last('AccountMarked')).toMatchObject({ equity: '40000', dayStart: '40000', openingEquity: '40000' });
    const first = { equity: '100000', dayStart: '100000', openingEquity: '100000' };
    expect(only(scene.bar('60000'), 'AccountMarked')).toMatchObject(first);
    scene.now += 1_000;
    expect(names(scene.bar('50000'))).toEqual([]);
  });

  it('at the end of a feed that values it, whether it uses that or only holds what it prices', () => {
    const ids = (events: readonly TapeEvent[]) => all(events, 'AccountMarked').map(({ account, equity }) => [account, equity]);
    const scene = opened({
      accounts: [
        { ...PAPER, balances: { USDT: '40000', BTC: '1' } },
        { ...PAPER, id: 'holds', balances: { BTC: '2' } },
        { ...PAPER, id: 'holds-none', balances: { USDT: '7' } },
      ],
    });
    scene.bar('60000');
    scene.now += 1_000;
    expect(names(scene.bar('59000'))).toEqual([]);
    const ended = { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null } as const;
    const marks = [
      ['paper-1', '99000'],
      ['holds', '118000'],
    ];
    expect(ids(scene.when('FeedStale', ended))).toEqual(marks);
    expect(ids(scene.resume({ account: 'nobody' }))).toEqual([]);
    // A feed that only pauses ends nothing.
    scene.begin();
    scene.now += 1_000;
    scene.bar('58000');
    expect(ids(scene.when('FeedStale', { ...ended, reason: 'gap' }))).toEqual([]);
  });

  it('at the end of a feed that an older build did not mark: on the next evidence, and only where its worth has changed', () => {
    const scene = opened(HOLDS);
    scene.bar('60000');
    scene.now += 1_000;
    scene.bar('59000');
    const ended = { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null } as const;
    scene.engine.adopt(scene.evidence('FeedStale', ended), []);
    expect(only(scene.resume({ account: 'nobody' }), 'AccountMarked')).toMatchObject({ account: 'paper-1', equity: '99000' });
    scene.begin();
    scene.engine.adopt(scene.evidence('FeedStale', ended), []);
    expect(names(scene.resume({ account: 'nobody' }))).toEqual([]);
  });

  it('never back in time, when an older recording comes later and values it otherwise', () => {
    const scene = opened(HOLDS);
    scene.now += 120_000;
    expect(names(scene.bar('61000'))).toEqual(['AccountMarked']);
    const marked = scene.now;
    scene.now += 60_000;
    expect(names(scene.bar('61000'))).toEqual([]);
    scene.now = marked - 600_000;
    expect(names(scene.depth('49999', '50001', { eventTime: '2024-08-09T00:00:00.000Z' }))).toEqual([]);
    scene.now = marked + 120_000;
    // The quote still prices it: 40000 and one at 50000.
    expect(only(scene.bar('61000'), 'AccountMarked')).toMatchObject({ equity: '90000' });
  });

  it('never back in time at the end of an older recording', () => {
    const scene = opened(HOLDS);
    scene.now += 120_000;
    scene.bar('61000');
    scene.now += 1_000;
    // In the minute of the mark.
    expect(names(scene.bar('61500'))).toEqual([]);
    scene.now -= 600_000;
    expect(names(scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null }))).toEqual(
      [],
    );
    expect(names(scene.resume({ account: 'nobody' }))).toEqual([]);
  });

  it('at the end of a feed whose last price it was marked at already', () => {
    const scene = opened(HOLDS);
    scene.bar('60000');
    const ended = { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null } as const;
    expect(names(scene.when('FeedStale', ended))).toEqual(['AccountMarked']);
  });

  it('at the end of a feed however many it values: those that one cascade cannot hold follow on the next evidence', () => {
    const accounts = Array.from({ length: 60 }, (_, index) => ({ ...PAPER, id: `a${index}`, balances: { BTC: '1' } }));
    const scene = opened({ accounts, strategies: [] });
    for (let i = 0; i < 3; i++) scene.bar('60000');
    scene.now += 1_000;
    scene.bar('59000');
    scene.when('FeedStale', { venue: 'binance', symbol: 'BTCUSDT', reason: 'ended', lastEventTime: null });
    for (let i = 0; i < 2; i++) scene.resume({ account: 'nobody' });
    const last = new Map(all(scene.tape, 'AccountMarked').map(({ account, equity }) => [account, equity]));
    expect([...new Set(last.values())]).toEqual(['59000']);
    expect(last.size).toBe(60);
    expect(names(scene.resume({ account: 'nobody' }))).toEqual([]);
  });

  it('with its limits in use against their bounds', () => {
    const limits = { positionSize: '90000', dailyLoss: '5000', drawdown: '0.2', concentration: '0.7', leverage: '1' };
    const scene = opened({ accounts: [{ ...PAPER, balances: { USDT: '40000', BTC: '1' }, limits }] });
    scene.bar('60000');
    scene.now += 60_000;
    expect(only(scene.bar('59000'), 'AccountMarked').limits).toEqual([
      { limit: 'daily-loss', value: '1000', bound: '5000' },
      { limit: 'drawdown', value: '0.01', bound: '0.2' },
      { limit: 'position-size', value: '59000', bound: '90000' },
      { limit: 'concentration', value: '0.5959596', bound: '0.7' },
      { limit: 'leverage', value: '0.5959596', bound: '1' },
    ]);
  });
});

describe('Settings that change', () => {
  it('take effect for an open account, but for its opening balances', () => {
    const scene = opened();
    scene.bar('60000');
    expect(names(scene.order('buy', '0.5'))).toEqual(['OrderApproved']);
    const changed = { ...PAPER, balances: { USDT: '5' }, limits: { positionSize: '40000' } };
    expect(scene.settings({ accounts: [changed] })).toEqual([]);
    expect(only(scene.order('buy', '0.5'), 'OrderDenied')).toMatchObject({ reason: 'position-size', value: '60000' });
  });
});
