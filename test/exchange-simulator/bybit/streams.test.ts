import { describe, expect, it } from 'vitest';
import { bookState } from '../../../exchange-simulator/exchange/state.ts';
import { Book } from '../../../exchange-simulator/market/book.ts';
import type { Level } from '../../../exchange-simulator/market/market-event.ts';
import { Client, levels } from '../given.ts';
import { GivenBybit, told } from './given.ts';

interface DepthData {
  readonly b: readonly (readonly [string, string])[];
  readonly a: readonly (readonly [string, string])[];
  readonly u: number;
  readonly seq: number;
}

/** Type, update id and levels of each frame of a depth. */
const depths = (client: Client, topic: string): unknown[] =>
  client.frames
    .filter((frame) => frame.topic === topic)
    .map(({ type, data }) => [type, (data as DepthData).u, (data as DepthData).b, (data as DepthData).a]);

const FIRST = 18_521_288;
const WHOLE = [
  [
    ['100', '1'],
    ['99', '1'],
    ['98', '1'],
  ],
  [
    ['101', '1'],
    ['102', '1'],
    ['103', '1'],
  ],
];

describe('a depth', () => {
  it('begins with a snapshot, and counts its own changes by one', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.50.BTCUSDT');
    expect(client.frames[0]).toMatchObject({ success: true, op: 'subscribe', ret_msg: 'subscribe' });
    for (const change of [
      [['100', '2']],
      [
        ['99', '0'],
        ['97.5', '3'],
      ],
    ] as [string, string][][]) {
      await given.clock.advance(100);
      given.change(change, []);
    }
    expect(depths(client, 'orderbook.50.BTCUSDT')).toEqual([
      ['snapshot', FIRST, ...WHOLE],
      ['delta', FIRST + 1, [['100', '2']], []],
      [
        'delta',
        FIRST + 2,
        [
          ['99', '0'],
          ['97.5', '3'],
        ],
        [],
      ],
    ]);
    expect(client.frames.at(-1)).toMatchObject({ cts: given.clock.now(), data: { s: 'BTCUSDT', seq: given.spot.book.lastId } });
  });

  it('says nothing of what lies deeper, deletes what sinks below it, and shows what rises into it', async () => {
    const given = new GivenBybit();
    const deep = Array.from({ length: 60 }, (_, index): [string, string] => [`${90 - index / 10}`, '1']);
    given.change(deep, []);
    const client = given.follow('spot', 'orderbook.50.BTCUSDT');
    await given.clock.advance(100);
    // 100, 99, 98 and 47 of the 60: the last is 85.4.
    given.change([['84', '5']], []);
    await given.clock.advance(100);
    given.change([['99.5', '1']], []);
    await given.clock.advance(100);
    given.change([['99.5', '0']], []);
    expect(depths(client, 'orderbook.50.BTCUSDT').slice(1)).toEqual([
      [
        'delta',
        FIRST + 1,
        [
          ['85.4', '0'],
          ['99.5', '1'],
        ],
        [],
      ],
      [
        'delta',
        FIRST + 2,
        [
          ['99.5', '0'],
          ['85.4', '1'],
        ],
        [],
      ],
    ]);
  });

  it('of 200 levels puts changes of 200 ms together', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.200.BTCUSDT');
    for (const size of ['2', '3', '4']) {
      await given.clock.advance(60);
      given.change([['100', size]], []);
    }
    expect(depths(client, 'orderbook.200.BTCUSDT')).toHaveLength(1);
    await given.clock.advance(20);
    expect(depths(client, 'orderbook.200.BTCUSDT').slice(1)).toEqual([['delta', FIRST + 1, [['100', '4']], []]]);
  });

  it('of level 1 sends snapshots alone, the same one again after three seconds without a change', async () => {
    const given = new GivenBybit();
    const topic = 'orderbook.1.BTCUSDT';
    const client = given.follow('spot', topic);
    await given.clock.advance(2999);
    expect(depths(client, topic)).toHaveLength(1);
    await given.clock.advance(1);
    given.change([['99', '5']], []);
    given.change([['100', '5']], []);
    expect(depths(client, topic)).toEqual([
      ['snapshot', FIRST, [['100', '1']], [['101', '1']]],
      ['snapshot', FIRST, [['100', '1']], [['101', '1']]],
    ]);
    await given.clock.advance(10);
    expect(depths(client, topic).at(-1)).toEqual(['snapshot', FIRST + 1, [['100', '5']], [['101', '1']]]);
  });

  it('is of spot or of linear: two markets of one name', async () => {
    const given = new GivenBybit();
    const [spot, linear] = [given.follow('spot', 'orderbook.50.BTCUSDT'), given.follow('linear', 'orderbook.50.BTCUSDT')];
    await given.clock.advance(100);
    given.change([['100', '7']], []);
    expect([depths(spot, 'orderbook.50.BTCUSDT').length, depths(linear, 'orderbook.50.BTCUSDT').length]).toEqual([2, 1]);
    expect(linear.frames[0]).toMatchObject({ ret_msg: '' });
  });

  it('has its id and its book in the answer of REST', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.1000.BTCUSDT');
    await given.clock.advance(500);
    given.change([['100', '2']], []);
    const answer = await given.read('/v5/market/orderbook', 'category=spot&symbol=BTCUSDT&limit=2');
    expect(answer).toMatchObject({
      u: FIRST + 1,
      seq: 1001,
      b: [
        ['100', '2'],
        ['99', '1'],
      ],
    });
    expect(depths(client, 'orderbook.1000.BTCUSDT').at(-1)).toEqual(['delta', FIRST + 1, [['100', '2']], []]);
    expect((await given.read('/v5/market/orderbook', 'category=spot&symbol=BTCUSDT')).b).toEqual([['100', '2']]);
  });

  it('begins again at 1 on a live connection, with all levels or without any', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.50.BTCUSDT');
    given.faults.inject({ kind: 'reset-books', isEmpty: false });
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    given.faults.inject({ kind: 'reset-books', isEmpty: true });
    await given.clock.advance(100);
    given.change([['100', '3']], []);
    expect(depths(client, 'orderbook.50.BTCUSDT').slice(1)).toEqual([
      ['snapshot', 1, ...WHOLE],
      ['delta', 2, [['100', '2']], []],
      ['snapshot', 1, [], []],
      [
        'delta',
        2,
        [
          ['100', '3'],
          ['99', '1'],
          ['98', '1'],
        ],
        WHOLE[1],
      ],
    ]);
  });
});

