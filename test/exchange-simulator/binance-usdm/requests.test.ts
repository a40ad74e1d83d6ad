import { beforeEach, describe, expect, it } from 'vitest';
import { bodyOf, START } from '../given.ts';
import { GivenUsdm } from './given.ts';

const HOUR = 3_600_000;

let given: GivenUsdm;
beforeEach(() => {
  given = new GivenUsdm();
});

const list = async (path: string, query = ''): Promise<Record<string, unknown>[]> =>
  JSON.parse((await given.get(path, query)).body) as Record<string, unknown>[];

const code = async (path: string, query = ''): Promise<unknown[]> => {
  const answer = await given.get(path, query);
  return [answer.status, bodyOf(answer).code];
};

describe('a snapshot of the book', () => {
  it('has the last id, its times, and prices and quantities with the decimals of the contract', async () => {
    expect(bodyOf(await given.get('/fapi/v1/depth', 'symbol=BTCUSDT&limit=5'))).toEqual({
      lastUpdateId: 1000,
      E: START,
      T: START,
      bids: [
        ['100.00', '1.000'],
        ['99.00', '1.000'],
        ['98.00', '1.000'],
      ],
      asks: [
        ['101.00', '1.000'],
        ['102.00', '1.000'],
        ['103.00', '1.000'],
      ],
    });
  });

  it('has one of seven numbers of levels, and nothing between', async () => {
    for (const limit of [5, 10, 20, 50, 100, 500, 1000])
      expect(await code('/fapi/v1/depth', `symbol=BTCUSDT&limit=${limit}`)).toEqual([200, undefined]);
    for (const limit of [1, 400, 5000])
      expect(await code('/fapi/v1/depth', `symbol=BTCUSDT&limit=${limit}`)).toEqual([400, -4021]);
    expect(await code('/fapi/v1/depth')).toEqual([400, -1102]);
    expect(await code('/fapi/v1/depth', 'symbol=ETHUSDT')).toEqual([400, -1121]);
  });
});

describe('the weight of a request', () => {
  it.each([
    ['/fapi/v1/ping', '', 1],
    ['/fapi/v1/exchangeInfo', '', 1],
    ['/fapi/v1/depth', 'symbol=BTCUSDT&limit=50', 2],
    ['/fapi/v1/depth', 'symbol=BTCUSDT&limit=100', 5],
    ['/fapi/v1/depth', 'symbol=BTCUSDT', 10],
    ['/fapi/v1/depth', 'symbol=BTCUSDT&limit=1000', 20],
    ['/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=99', 1],
    ['/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=100', 2],
    ['/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m', 5],
    ['/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=1001', 10],
    ['/fapi/v1/trades', 'symbol=BTCUSDT', 5],
    ['/fapi/v1/historicalTrades', 'symbol=BTCUSDT', 200],
    ['/fapi/v1/aggTrades', 'symbol=BTCUSDT', 20],
    ['/fapi/v1/premiumIndex', 'symbol=BTCUSDT', 1],
    ['/fapi/v1/premiumIndex', '', 10],
    ['/fapi/v1/ticker/price', 'symbol=BTCUSDT', 1],
    ['/fapi/v2/ticker/price', '', 2],
    ['/fapi/v1/ticker/bookTicker', 'symbol=BTCUSDT', 2],
    ['/fapi/v1/ticker/bookTicker', '', 5],
  ])('of %s?%s is %i', async (path, query, weight) => {
    const answer = await given.get(path, query);
    expect([answer.status, answer.headers['x-mbx-used-weight-1m']]).toEqual([200, String(weight)]);
  });

  it('fits 2400 times into a minute: then comes 429, and 418 for who goes on', async () => {
    for (let count = 0; count < 120; count += 1)
      expect(await code('/fapi/v1/depth', 'symbol=BTCUSDT&limit=1000')).toEqual([200, undefined]);
    const refused = await given.get('/fapi/v1/time');
    expect([refused.status, bodyOf(refused).code, refused.headers['retry-after']]).toEqual([429, -1003, '60']);
    expect(bodyOf(refused).msg).toContain('current limit is 2400 requests per minute');
    for (let count = 0; count < 10; count += 1) await given.get('/fapi/v1/time');
    const banned = await given.get('/fapi/v1/time');
    expect([banned.status, bodyOf(banned).code, banned.headers['retry-after']]).toEqual([418, -1003, '120']);
    await given.clock.advance(120_000);
    expect(await code('/fapi/v1/time')).toEqual([200, undefined]);
  });
});

