import { describe, expect, it } from 'vitest';
import { isSignedBy, restPayload, socketPayload } from '../../../exchange-simulator/venues/bybit/requests/signature.ts';
import { Client } from '../given.ts';
import { type Answer, GivenBybit, hmac, told } from './given.ts';

const id = ({ result }: Answer): string => String(result.orderId);
const statuses = (client: Client): unknown[] =>
  told(client, 'order').map(({ orderStatus, rejectReason }) => [orderStatus, rejectReason]);

describe('a signature', () => {
  it('is over time, key, window and what is sent, without anything between them', () => {
    // Made with openssl dgst -sha256 -hmac XXXXXXXXXX.
    const key = { secret: 'XXXXXXXXXX' } as Parameters<typeof isSignedBy>[0];
    const sign = '9b41c0a8017299acecddc40e8c3462d2a0db2d1c2d60a8c3638a0b29111cc35c';
    const payload = restPayload('1658385579423', 'XXXXXXXXXX', '5000', '{"symbol":"BTCUSDT"}');
    expect(isSignedBy(key, payload, sign)).toBe(true);
    expect(isSignedBy(key, `${payload} `, sign)).toBe(false);
    expect(isSignedBy(key, payload, '')).toBe(false);
    const logOn = '3d6cbbfa4569aab894f661add824ff3f06090d0edba388f1e47dc15e6a7b5a8b';
    expect(isSignedBy(key, socketPayload('1662350400000'), logOn)).toBe(true);
  });
});