describe('the full book', () => {
  it('sends deltas alone: with the snapshot of REST they make the book', async () => {
    const given = new GivenBybit(true, 5);
    const topic = 'orderbook.full.BTCUSDT';
    const client = given.follow('spot', topic);
    await given.clock.advance(2000);
    const snapshot = (await given.read('/v5/market/full_orderbook', 'category=spot&symbol=BTCUSDT')) as unknown as DepthData;
    await given.clock.advance(2000);
    const read = (raw: DepthData['b']): Level[] => levels(...raw);
    const book = new Book();
    book.replace(read(snapshot.b), read(snapshot.a), snapshot.seq);
    const frames = client.frames.filter((frame) => frame.topic === topic);
    expect(new Set(frames.map(({ type }) => type))).toEqual(new Set(['delta']));
    let { u } = snapshot;
    for (const { data } of frames as unknown as { data: DepthData }[]) {
      if (data.seq < snapshot.seq || data.u < u) continue;
      expect([u, u + 1]).toContain(data.u);
      book.change(read(data.b), read(data.a), data.seq);
      u = data.u;
    }
    expect(u).toBeGreaterThan(snapshot.u);
    expect(bookState(book)).toEqual(bookState(given.spot.bookAt(book.lastId) as Book));
    given.running.stop();
  });

  it('says u=1 without levels where it begins again, and is none of linear', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.full.BTCUSDT');
    given.faults.inject({ kind: 'reset-books', isEmpty: true });
    expect(depths(client, 'orderbook.full.BTCUSDT')).toEqual([['delta', 1, [], []]]);
    expect(await given.read('/v5/market/full_orderbook', 'category=spot&symbol=BTCUSDT')).toMatchObject({ u: 1, b: [], a: [] });
    expect(given.follow('linear', 'orderbook.full.BTCUSDT').frames).toMatchObject([{ success: false }]);
  });
});

