import { describe, expect, it } from 'vitest';
import { amount, parseAmount } from '../../../exchange-simulator/core/amount.ts';
import { BTC, OkxGiven, order, SWAP } from './given.ts';

const HOUR = 3600_000;

describe('a signed request', () => {
  const path = '/api/v5/account/balance';
  const code = async (headers: Readonly<Record<string, string>>): Promise<unknown[]> => {
    const given = new OkxGiven();
    const { status, code: said } = await given.signed('GET', path, '', headers);
    return [status, said];
  };

  it.each([
    ['an empty key', { 'ok-access-key': '' }, 50103],
    ['an empty passphrase', { 'ok-access-passphrase': '' }, 50104],
    ['an empty signature', { 'ok-access-sign': '' }, 50106],
    ['an empty timestamp', { 'ok-access-timestamp': '' }, 50107],
    ['an unknown key', { 'ok-access-key': 'nobody' }, 50111],
    ['a timestamp that is none', { 'ok-access-timestamp': '1767571200' }, 50112],
    ['a wrong passphrase', { 'ok-access-passphrase': 'wrong' }, 50105],
    ['a wrong signature', { 'ok-access-sign': 'AAAA' }, 50113],
  ])('with %s is refused', async (_what, headers, expected) => {
    expect(await code(headers)).toEqual([401, String(expected)]);
  });

  it('lives for 30 seconds, and may be as far ahead', async () => {
    const given = new OkxGiven();
    const at = async (offset: number) =>
      (await given.signed('GET', path, '', { 'ok-access-timestamp': new Date(given.clock.now() + offset).toISOString() })).code;
    expect([await at(-30_000), await at(-30_001), await at(30_000), await at(30_001)]).toEqual(['0', '50102', '0', '50102']);
  });

  it('needs the permission of its key', async () => {
    const given = new OkxGiven();
    const as = { 'ok-access-key': 'simulator-read' };
    expect((await given.limit('buy', '99', '1', {}, as)).code).toBe('50120');
    const { data } = await given.signed('GET', '/api/v5/account/config', '', as);
    expect(data[0]).toMatchObject({ perm: 'read_only', acctLv: '1' });
    const { data: other } = await given.signed('GET', '/api/v5/account/config', '', { 'ok-access-key': 'simulator-withdraw' });
    expect(other[0]?.perm).toBe('read_only,trade,withdraw');
  });

  it('to an unknown path, or without JSON, is refused', async () => {
    const given = new OkxGiven();
    expect((await given.get('/api/v5/nothing')).status).toBe(404);
    expect(await given.signed('POST', '/api/v5/trade/order', '{')).toMatchObject({ status: 400, code: '50002' });
  });

  it('counts with others of its kind: 10 balances of an account, 60 orders of an account and an instrument in 2 s', async () => {
    const given = new OkxGiven();
    const limited = { status: 429, code: '50011' };
    for (let count = 0; count < 10; count += 1) expect((await given.read(path)).code).toBe('0');
    expect(await given.read(path)).toMatchObject(limited);
    for (let count = 0; count < 60; count += 1) expect((await given.limit('buy', '99', '0.001')).code).toBe('0');
    expect(await given.limit('buy', '99', '0.001')).toMatchObject(limited);
    const user = given.user();
    user.say({
      id: '1',
      op: 'order',
      args: [{ instIdCode: 10_456, tdMode: 'cash', side: 'buy', ordType: 'limit', px: '99', sz: '1' }],
    });
    await given.clock.advance(0);
    expect(user.frames).toMatchObject([{ id: '1', op: 'order', code: '50011', data: [] }]);
    await given.clock.advance(2000);
    expect((await given.limit('buy', '99', '0.001')).code).toBe('0');
    expect((await given.read(path)).code).toBe('0');
  });
});

