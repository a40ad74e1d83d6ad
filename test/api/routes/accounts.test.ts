import { describe, expect, it } from 'vitest';
import { accountStream, SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { ACCOUNT, type GivenApi, givenApi, idOf, minuteTime, problemOf, recordHalt, recordSettings } from '../given-api.ts';

const STREAM = accountStream('paper-1');

async function mark(api: GivenApi, equity: string, minute: number) {
  const limits = [{ limit: 'drawdown', value: '0.01', bound: '0.2' }];
  const data = { account: 'paper-1', currency: 'USDT', equity, cash: '900', peak: '1010', dayStart: '1000', limits };
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
    expect(body.data[1]).toMatchObject({ equity: '1001', balances: { USDT: '1000' }, halts: [] });
    expect((await api.get('/v1/accounts/paper-1')).body).toEqual(body.data[1]);
    const first = await api.get('/v1/accounts?limit=1');
    expect((await api.get(`/v1/accounts?limit=1&cursor=${first.body.next}`)).body).toMatchObject({
      data: [{ id: 'paper-1' }],
      next: null,
    });
  });

  it('say what their limits are used for, and what holds them', async () => {
    const api = await givenApi();
    await recordSettings(api);
    await mark(api, '1001', 1);
    await recordHalt(api, { account: 'paper-1' });
    expect((await api.get('/v1/accounts/paper-1/limits')).body).toEqual({
      account: 'paper-1',
      time: minuteTime(1),
      limits: [{ limit: 'drawdown', value: '0.01', bound: '0.2' }],
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