describe('public topics', () => {
  it('put trades of one moment into one message, with ids that do not count', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'publicTrade.BTCUSDT');
    given.trade('101', '0.5', false);
    given.trade('100', '0.25', true);
    await given.clock.advance(1);
    const trades = told(client, 'publicTrade.BTCUSDT');
    expect(client.frames).toHaveLength(2);
    expect(trades).toMatchObject([
      { s: 'BTCUSDT', S: 'Buy', p: '101', v: '0.5', BT: false },
      { S: 'Sell', p: '100', v: '0.25', seq: trades[0]?.seq },
    ]);
    expect(BigInt(String(trades[1]?.i)) - BigInt(String(trades[0]?.i))).toBeGreaterThan(1n);
    const { list } = await given.read('/v5/market/recent-trade', 'category=spot&symbol=BTCUSDT&limit=1000');
    expect(list?.map(({ execId }) => execId)).toEqual([trades[1]?.i, trades[0]?.i]);
  });

  it('close a bar once, and say what REST says', async () => {
    const given = new GivenBybit(true, 2);
    const client = given.follow('spot', 'kline.1.BTCUSDT');
    await given.clock.advance(130_000);
    const closed = told(client, 'kline.1.BTCUSDT').filter(({ confirm }) => confirm === true);
    expect(closed.map(({ start }) => start)).toEqual([Date.UTC(2026, 0, 5), Date.UTC(2026, 0, 5, 0, 1)]);
    const { list } = await given.read(
      '/v5/market/kline',
      `category=spot&symbol=BTCUSDT&interval=1&start=${Date.UTC(2026, 0, 5)}&limit=2`,
    );
    const rows = closed.map(({ start, open, high, low, close, volume, turnover }) =>
      [start, open, high, low, close, volume, turnover].map(String),
    );
    expect(list).toEqual(rows.reverse());
    given.running.stop();
  });

  it('send what changed of a derivative: mark, index and funding among it', async () => {
    const given = new GivenBybit(true, 3);
    const client = given.follow('linear', 'tickers.BTCUSDT');
    await given.clock.advance(2000);
    const [first, ...others] = client.frames.filter(({ topic }) => topic === 'tickers.BTCUSDT');
    expect(first).toMatchObject({ type: 'snapshot', data: { symbol: 'BTCUSDT', fundingRate: '0.0001' } });
    expect(first?.data).toHaveProperty('markPrice');
    expect(others.every(({ type }) => type === 'delta')).toBe(true);
    expect(Object.keys(others.at(-1)?.data ?? {}).length).toBeLessThan(Object.keys(first?.data ?? {}).length);
    const history = await given.read('/v5/market/funding/history', 'category=linear&symbol=BTCUSDT&limit=2');
    expect(history.list?.map(({ fundingRateTimestamp }) => Number(fundingRateTimestamp))).toEqual([
      Date.UTC(2026, 0, 5),
      Date.UTC(2026, 0, 4, 16),
    ]);
    given.running.stop();
  });

  it.each([
    ['of a symbol that does not exist', ['orderbook.50.BTCUSDT', 'orderbook.50.NOUSDT'], 'Invalid topic: orderbook.50.NOUSDT'],
    ['of a depth that does not exist', ['orderbook.7.BTCUSDT'], 'Invalid topic: orderbook.7.BTCUSDT'],
    ['of nothing', [], 'error:request args is empty'],
    ['too many of one request', Array.from({ length: 11 }, () => 'tickers.BTCUSDT'), 'args size >10'],
  ])('%s fail the whole request', async (_what, topics, message) => {
    const given = new GivenBybit();
    const client = given.follow('spot', ...topics);
    given.change([['100', '2']], []);
    await given.clock.advance(1);
    expect(client.frames).toMatchObject([{ success: false, ret_msg: message, op: 'subscribe' }]);
  });

  it('are subscribed once, and again after they were left', async () => {
    const given = new GivenBybit();
    const client = given.follow('spot', 'orderbook.50.BTCUSDT');
    client.say({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'], req_id: 'again' });
    expect(client.frames.at(-1)).toMatchObject({
      success: false,
      ret_msg: 'error:already subscribed,topic:orderbook.50.BTCUSDT',
    });
    client.say({ op: 'unsubscribe', args: ['orderbook.50.BTCUSDT'], req_id: 'leave' });
    expect(client.frames.at(-1)).toMatchObject({ success: true, op: 'unsubscribe', req_id: 'leave' });
    const count = client.frames.length;
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    expect(client.frames).toHaveLength(count);
    client.say({ op: 'subscribe', args: ['orderbook.50.BTCUSDT'] });
    expect(client.frames.at(-1)).toMatchObject({ type: 'snapshot', data: { u: FIRST + 1 } });
  });

  it('answer pings in the words of their category', () => {
    const given = new GivenBybit();
    const ping = (target: string): Record<string, unknown> | undefined => {
      const client =
        target === '/v5/private' || target === '/v5/trade' ? given.logOn(target) : new Client(given.running.venue, target);
      client.say({ op: 'ping' });
      return client.frames.at(-1);
    };
    expect(ping('/v5/public/spot')).not.toHaveProperty('req_id');
    expect(ping('/v5/public/spot')).toMatchObject({ success: true, ret_msg: 'pong', op: 'ping' });
    expect(ping('/v5/public/linear')).toMatchObject({ success: true, ret_msg: 'pong', op: 'ping', req_id: '' });
    expect(ping('/v5/private')).toMatchObject({ op: 'pong', args: [String(given.clock.now())] });
    expect(ping('/v5/trade')).toMatchObject({ retCode: 0, op: 'pong', data: [String(given.clock.now())] });
  });
});