it('a request about funding weighs nothing, and is one of at most 500 in five minutes', async () => {
  for (let count = 0; count < 250; count += 1) {
    expect(await code('/fapi/v1/fundingRate', 'limit=1')).toEqual([200, undefined]);
    expect(await code('/fapi/v1/fundingInfo')).toEqual([200, undefined]);
  }
  const refused = await given.get('/fapi/v1/fundingInfo');
  expect([refused.status, refused.headers['retry-after'], refused.headers['x-mbx-used-weight-1m']]).toEqual([429, '300', '0']);
  expect(await code('/fapi/v1/time')).toEqual([200, undefined]);
  await given.clock.advance(300_000);
  expect(await code('/fapi/v1/fundingInfo')).toEqual([200, undefined]);
});

describe('a perpetual', () => {
  it('is listed with its grid and with the limits of the venue', async () => {
    const { symbols, rateLimits } = bodyOf(await given.get('/fapi/v1/exchangeInfo')) as {
      symbols: { filters: Record<string, unknown>[] }[];
      rateLimits: Record<string, unknown>[];
    };
    expect(symbols).toMatchObject([
      {
        symbol: 'BTCUSDT',
        contractType: 'PERPETUAL',
        status: 'TRADING',
        marginAsset: 'USDT',
        pricePrecision: 2,
        quantityPrecision: 3,
      },
    ]);
    expect(symbols[0]?.filters).toContainEqual({
      filterType: 'PRICE_FILTER',
      minPrice: '261.10',
      maxPrice: '809484.00',
      tickSize: '0.10',
    });
    expect(symbols[0]?.filters).toContainEqual({
      filterType: 'LOT_SIZE',
      minQty: '0.001',
      maxQty: '1000.000',
      stepSize: '0.001',
    });
    expect(rateLimits[0]).toMatchObject({ rateLimitType: 'REQUEST_WEIGHT', limit: 2400 });
  });

  it('has a mark price, an index below it by the rate that is paid next, and that time', async () => {
    const premium = bodyOf(await given.get('/fapi/v1/premiumIndex', 'symbol=BTCUSDT')) as Record<string, string>;
    expect(premium).toMatchObject({
      symbol: 'BTCUSDT',
      markPrice: '100.50000000',
      time: START,
      nextFundingTime: START + 8 * HOUR,
    });
    const { markPrice, indexPrice, lastFundingRate } = premium;
    expect(Number(markPrice) / Number(indexPrice) - 1).toBeCloseTo(Number(lastFundingRate), 9);
    expect(await list('/fapi/v1/premiumIndex')).toEqual([premium]);
  });

  it('has funding each eight hours, oldest first, and the rate that was announced is the one that is paid', async () => {
    const { lastFundingRate } = bodyOf(await given.get('/fapi/v1/premiumIndex', 'symbol=BTCUSDT'));
    const before = await list('/fapi/v1/fundingRate', 'symbol=BTCUSDT&limit=3');
    expect(before.map(({ fundingTime }) => fundingTime)).toEqual([START - 16 * HOUR, START - 8 * HOUR, START]);
    await given.clock.advance(8 * HOUR);
    const [paid] = await list('/fapi/v1/fundingRate', `symbol=BTCUSDT&startTime=${START + 1}`);
    expect(paid).toMatchObject({ symbol: 'BTCUSDT', fundingTime: START + 8 * HOUR, fundingRate: lastFundingRate });
    const between = `startTime=${START - 16 * HOUR}&endTime=${START - 1}`;
    expect(await list('/fapi/v1/fundingRate', `symbol=BTCUSDT&${between}`)).toEqual(before.slice(0, 2));
    expect(await list('/fapi/v1/fundingRate')).toHaveLength(200);
    expect(await list('/fapi/v1/fundingRate', 'startTime=1')).toHaveLength(100);
    expect(await list('/fapi/v1/fundingInfo')).toMatchObject([{ symbol: 'BTCUSDT', fundingIntervalHours: 8 }]);
  });

  it('has trades from an id on, aggregates of at most an hour, and bars of them', async () => {
    given.trade('101', '1', false);
    given.trade('101', '2', false);
    given.trade('100', '1', true);
    const [first, , last] = await list('/fapi/v1/trades', 'symbol=BTCUSDT');
    expect(first).toEqual({
      id: 1,
      price: '101.00',
      qty: '1.000',
      quoteQty: '101.00000',
      time: START,
      isBuyerMaker: false,
      isRPITrade: false,
    });
    expect(await list('/fapi/v1/historicalTrades', 'symbol=BTCUSDT&fromId=3')).toEqual([last]);
    const times = `startTime=${START}&endTime=${START + HOUR}`;
    expect(await list('/fapi/v1/aggTrades', `symbol=BTCUSDT&${times}`)).toEqual([
      { a: 1, p: '101.00', q: '3.000', nq: '3.000', f: 1, l: 2, T: START, m: false },
      { a: 2, p: '100.00', q: '1.000', nq: '1.000', f: 3, l: 3, T: START, m: true },
    ]);
    expect(await code('/fapi/v1/aggTrades', `symbol=BTCUSDT&${times}0`)).toEqual([400, -1127]);
    const bars = (await list('/fapi/v1/klines', `symbol=BTCUSDT&interval=1m&startTime=${START}`)) as unknown[];
    expect(bars).toEqual([
      [START, '101.00', '101.00', '100.00', '100.00', '4.000', START + 59_999, '403.00000', 3, '3.000', '303.00000', '0'],
    ]);
    expect(await list('/fapi/v1/klines', 'symbol=BTCUSDT&interval=1d&limit=1500')).toHaveLength(1500);
  });

  it('has aggregates of the last two days alone', async () => {
    given.trade('101', '1', false);
    await given.clock.advance(48 * HOUR);
    expect(await list('/fapi/v1/aggTrades', 'symbol=BTCUSDT')).toHaveLength(1);
    await given.clock.advance(1);
    expect(await list('/fapi/v1/aggTrades', 'symbol=BTCUSDT')).toEqual([]);
  });

  it('has best prices and a last price', async () => {
    given.trade('101', '1', false);
    expect(bodyOf(await given.get('/fapi/v1/ticker/bookTicker', 'symbol=BTCUSDT'))).toEqual({
      lastUpdateId: 1000,
      symbol: 'BTCUSDT',
      bidPrice: '100.00',
      bidQty: '1.000',
      askPrice: '101.00',
      askQty: '1.000',
      time: START,
    });
    expect(await list('/fapi/v2/ticker/price')).toEqual([{ symbol: 'BTCUSDT', price: '101.00', time: START }]);
  });

  it('takes no order: its routes are no part of this venue', async () => {
    const request = { path: '/fapi/v1/order', query: '', headers: {}, body: 'symbol=BTCUSDT', address: 'a' };
    const answer = await given.running.venue.request({ method: 'POST', ...request });
    expect([answer.status, bodyOf(answer)]).toEqual([404, { code: -5000, msg: 'Path /fapi/v1/order, Method POST is invalid' }]);
  });
});