describe('an order', () => {
  it.each([
    ['off the tick', { px: '99.01', sz: '1' }, 51150],
    ['above the highest price of buys', { px: '105.6', sz: '1' }, 51137],
    ['off the lot', { px: '99', sz: '1.000000001' }, 51121],
    ['below the least size', { px: '99', sz: '0.000009' }, 51020],
    ['worth too much', { px: '99', sz: '300000' }, 51203],
    ['for more than there is', { px: '99', sz: '1011' }, 51008],
    ['with a client id that is none', { px: '99', sz: '1', clOrdId: 'a-1' }, 51000],
    ['with a client id that is too long', { px: '99', sz: '1', clOrdId: 'a'.repeat(33) }, 51000],
    ['without a price', { sz: '1' }, 50014],
    ['on margin', { px: '99', sz: '1', tdMode: 'cross' }, 51010],
    ['of a swap', { px: '99', sz: '1', instId: SWAP }, 51010],
    ['of an unknown instrument', { px: '99', sz: '1', instId: 'BTC-EUR' }, 51001],
    ['of an unknown type', { px: '99', sz: '1', ordType: 'stop' }, 51000],
  ])('%s is refused, in an answer that looks well', async (_what, terms, expected) => {
    const given = new OkxGiven();
    const answer = await given.place({ side: 'buy', ordType: 'limit', ...terms });
    expect([answer.status, answer.code, answer.data[0]?.ordId, answer.data[0]?.sCode]).toEqual([200, '1', '', String(expected)]);
    expect(given.account.orders).toEqual([]);
  });

  it('below the lowest price of sells is refused', async () => {
    expect(order(await new OkxGiven().limit('sell', '95.4', '1'))).toEqual([
      '51138',
      'The lowest price limit for sell orders is 95.5.',
    ]);
  });

  it('of a client id that is pending is refused; of one that is filled it is accepted, and so buys twice', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1', { clOrdId: 'one' });
    expect(order(await given.limit('buy', '99', '1', { clOrdId: 'one' }))[0]).toBe('51016');
    expect(given.running.exchange.submissions.count('duplicate')).toBe(1);
    given.trade('98', '1', true);
    expect(order(await given.limit('buy', '99', '2', { clOrdId: 'one' }))[0]).toBe('0');
    expect(given.running.exchange.submissions.acceptedTwice()).toEqual(['one']);
    // Of one client id the latest order is the one that reads know.
    const { data } = await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=one`);
    expect(data[0]).toMatchObject({ sz: '2', state: 'live' });
  });

  it('without a client id shows none, and is no duplicate of another', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1');
    expect(order(await given.limit('buy', '99', '1'))[0]).toBe('0');
    const { data } = await given.read('/api/v5/trade/orders-pending');
    expect(data.map(({ clOrdId }) => clOrdId)).toEqual(['', '']);
  });

  it.each([
    ['post_only', '101', '31'],
    ['ioc', '100.5', '14'],
    ['fok', '101', '13'],
  ])('of type %s that cannot be had is accepted, and ends with its reason', async (ordType, px, cancelSource) => {
    const given = new OkxGiven();
    expect(order(await given.place({ side: 'buy', ordType, px, sz: '1.5' }))).toEqual(['0', 'Order placed']);
    const { data } = await given.read('/api/v5/trade/orders-history', 'instType=SPOT');
    expect(data).toMatchObject([{ state: 'canceled', ordType, cancelSource, accFillSz: '0' }]);
  });

  it('that buys at the market counts USDT, unless it says otherwise', async () => {
    const given = new OkxGiven();
    await given.place({ side: 'buy', ordType: 'market', sz: '50.5' });
    await given.place({ side: 'buy', ordType: 'market', sz: '0.5', tgtCcy: 'base_ccy' });
    await given.place({ side: 'sell', ordType: 'market', sz: '0.5' });
    const { data } = await given.read('/api/v5/trade/orders-history', 'instType=SPOT');
    expect(data.map(({ sz, tgtCcy, accFillSz, state }) => [sz, tgtCcy, accFillSz, state])).toEqual([
      ['0.5', 'base_ccy', '0.5', 'filled'],
      ['0.5', 'base_ccy', '0.5', 'filled'],
      ['50.5', 'quote_ccy', '0.5', 'filled'],
    ]);
  });

  it('that buys for more than there is becomes smaller, and is refused with banAmend', async () => {
    const given = new OkxGiven();
    given.account.balance('USDT').free = amount('40.4');
    const buy = (more: object) => given.place({ side: 'buy', ordType: 'market', ...more });
    expect(order(await buy({ sz: '60', banAmend: true }))[0]).toBe('51008');
    expect(order(await buy({ sz: '0.6', tgtCcy: 'base_ccy', banAmend: true }))[0]).toBe('51008');
    expect(given.account.orders).toEqual([]);
    expect(order(await buy({ sz: '60' }))[0]).toBe('0');
    const { data } = await given.read('/api/v5/trade/orders-history', 'instType=SPOT');
    expect(data).toMatchObject([{ sz: '40.4', accFillSz: '0.4', state: 'filled' }]);
    given.account.balance('USDT').free = amount('20.2');
    expect(order(await buy({ sz: '0.6', tgtCcy: 'base_ccy' }))[0]).toBe('0');
    expect(given.account.orders.at(-1)?.executed).toBe(amount('0.2'));
  });

  it('after its expTime is refused and counted as late; a cancel has none', async () => {
    const given = new OkxGiven();
    const at = (offset: number) => ({ exptime: String(given.clock.now() + offset) });
    expect(await given.limit('buy', '99', '1', { clOrdId: 'late' }, at(-1))).toMatchObject({
      status: 200,
      code: '50036',
      data: [],
    });
    expect(given.running.exchange.submissions.all).toMatchObject([{ outcome: 'late', clientId: 'late', account: 1 }]);
    expect((await given.limit('buy', '99', '1', { clOrdId: 'intime' }, at(0))).code).toBe('0');
    const cancel = JSON.stringify({ instId: BTC, clOrdId: 'intime' });
    expect((await given.signed('POST', '/api/v5/trade/cancel-order', cancel, at(-1))).code).toBe('0');
  });

  it('of a batch that partly fails is answered 2, and each says its own', async () => {
    const given = new OkxGiven();
    const terms = { instId: BTC, tdMode: 'cash', side: 'buy', ordType: 'limit', px: '99' };
    const batch = (...orders: object[]) => given.signed('POST', '/api/v5/trade/batch-orders', JSON.stringify(orders));
    const answer = await batch({ ...terms, sz: '1', clOrdId: 'a' }, { ...terms, sz: '0', clOrdId: 'b' });
    expect([answer.code, answer.data.map(({ clOrdId, sCode }) => [clOrdId, sCode])]).toEqual([
      '2',
      [
        ['a', '0'],
        ['b', '51000'],
      ],
    ]);
    expect((await batch({ ...terms, sz: '0' }, { ...terms, sz: '0' })).code).toBe('1');
    expect((await batch(...Array.from({ length: 21 }, () => terms))).code).toBe('51111');
  });

  it('that is cancelled, filled or unknown cannot be cancelled, and one answer says so of all', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1', { clOrdId: 'a' });
    expect(order(await given.cancel({ clOrdId: 'a' }))[0]).toBe('0');
    await given.limit('buy', '101', '1', { clOrdId: 'b' });
    for (const clOrdId of ['a', 'b', 'c']) expect(order(await given.cancel({ clOrdId }))[0]).toBe('51400');
    expect(order(await given.cancel({}))[0]).toBe('51407');
    const { data } = await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=a`);
    expect(data).toMatchObject([{ state: 'canceled', cancelSource: '1' }]);
  });

  it('of a tag is cancelled when nobody renews its countdown, and others stay', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1', { clOrdId: 'ours', tag: 'tape' });
    await given.limit('buy', '99', '1', { clOrdId: 'theirs' });
    const renew = (timeOut: string) =>
      given.signed('POST', '/api/v5/trade/cancel-all-after', JSON.stringify({ timeOut, tag: 'tape' }));
    expect((await renew('9')).code).toBe('51000');
    await given.clock.advance(1000);
    expect((await renew('10')).data).toMatchObject([{ triggerTime: String(given.clock.now() + 10_000), tag: 'tape' }]);
    await given.clock.advance(9000);
    await renew('10');
    await given.clock.advance(9999);
    expect(given.account.openOrders()).toHaveLength(2);
    await given.clock.advance(1);
    expect(given.account.openOrders().map(({ request }) => request.clientId)).toEqual(['theirs']);
    const { data } = await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=ours`);
    expect(data[0]?.cancelSource).toBe('20');
  });
});

describe('what is read back', () => {
  it('are orders and fills, newest first, page by page, with ids that no number holds', async () => {
    const given = new OkxGiven();
    for (const sz of ['0.1', '0.2', '0.3']) await given.limit('buy', '101', sz);
    const { data: orders } = await given.read('/api/v5/trade/orders-history', 'instType=SPOT&limit=2');
    expect(orders.map(({ sz }) => sz)).toEqual(['0.3', '0.2']);
    const older = await given.read('/api/v5/trade/orders-history', `instType=SPOT&after=${orders[1]?.ordId}`);
    expect(older.data.map(({ sz }) => sz)).toEqual(['0.1']);
    const { data: fills } = await given.read('/api/v5/trade/fills', `instType=SPOT&instId=${BTC}`);
    expect(fills.map(({ fillSz, tradeId, ordId, execType }) => [fillSz, tradeId, ordId, execType])).toEqual([
      ['0.3', '3', orders[0]?.ordId, 'T'],
      ['0.2', '2', orders[1]?.ordId, 'T'],
      ['0.1', '1', older.data[0]?.ordId, 'T'],
    ]);
    const newer = await given.read('/api/v5/trade/fills-history', `instType=SPOT&before=${fills[1]?.billId}`);
    expect(newer.data.map(({ tradeId }) => tradeId)).toEqual(['3']);
    const ofOrder = await given.read('/api/v5/trade/fills', `ordId=${orders[1]?.ordId}`);
    expect(ofOrder.data).toMatchObject([{ tradeId: '2', fee: '-0.0002', feeCcy: 'BTC' }]);
    expect((await given.read('/api/v5/trade/fills', 'after=x')).code).toBe('51000');
  });

  it('are cancelled orders without a fill for two hours alone', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1', { clOrdId: 'gone' });
    await given.cancel({ clOrdId: 'gone' });
    await given.place({ side: 'buy', ordType: 'ioc', px: '101', sz: '1.5', clOrdId: 'kept' });
    await given.clock.advance(2 * HOUR);
    const known = async () => [
      (await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=gone`)).code,
      (await given.read('/api/v5/trade/orders-history-archive', 'instType=SPOT')).data.map(({ clOrdId }) => clOrdId),
    ];
    expect(await known()).toEqual(['0', ['kept', 'gone']]);
    await given.clock.advance(1);
    expect(await known()).toEqual(['51603', ['kept']]);
  });

  it('are orders of seven days, and fills of three, unless the longer routes are asked', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '101', '1');
    await given.clock.advance(3 * 24 * HOUR + 1);
    const count = async (route: string) => (await given.read(`/api/v5/trade/${route}`, 'instType=SPOT')).data.length;
    expect([await count('fills'), await count('fills-history'), await count('orders-history')]).toEqual([0, 1, 1]);
    await given.clock.advance(4 * 24 * HOUR);
    expect([await count('orders-history'), await count('orders-history-archive')]).toEqual([0, 1]);
  });

  it('are balances, fees and families of orders that nobody has', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1');
    const [balance] = (await given.read('/api/v5/account/balance', 'ccy=USDT')).data;
    expect(balance?.details).toMatchObject([{ ccy: 'USDT', availBal: '99901', frozenBal: '99', cashBal: '100000' }]);
    expect((await given.read('/api/v5/account/trade-fee', 'instType=SPOT')).data).toMatchObject([
      { maker: '-0.0008', taker: '-0.001' },
    ]);
    for (const path of ['trade/orders-algo-pending', 'account/positions', 'account/bills']) {
      expect(await given.read(`/api/v5/${path}`)).toMatchObject({ code: '0', data: [] });
    }
    expect((await given.read('/api/v5/trade/account-rate-limit')).data).toMatchObject([{ accRateLimit: '1000' }]);
  });
});