describe('a connection', () => {
  it('without a word of either side is cut: after ten minutes, or as its address asks', async () => {
    const given = new GivenBybit();
    const [usual, short, alive] = ['/v5/private', '/v5/private?max_active_time=1m', '/v5/private?max_alive_time=30s'].map(
      (target) => given.logOn(target),
    );
    for (let seconds = 0; seconds < 90; seconds += 20) {
      alive?.say({ op: 'ping' });
      await given.clock.advance(20_000);
    }
    expect([usual?.isOpen, short?.isOpen, alive?.isOpen]).toEqual([true, false, true]);
    await given.clock.advance(600_000);
    expect([usual?.isOpen, alive?.isOpen]).toEqual([false, false]);
    expect(given.running.exchange.connections.count).toBe(0);
  });

  it('needs an address that is served, and 500 attempts in five minutes are enough', () => {
    const given = new GivenBybit();
    expect(['/v5/public/inverse', '/v5/public', '/'].map((target) => new Client(given.running.venue, target).isOpen)).toEqual([
      false,
      false,
      false,
    ]);
    const attempts = Array.from({ length: 501 }, () => given.running.venue.mayConnect('/v5/public/spot', 'b'));
    expect([attempts[499], attempts[500], given.running.venue.mayConnect('/v5/private', 'b')]).toEqual([true, false, true]);
  });

  it('hears of maintenance where it listens for it', async () => {
    const given = new GivenBybit();
    const client = new Client(given.running.venue, '/v5/public/misc/status');
    client.say({ op: 'subscribe', args: ['system.status'] });
    given.faults.inject({ kind: 'restart', downMs: 1000, isIdReset: false });
    expect(told(client, 'system.status')).toMatchObject([{ state: 'ongoing' }]);
    await given.clock.advance(1000);
    expect((await given.read('/v5/system/status')).list).toMatchObject([{ state: 'completed' }]);
  });
});
