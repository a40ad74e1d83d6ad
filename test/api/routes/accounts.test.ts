import { describe, expect, it } from 'vitest';
import { accountStream, SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { barOf } from '../../support/fixtures.ts';
import { ACCOUNT, type GivenApi, givenApi, idOf, minuteTime, problemOf, recordHalt, recordSettings } from '../given-api.ts';

const STREAM = accountStream('paper-1');

async function mark(api: GivenApi, equity: string, minute: number) {
  const limits = [{ limit: 'drawdown', value: '0.01', bound: '0.2' }];
  const data = {
    account: 'paper-1',
    currency: 'USDT',
    equity,
    openingEquity: '1000',
    cash: '900',
    peak: '1010',
    at: null,
    dayStart: '1000',
    limits,
  };
  return api.record('AccountMarked', STREAM, data, { at: minuteTime(minute) });
}

async function hold(api: GivenApi, strategy: string) {
  return api.record('PositionChanged', STREAM, {
    account: 'paper-1',
    strategy,
    venue: 'binance',
    symbol: 'BTCUSDT',
    orderId: idOf('a'),
    tradeId: '1',
    quantity: '0.2',
    cost: '100',
    averageEntryPrice: '500',
    realizedProfit: '0',
  });
}

describe('accounts', () => {
  it('are listed by name, with what they hold and are worth', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await api.record('AccountOpened', SETTINGS_STREAM, { ...ACCOUNT, id: 'a-2' });
    const balance = {
      account: 'paper-1',
      asset: 'USDT',
      change: '1000',
      balance: '1000',
      reason: 'opening' as const,
      orderId: null,
    };
    await api.record('BalanceChanged', STREAM, balance);
    await mark(api, '1001', 1);
    const { body } = await api.get('/v1/accounts');
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual(['a-2', 'paper-1']);
    expect(body.data[1]).toMatchObject({ marked: { equity: '1001' }, balances: { USDT: '1000' }, halts: [] });
    expect(body.data[0]).toMatchObject({ marked: null, current: null });
    expect((await api.get('/v1/accounts/paper-1')).body).toEqual(body.data[1]);
    const first = await api.get('/v1/accounts?limit=1');
    expect((await api.get(`/v1/accounts?limit=1&cursor=${first.body.next}`)).body).toMatchObject({
      data: [{ id: 'paper-1' }],
      next: null,
    });
  });

  it('are worth what the latest prices make of them, and say what decisions rest on', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const limits = { dailyLoss: '5', drawdown: '0.5', concentration: '0.9', marketHours: true };
    await api.record('RiskLimitsSet', SETTINGS_STREAM, { account: 'paper-1', limits });
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 1, hash: 'c'.repeat(64) });
    const opening = { account: 'paper-1', reason: 'opening' as const, orderId: null };
    await api.record('BalanceChanged', STREAM, { ...opening, asset: 'USDT', change: '900', balance: '900' });
    await api.record('BalanceChanged', STREAM, { ...opening, asset: 'BTC', change: '1', balance: '1' });
    // Marked when 1 BTC was 100; drawdown was 0.01 at its worst.
    await mark(api, '1000', 1);
    await api.record('BarClosed', 'bars-a', barOf({ close: '80.5', closeTime: minuteTime(2) }));
    await hold(api, 'cross');
    const { position } = await api.record('OrderFilled', `order-${idOf('a')}`, {
      orderId: idOf('a'),
      account: 'paper-1',
      at: minuteTime(2),
      strategy: 'cross',
      venue: 'binance',
      symbol: 'BTCUSDT',
      side: 'buy',
      tradeId: '1',
      price: '500',
      quantity: '0.2',
      cumulativeQuantity: '0.2',
      fee: '0.25',
      feeAsset: 'USDT',
      liquidity: 'taker',
    });
    const { body } = await api.get(`/v1/accounts/paper-1?min-position=${position}`);
    expect(body).toMatchObject({
      openings: { USDT: '900', BTC: '1' },
      marked: { equity: '1000', openingEquity: '1000', dayStart: '1000', at: minuteTime(1) },
      current: {
        equity: '980.5',
        // Held at 0.2 x 80.5 for 100.
        pnl: { profit: '-19.5', realized: '0', unrealized: '-83.9', fees: '0.25', revaluation: '64.65' },
        limits: [
          { limit: 'daily-loss', value: '19.5', bound: '5' },
          // (1010 - 980.5) / 1010
          { limit: 'drawdown', value: '0.02920792', bound: '0.5' },
          { limit: 'concentration', value: '0.08210097', bound: '0.9' },
        ],
        at: minuteTime(2),
        position,
      },
    });
    const [row] = (await api.get('/v1/accounts/paper-1/positions')).body.data;
    expect(row).toMatchObject({
      price: '80.5',
      priceTime: minuteTime(2),
      value: '16.1',
      unrealizedProfit: '-83.9',
      fees: '0.25',
      feesByAsset: { USDT: '0.25' },
      profit: '-84.15',
    });
    expect((await api.get('/v1/accounts/paper-1/limits')).body).toMatchObject({
      marked: { limits: [{ limit: 'drawdown', value: '0.01' }], at: minuteTime(1) },
      current: { limits: body.current.limits, at: minuteTime(2), position },
    });
  });

  it('keep the worst drawdown that was marked, and count the loss of a day that has begun since from that mark', async () => {
    const api = await givenApi();
    await recordSettings(api);
    const limits = { dailyLoss: '5', drawdown: '0.5', marketHours: true };
    await api.record('RiskLimitsSet', SETTINGS_STREAM, { account: 'paper-1', limits });
    await api.record('SettingsApplied', SETTINGS_STREAM, { generation: 2, changes: 1, hash: 'c'.repeat(64) });
    const opening = { account: 'paper-1', reason: 'opening' as const, orderId: null };
    await api.record('BalanceChanged', STREAM, { ...opening, asset: 'BTC', change: '10', balance: '10' });
    // Its equity is 1005, its day began at 1000, and it was 1% under its peak of 1010 at the worst.
    await mark(api, '1005', 1);
    const use = async (close: string, closeTime: string) => {
      await api.record('BarClosed', 'bars-a', barOf({ close, closeTime }));
      const { body } = await api.get('/v1/accounts/paper-1/limits');
      return body.current.limits.map(({ value }: { value: string }) => value);
    };
    expect(await use('100.3', '2025-01-01T23:00:00.000Z')).toEqual(['-3', '0.01']);
    expect(await use('100.2', '2025-01-02T00:30:00.000Z')).toEqual(['3', '0.01']);
  });

  it('say what their limits are used for, and what holds them', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await mark(api, '1001', 1);
    await recordHalt(api, { account: 'paper-1' });
    expect((await api.get('/v1/accounts/paper-1/limits')).body).toEqual({
      account: 'paper-1',
      marked: { at: minuteTime(1), limits: [{ limit: 'drawdown', value: '0.01', bound: '0.2' }] },
      current: { at: minuteTime(1), limits: [], position: '8' },
      bounds: { marketHours: true },
      halts: [{ scope: { account: 'paper-1' }, mode: 'stop', reason: 'drill', requestId: idOf('halt'), since: minuteTime(5) }],
    });
  });

  it('list positions by strategy and instrument', async () => {
    const api = await givenApi();
    await recordSettings(api);
    for (const strategy of ['manual', 'cross']) await hold(api, strategy);
    const { body } = await api.get('/v1/accounts/paper-1/positions');
    expect(body.data).toMatchObject([{ strategy: 'cross', quantity: '0.2', averageEntryPrice: '500' }, { strategy: 'manual' }]);
  });

  it('list what they were worth, by time', async () => {
    const api = await givenApi();
    await recordSettings(api);
    for (const minute of [0, 1, 2, 3]) await mark(api, `100${minute}`, minute);
    const worth = async (query: string) =>
      (await api.get(`/v1/accounts/paper-1/equity?${query}`)).body.data.map(({ equity }: { equity: string }) => equity);
    expect(await worth('')).toEqual(['1003', '1002', '1001', '1000']);
    expect(await worth(`from=${minuteTime(1)}&to=${minuteTime(3)}&order=asc`)).toEqual(['1001', '1002']);
  });

  it('show their equity up to the last mark, and one of a later time only when it is asked for', async () => {
    const api = await givenApi();
    await recordSettings(api);
    // The settings are of today, the market is a recording.
    await mark(api, '1000', 9_000);
    await mark(api, '1001', 1);
    await mark(api, '1002', 2);
    const equities = async (query: string) =>
      (await api.get(`/v1/accounts/paper-1/equity?${query}`)).body.data.map(({ equity }: { equity: string }) => equity);
    expect(await equities('limit=10')).toEqual(['1002', '1001']);
    expect(await equities('order=asc')).toEqual(['1001', '1002']);
    expect(await equities(`to=${minuteTime(9_001)}`)).toEqual(['1000', '1002', '1001']);
    await mark(api, '1003', 9_002);
    expect((await equities('limit=1'))[0]).toBe('1003');
  });

  it.each(['', '/positions', '/limits', '/equity'])('that are not there have no %s', async (path) => {
    const api = await givenApi();
    expect(problemOf(await api.get(`/v1/accounts/nobody${path}`))).toMatchObject({ status: 404 });
  });

  it('do not share cursors', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await api.record('AccountOpened', SETTINGS_STREAM, { ...ACCOUNT, id: 'a-2' });
    for (const minute of [0, 1]) await mark(api, '1', minute);
    const { body } = await api.get('/v1/accounts/paper-1/equity?limit=1');
    const other = await api.get(`/v1/accounts/a-2/equity?limit=1&cursor=${body.next}`);
    expect(problemOf(other)).toMatchObject({ status: 400, paths: ['cursor'] });
  });
});