describe('market data over REST', () => {
  it('are instruments of spot and swap, with the code that orders need', async () => {
    const given = new OkxGiven();
    const of = async (type: string) => (await given.get('/api/v5/public/instruments', `instType=${type}`)).data;
    expect(await of('SPOT')).toMatchObject([
      { instId: BTC, instIdCode: 10_456, tickSz: '0.1', lotSz: '0.00000001', minSz: '0.00001', state: 'live' },
    ]);
    expect(await of('SWAP')).toMatchObject([
      { instId: SWAP, instIdCode: 10_459, ctVal: '0.01', settleCcy: 'USDT', ctType: 'linear' },
    ]);
    given.faults.inject({ kind: 'market-status', status: 'halted', forMs: 1000 });
    expect((await of('SPOT'))[0]?.state).toBe('suspend');
    expect(order(await given.limit('buy', '99', '1'))[0]).toBe('51022');
  });

  it('are books of one level unless more are asked for', async () => {
    const given = new OkxGiven();
    const books = async (query: string, route = 'books') =>
      (await given.get(`/api/v5/market/${route}`, `instId=${BTC}${query}`)).data[0];
    expect(await books('')).toMatchObject({ bids: [['100', '1', '0', '1']], asks: [['101', '1', '0', '1']] });
    expect((await books('&sz=2'))?.bids).toHaveLength(2);
    expect(await books('&sz=5000', 'books-full')).toMatchObject({
      bids: [
        ['100', '1', '1'],
        ['99', '1', '1'],
        ['98', '1', '1'],
      ],
    });
    expect((await given.get('/api/v5/market/books', 'instId=BTC-EUR')).code).toBe('51001');
  });

  it('are trades one by one, and pages of them by id', async () => {
    const given = new OkxGiven();
    for (const size of ['1', '2', '3']) given.trade('101', size, false);
    const ids = async (path: string, query = '') =>
      (await given.get(`/api/v5/market/${path}`, `instId=${BTC}${query}`)).data.map(({ tradeId, sz }) => [tradeId, sz]);
    expect(await ids('trades', '&limit=2')).toEqual([
      ['3', '3'],
      ['2', '2'],
    ]);
    expect(await ids('history-trades', '&after=3')).toEqual([
      ['2', '2'],
      ['1', '1'],
    ]);
    expect(await ids('history-trades', '&before=2')).toEqual([['3', '3']]);
    expect(await ids('history-trades', `&type=2&after=${given.clock.now()}`)).toEqual([]);
  });

  it('are candles, newest first; long ones begin with the day in Hong Kong unless they say utc', async () => {
    const given = new OkxGiven();
    given.trade('101', '2', false);
    const rows = async (path: string, query: string) =>
      (await given.get(`/api/v5/market/${path}`, `instId=${BTC}&${query}`)).data as unknown as string[][];
    const now = given.clock.now();
    expect((await rows('candles', 'bar=1m&limit=2'))[0]).toEqual([
      String(now),
      '101',
      '101',
      '101',
      '101',
      '2',
      '202',
      '202',
      '0',
    ]);
    const starts = async (path: string, query: string) => (await rows(path, query)).map(([start]) => Number(start) - now);
    const [minute, day] = [60_000, 24 * HOUR];
    expect(await starts('candles', `bar=1m&after=${now}&before=${now - 3 * minute}`)).toEqual([-minute, -2 * minute]);
    expect(await starts('candles', 'bar=1Dutc&limit=2')).toEqual([0, -day]);
    expect(await starts('candles', 'bar=1D&limit=2')).toEqual([-8 * HOUR, -8 * HOUR - day]);
    expect(await starts('candles', 'bar=6H&limit=2')).toEqual([-2 * HOUR, -8 * HOUR]);
    expect(await rows('candles', 'bar=1m&limit=500')).toHaveLength(300);
    expect(await rows('candles', `bar=1m&after=${now - 1440 * minute}`)).toEqual([]);
    expect(await rows('history-candles', `bar=1m&after=${now - 1440 * minute}&limit=300`)).toHaveLength(100);
    expect((await given.get('/api/v5/market/candles', `instId=${BTC}&bar=7m`)).code).toBe('51000');
    const closed = await rows('history-candles', 'bar=1H&limit=2');
    expect(closed.map((row) => row[8])).toEqual(['0', '1']);
  });

  it('are tickers, marks, the index, price limits, and funding rates that stay what they were', async () => {
    const given = new OkxGiven();
    const one = async (path: string, query: string) => (await given.get(`/api/v5/${path}`, query)).data[0];
    expect(await one('market/ticker', `instId=${BTC}`)).toMatchObject({ instType: 'SPOT', bidPx: '100', askPx: '101' });
    expect(await one('public/mark-price', `instType=SWAP&instId=${SWAP}`)).toMatchObject({ markPx: '100.5' });
    expect(await one('market/index-tickers', `instId=${BTC}`)).toMatchObject({ idxPx: '100.5' });
    expect(await one('public/price-limit', `instId=${BTC}`)).toMatchObject({ buyLmt: '105.5', sellLmt: '95.5' });
    const next = await one('public/funding-rate', `instId=${SWAP}`);
    expect(Number(next?.fundingTime)).toBe(given.clock.now() + 8 * HOUR);
    await given.clock.advance(8 * HOUR);
    const paid = await one('public/funding-rate-history', `instId=${SWAP}`);
    expect([paid?.fundingTime, paid?.realizedRate]).toEqual([next?.fundingTime, next?.fundingRate]);
    expect(parseAmount(String(paid?.realizedRate).replace('-', ''))).toBeLessThanOrEqual(amount('0.0003'));
    expect((await given.get('/api/v5/public/funding-rate', `instId=${BTC}`)).code).toBe('51001');
  });
});