describe('a request', () => {
  const code = async (answer: Promise<{ status: number; body: string }>): Promise<[number, number]> => {
    const { status, body } = await answer;
    return [status, (JSON.parse(body) as Answer).retCode];
  };

  it('counts from a second ahead of the venue to its window behind it', async () => {
    const given = new GivenBybit();
    const at = (offset: number, window = '5000') =>
      code(given.signed('GET', '/v5/account/info', {}, { timestamp: given.clock.now() + offset, window }));
    expect(await at(999)).toEqual([200, 0]);
    expect(await at(1000)).toEqual([200, 10002]);
    expect(await at(-5000)).toEqual([200, 0]);
    expect(await at(-5001)).toEqual([200, 10002]);
    expect(await at(-8000, '8000')).toEqual([200, 0]);
    expect(await at(0, 'x')).toEqual([200, 10001]);
  });

  it('needs a known key, its signature, and its permission', async () => {
    const given = new GivenBybit();
    const info = (as: { key?: string; secret?: string }) => code(given.signed('GET', '/v5/account/info', {}, as));
    expect(await info({ key: 'nobody' })).toEqual([200, 10003]);
    expect(await info({ secret: 'wrong' })).toEqual([200, 10004]);
    expect(await code(given.get('/v5/account/info'))).toEqual([200, 10001]);
    const order = { category: 'spot', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Limit', price: '90', qty: '1' };
    expect(await code(given.signed('POST', '/v5/order/create', order, { key: 'simulator-read' }))).toEqual([200, 10005]);
    given.running.exchange.revokeKey('simulator-key');
    expect(await info({})).toEqual([200, 10003]);
    expect(await code(given.get('/v5/market/nothing'))).toEqual([404, 10017]);
  });

  it('says what a key may do', async () => {
    const given = new GivenBybit();
    const rights = async (key: string) => {
      const { body } = await given.signed('GET', '/v5/user/query-api', {}, { key });
      const { readOnly, permissions } = (JSON.parse(body) as Answer).result as unknown as {
        readOnly: number;
        permissions: Record<string, string[]>;
      };
      return [readOnly, permissions.Spot, permissions.Wallet];
    };
    expect(await rights('simulator-key')).toEqual([0, ['SpotTrade'], []]);
    expect(await rights('simulator-read')).toEqual([1, [], []]);
    expect(await rights('simulator-withdraw')).toEqual([0, ['SpotTrade'], ['AccountTransfer', 'Withdraw']]);
  });

  it('of one account comes 20 times a second at most, and of one address 600 times in five seconds', async () => {
    const given = new GivenBybit();
    const place = () => given.signed('POST', '/v5/order/cancel', { category: 'spot', symbol: 'BTCUSDT', orderId: '1' });
    const answers = await Promise.all(Array.from({ length: 21 }, place));
    expect(answers[0]?.headers).toMatchObject({ 'X-Bapi-Limit': '20', 'X-Bapi-Limit-Status': '19' });
    expect(answers.map(({ body }) => (JSON.parse(body) as Answer).retCode)).toEqual([...Array(20).fill(170213), 10006]);
    expect(answers[20]?.headers).toMatchObject({ 'X-Bapi-Limit': '20', 'X-Bapi-Limit-Status': '0' });
    expect(Number(answers[20]?.headers['X-Bapi-Limit-Reset-Timestamp'])).toBe(given.clock.now() + 1000);
    await given.clock.advance(1000);
    expect((await given.limit('Buy', '90', '1')).retCode).toBe(0);
    await given.clock.advance(4000);
    for (let count = 0; count < 600; count += 1) expect((await given.get('/v5/market/time')).status).toBe(200);
    const banned = await given.get('/v5/market/time');
    expect([banned.status, banned.body]).toEqual([403, '403, access too frequent']);
    await given.clock.advance(600_000 - 1);
    expect((await given.get('/v5/market/time')).status).toBe(403);
    await given.clock.advance(1);
    expect((await given.get('/v5/market/time')).status).toBe(200);
  });

  it.each([
    ['off the tick', { price: '100.05' }, 170134],
    ['below the least price', { price: '0.01' }, 170133],
    ['off the lot', { qty: '0.1000001' }, 170137],
    ['of nothing', { qty: '0' }, 170136],
    ['of too much', { qty: '83.1' }, 170135],
    ['below the least value', { qty: '0.04' }, 170140],
    ['with a number that is none', { qty: '1e2' }, 170130],
    ['without a price', { price: undefined }, 10001],
    ['with a time in force that does not exist', { timeInForce: 'GTX' }, 170115],
    ['of a type that does not exist', { orderType: 'Stop' }, 170116],
    ['of a side that does not exist', { side: 'BUY' }, 170117],
    ['of a symbol that does not exist', { symbol: 'NOUSDT' }, 170121],
    ['with a client id of 37 characters', { orderLinkId: 'x'.repeat(37) }, 10001],
    ['with a client id of other characters', { orderLinkId: 'a b' }, 10001],
    ['with a trigger', { triggerPrice: '95' }, 170227],
    ['of a derivative', { category: 'linear' }, 10001],
    ['for more than there is', { price: '5000', qty: '21' }, 170131],
    ['at the market for too much', { orderType: 'Market', qty: '42', marketUnit: 'baseCoin' }, 170135],
  ])('for an order %s is refused', async (_what, change, expected) => {
    const given = new GivenBybit();
    expect((await given.limit('Buy', '100', '1', change)).retCode).toBe(expected);
    expect(given.account.orders).toEqual([]);
  });
});

describe('an order', () => {
  it('is acknowledged, and what becomes of it is told after that', async () => {
    const given = new GivenBybit();
    const client = given.listen('order', 'execution', 'wallet');
    const answer = await given.limit('Buy', '100', '1', { orderLinkId: 'a-1' });
    expect(answer).toMatchObject({ retCode: 0, retMsg: 'OK', result: { orderLinkId: 'a-1' } });
    expect(client.frames).toEqual([]);
    await given.clock.advance(1);
    expect(told(client, 'order')).toMatchObject([{ category: 'spot', orderId: id(answer), orderStatus: 'New', leavesQty: '1' }]);
    expect(told(client, 'order')[0]).not.toHaveProperty('tpslMode');
    expect(told(client, 'wallet')[0]?.coin).toContainEqual(
      expect.objectContaining({ coin: 'USDT', walletBalance: '100000', locked: '100' }),
    );
  });

  it('that takes several levels has its fills in one message, each with its own id and fee', async () => {
    const given = new GivenBybit();
    const client = given.listen('order', 'execution', 'execution.fast');
    await given.place({ side: 'Buy', orderType: 'Market', qty: '2', marketUnit: 'baseCoin' });
    await given.clock.advance(1);
    const executions = told(client, 'execution');
    expect(client.frames.filter(({ topic }) => topic === 'execution')).toHaveLength(1);
    expect(executions).toMatchObject([
      { execPrice: '101', execQty: '1', leavesQty: '1', execFee: '0.001', feeCurrency: 'BTC', execType: 'Trade', isMaker: false },
      { execPrice: '102', execQty: '1', leavesQty: '0', execValue: '102' },
    ]);
    expect(new Set(executions.map(({ execId }) => execId)).size).toBe(2);
    expect(told(client, 'execution.fast').map(({ execId }) => execId)).toEqual(executions.map(({ execId }) => execId));
    expect(told(client, 'order').map(({ orderStatus }) => orderStatus)).toEqual(['New', 'PartiallyFilled', 'Filled']);
    expect(told(client, 'order').at(-1)).toMatchObject({
      avgPrice: '101.5',
      cumExecValue: '203',
      cumFeeDetail: { BTC: '0.002' },
    });
    const { result } = await given.ask('GET', '/v5/execution/list', { category: 'spot' });
    // Of one millisecond the older comes first; a later one comes before both.
    expect(result.list?.map(({ execId }) => execId)).toEqual(executions.map(({ execId }) => execId));
    await given.place({ side: 'Sell', orderType: 'Market', qty: '0.5' });
    const later = (await given.ask('GET', '/v5/execution/list', { category: 'spot' })).result.list?.map(({ side }) => side);
    expect(later).toEqual(['Sell', 'Buy', 'Buy']);
  });

  it('at the market is sized in quote for a buy, in base for a sell, or as it says', async () => {
    const given = new GivenBybit();
    const market = (side: string, qty: string, more = {}) => given.place({ side, orderType: 'Market', qty, ...more });
    await market('Buy', '50.5');
    await market('Sell', '0.25');
    await market('Sell', '50', { marketUnit: 'quoteCoin' });
    expect(given.account.orders.map(({ executed }) => executed)).toEqual([500_000_000_000n, 250_000_000_000n, 500_000_000_000n]);
    const { result } = await given.orders('history');
    expect(result.list?.map(({ qty, marketUnit, timeInForce }) => [qty, marketUnit, timeInForce])).toEqual([
      ['50', 'quoteCoin', 'IOC'],
      ['0.25', 'baseCoin', 'IOC'],
      ['50.5', 'quoteCoin', 'IOC'],
    ]);
  });

  it.each([
    ['post-only that would take', { price: '101', timeInForce: 'PostOnly' }, 'Cancelled', 'EC_PostOnlyWillTakeLiquidity'],
    ['IOC that takes nothing', { price: '100', timeInForce: 'IOC' }, 'Cancelled', 'EC_NoImmediateQtyToFill'],
    [
      'IOC that takes a part',
      { price: '101', qty: '2', timeInForce: 'IOC' },
      'PartiallyFilledCanceled',
      'EC_NoImmediateQtyToFill',
    ],
    ['FOK that cannot be whole', { price: '101', qty: '2', timeInForce: 'FOK' }, 'Cancelled', 'EC_NoEnoughQtyToFill'],
  ])('%s is acknowledged, and cancelled', async (_what, parameters, status, reason) => {
    const given = new GivenBybit();
    const client = given.listen('order.spot');
    expect((await given.limit('Buy', '101', '1', parameters)).retCode).toBe(0);
    await given.clock.advance(1);
    expect(told(client, 'order.spot').at(-1)).toMatchObject({ orderStatus: status, rejectReason: reason, leavesQty: '0' });
  });

  it('at the market without a book is acknowledged, and rejected', async () => {
    const given = new GivenBybit();
    given.change(
      [],
      [
        ['101', '0'],
        ['102', '0'],
        ['103', '0'],
      ],
    );
    const client = given.listen('order');
    expect((await given.place({ side: 'Buy', orderType: 'Market', qty: '50' })).retCode).toBe(0);
    await given.clock.advance(1);
    expect(statuses(client)).toEqual([['Rejected', 'EC_NoImmediateQtyToFill']]);
  });

  it('has a client id that is never free again, and one of its own where it was sent none', async () => {
    const given = new GivenBybit();
    await given.limit('Buy', '90', '1', { orderLinkId: 'one' });
    await given.cancel({ orderLinkId: 'one' });
    await given.clock.advance(10);
    expect((await given.limit('Buy', '90', '1', { orderLinkId: 'one' })).retCode).toBe(170141);
    expect(given.running.exchange.submissions.count('duplicate')).toBe(1);
    const [a, b] = [await given.limit('Buy', '90', '1'), await given.limit('Buy', '90', '1')];
    expect(a.result.orderLinkId).not.toBe(b.result.orderLinkId);
  });

  it('is cancelled some time after the acknowledgement, and once', async () => {
    const given = new GivenBybit();
    const client = given.listen('order');
    const placed = await given.limit('Buy', '90', '1');
    await given.clock.advance(1);
    expect((await given.cancel({ orderId: id(placed) })).retCode).toBe(0);
    await given.clock.advance(1);
    expect(statuses(client)).toEqual([['New', 'EC_NoError']]);
    await given.clock.advance(10);
    expect(told(client, 'order').at(-1)).toMatchObject({
      orderStatus: 'Cancelled',
      cancelType: 'CancelByUser',
      rejectReason: 'EC_PerCancelRequest',
    });
    expect((await given.cancel({ orderId: id(placed) })).retCode).toBe(170142);
    expect((await given.cancel({ orderId: '1' })).retCode).toBe(170213);
    expect((await given.cancel({})).retCode).toBe(10001);
    const filled = await given.limit('Buy', '101', '1');
    expect((await given.cancel({ orderId: id(filled) })).retCode).toBe(170139);
  });

  it('goes over a socket: signed once, each request with a time and an id of its own', async () => {
    const given = new GivenBybit();
    const client = given.logOn('/v5/trade');
    expect(client.frames).toMatchObject([{ retCode: 0, op: 'auth' }]);
    const order = { category: 'spot', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Limit', price: '90', qty: '1' };
    const say = async (message: Record<string, unknown>): Promise<Record<string, unknown> | undefined> => {
      const header = { 'X-BAPI-TIMESTAMP': String(given.clock.now()) };
      client.say({ header, op: 'order.create', args: [order], ...message });
      await given.clock.advance(1);
      return client.frames.at(-1);
    };
    expect(await say({ reqId: '1' })).toMatchObject({
      reqId: '1',
      retCode: 0,
      op: 'order.create',
      data: { orderId: expect.any(String) },
      header: { 'X-Bapi-Limit': '20', 'X-Bapi-Limit-Status': '19' },
    });
    expect(await say({ reqId: '1' })).toMatchObject({ reqId: '1', retCode: 20006 });
    expect(await say({ op: 'order.nothing' })).toMatchObject({ retCode: 10404 });
    expect(await say({ args: [{ ...order, category: 'linear' }] })).toMatchObject({ retCode: 10404 });
    expect(await say({ header: { 'X-BAPI-TIMESTAMP': String(given.clock.now() - 5001) } })).toMatchObject({ retCode: 10002 });
    expect(await say({ args: [{ ...order, qty: '81', price: '5000' }] })).toMatchObject({ retCode: 170131, data: {} });
    expect(await say({ op: 'order.cancel', args: [{ ...order, orderId: '1' }] })).toMatchObject({ retCode: 170213 });
    expect(given.account.orders).toHaveLength(1);
    const other = new Client(given.running.venue, '/v5/trade');
    other.say({ op: 'order.create', args: [order] });
    await given.clock.advance(1);
    expect(other.frames).toMatchObject([{ retCode: 10003 }]);
    client.say({ op: 'auth', args: [] });
    await given.clock.advance(1);
    expect(client.frames.at(-1)).toMatchObject({ retCode: 20001 });
  });
});

describe('reads', () => {
  it('know open orders, closed ones by id, and the closed of late where they are asked for', async () => {
    const given = new GivenBybit();
    const open = await given.limit('Buy', '90', '1');
    const filled = await given.limit('Buy', '101', '1');
    const ids = async (path: 'realtime' | 'history', more = {}): Promise<unknown[]> =>
      ((await given.orders(path, more)).result.list ?? []).map(({ orderId }) => orderId);
    expect(await ids('realtime')).toEqual([id(open)]);
    expect(await ids('realtime', { openOnly: '1' })).toEqual([id(filled)]);
    expect(await ids('realtime', { orderId: id(filled) })).toEqual([id(filled)]);
    expect(await ids('realtime', { symbol: 'NOUSDT' })).toEqual([]);
    for (const filter of ['StopOrder', 'tpslOrder', 'OcoOrder'])
      expect(await ids('realtime', { orderFilter: filter })).toEqual([]);
    expect(await ids('history')).toEqual([id(filled)]);
    expect(await ids('history', { orderStatus: 'Cancelled' })).toEqual([]);
    expect(await given.ask('GET', '/v5/order/realtime', { category: 'linear' })).toMatchObject({ retCode: 10001 });
    for (const path of ['/v5/order/realtime', '/v5/order/history', '/v5/execution/list', '/v5/position/list']) {
      expect((await given.ask('GET', path, { category: 'linear', settleCoin: 'USDT' })).result.list).toEqual([]);
    }
  });

  it('forget cancels without a fill after a day, and take seven days at most', async () => {
    const given = new GivenBybit();
    // A week has many seconds, and nothing is to happen in them.
    given.running.stop();
    await given.limit('Buy', '90', '1', { orderLinkId: 'gone' });
    await given.limit('Buy', '101', '1', { orderLinkId: 'kept' });
    await given.cancel({ orderLinkId: 'gone' });
    const start = given.clock.now();
    await given.clock.advance(60_000);
    expect((await given.orders('history')).result.list).toHaveLength(2);
    await given.clock.advance(24 * 3_600_000);
    expect((await given.orders('history')).result.list?.map(({ orderLinkId }) => orderLinkId)).toEqual(['kept']);
    await given.clock.advance(7 * 24 * 3_600_000);
    expect((await given.orders('history')).result.list).toEqual([]);
    expect((await given.orders('history', { orderLinkId: 'kept' })).result.list).toHaveLength(1);
    expect((await given.orders('history', { startTime: String(start) })).result.list).toHaveLength(1);
    expect((await given.orders('history', { startTime: String(start), endTime: String(given.clock.now()) })).retCode).toBe(10001);
  });

  it('give a page, and the next with its cursor, as it came or decoded', async () => {
    const given = new GivenBybit();
    for (let count = 0; count < 5; count += 1) await given.limit('Buy', `9${count}`, '1', { orderLinkId: `o-${count}` });
    const page = async (cursor?: string): Promise<[unknown[], string]> => {
      const { result } = await given.orders('realtime', { limit: '2', ...(cursor === undefined ? {} : { cursor }) });
      return [(result.list ?? []).map(({ orderLinkId }) => orderLinkId), String(result.nextPageCursor)];
    };
    const [first, cursor] = await page();
    const [second, next] = await page(cursor);
    expect([first, second, await page(decodeURIComponent(next))]).toEqual([
      ['o-4', 'o-3'],
      ['o-2', 'o-1'],
      [['o-0'], ''],
    ]);
    expect((await given.orders('realtime', { cursor: 'x' })).retCode).toBe(10001);
  });
});

describe('a private connection', () => {
  it('says nothing before it has authenticated, nor of other accounts', async () => {
    const given = new GivenBybit();
    const stranger = new Client(given.running.venue, '/v5/private');
    stranger.say({ op: 'subscribe', args: ['order'] });
    expect(stranger.frames).toMatchObject([{ success: false, ret_msg: 'Request not authorized' }]);
    expect(given.logOn('/v5/private', 'simulator-key', 'wrong').frames).toMatchObject([{ success: false, op: 'auth' }]);
    const expired = new Client(given.running.venue, '/v5/private');
    const at = given.clock.now();
    expired.say({ op: 'auth', args: ['simulator-key', at, hmac('simulator-secret', `GET/realtime${at}`)] });
    expect(expired.frames).toMatchObject([{ success: false }]);
    const other = given.logOn('/v5/private', 'simulator-other');
    other.say({ op: 'subscribe', args: ['order', 'wallet'] });
    other.frames.length = 0;
    await given.limit('Buy', '90', '1');
    await given.clock.advance(1);
    expect([other.frames, stranger.frames.length]).toEqual([[], 1]);
  });

  it('takes topics of one kind in one request, and knows which there are', () => {
    const client = new GivenBybit().logOn('/v5/private');
    const subscribe = (...args: string[]): unknown => {
      client.say({ op: 'subscribe', args });
      return client.frames.at(-1)?.success;
    };
    expect([subscribe('order', 'order.spot'), subscribe('nothing'), subscribe('order', 'execution', 'wallet')]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('ends with its key', () => {
    const given = new GivenBybit();
    const [client, trading] = [given.listen('order'), given.logOn('/v5/trade')];
    given.faults.inject({ kind: 'revoke-key', key: 'simulator-key' });
    expect([client.isOpen, trading.isOpen]).toEqual([false, false]);
    expect(given.logOn('/v5/private').frames).toMatchObject([{ success: false, ret_msg: 'API key is invalid.' }]);
  });
});
