import { describe, expect, it } from 'vitest';
import { Client, START } from '../given.ts';
import { GivenUsdm } from './given.ts';

const EIGHT_HOURS = 8 * 3_600_000;

const on = (given: GivenUsdm, target: string): Client => new Client(given.running.venue, target);

describe('a depth stream', () => {
  it('names the id that it follows on, past the ids of other books', async () => {
    const given = new GivenUsdm();
    const client = on(given, '/public/ws/btcusdt@depth@0ms');
    given.change([['100', '2']], [], 40);
    given.change([['99.9', '0']], [['101', '0.5']], 7);
    expect(client.frames).toEqual([
      {
        e: 'depthUpdate',
        E: START,
        T: START,
        s: 'BTCUSDT',
        ps: 'BTCUSDT',
        st: 1,
        U: 1041,
        u: 1041,
        pu: 1000,
        b: [['100.00', '2.000']],
        a: [],
      },
      expect.objectContaining({ U: 1049, u: 1050, pu: 1041, b: [['99.90', '0.000']], a: [['101.00', '0.500']] }),
    ]);
  });

  it.each([
    ['btcusdt@depth@100ms', 100],
    ['btcusdt@depth', 250],
    ['btcusdt@depth@500ms', 500],
  ])('%s has all changes of %i ms in one event, which follows on the one before', async (stream, pace) => {
    const given = new GivenUsdm();
    const client = on(given, `/public/ws/${stream}`);
    const change = async (quantity: string): Promise<void> => {
      given.change([['100', quantity]], [], 5);
      given.change([], [['101', quantity]], 5);
      await given.clock.advance(pace / 2);
    };
    await change('2');
    await change('3');
    expect(client.frames).toMatchObject([{ pu: 1000, U: 1006, u: 1024, b: [['100.00', '3.000']], a: [['101.00', '3.000']] }]);
    await change('4');
    await given.clock.advance(pace / 2);
    expect(client.frames[1]).toMatchObject({ pu: 1024, U: 1030, u: 1036, b: [['100.00', '4.000']] });
    await given.clock.advance(pace);
    expect(client.frames).toHaveLength(2);
  });

  it('of some levels has the best ones each time', async () => {
    const given = new GivenUsdm();
    const client = on(given, '/public/ws/btcusdt@depth5@100ms');
    given.change([['99.5', '2']], []);
    await given.clock.advance(100);
    expect(client.frames).toMatchObject([
      {
        e: 'depthUpdate',
        u: 1001,
        b: [
          ['100.00', '1.000'],
          ['99.50', '2.000'],
          ['99.00', '1.000'],
          ['98.00', '1.000'],
        ],
        a: [
          ['101.00', '1.000'],
          ['102.00', '1.000'],
          ['103.00', '1.000'],
        ],
      },
    ]);
  });

  it('forgets what it has not sent when ids begin again', async () => {
    const given = new GivenUsdm();
    const client = on(given, '/public/ws/btcusdt@depth@500ms');
    given.change([['100', '2']], [], 500);
    given.faults.inject({ kind: 'reset-books', isEmpty: false });
    given.change([['100', '3']], []);
    await given.clock.advance(500);
    expect(client.frames).toMatchObject([{ pu: 1000, U: 1001, u: 1001 }]);
  });
});

describe('the other streams of the book and the trades', () => {
  it('have the best prices when they change, with their times', () => {
    const given = new GivenUsdm();
    const client = on(given, '/public/stream?streams=btcusdt@bookTicker/btcusdt@trade');
    given.change([['100', '2']], []);
    given.change([['98', '5']], []);
    given.trade('101', '0.25', false);
    expect(client.frames).toEqual([
      {
        stream: 'btcusdt@bookTicker',
        data: {
          e: 'bookTicker',
          u: 1001,
          s: 'BTCUSDT',
          ps: 'BTCUSDT',
          st: 1,
          b: '100.00',
          B: '2.000',
          a: '101.00',
          A: '1.000',
          T: START,
          E: START,
        },
      },
      {
        stream: 'btcusdt@trade',
        data: { e: 'trade', E: START, s: 'BTCUSDT', t: 1, p: '101.00', q: '0.250', T: START, m: false, X: 'MARKET' },
      },
    ]);
  });
});

describe('a market stream', () => {
  it('of aggregates has each trade in one of them', () => {
    const given = new GivenUsdm();
    const client = on(given, '/market/ws/btcusdt@aggTrade');
    given.trade('101', '1', false);
    given.trade('101', '2', false);
    given.trade('102', '1', false);
    given.change([['100', '2']], []);
    expect(client.frames).toMatchObject([
      { e: 'aggTrade', s: 'BTCUSDT', a: 1, p: '101.00', q: '3.000', f: 1, l: 2, m: false },
      { e: 'aggTrade', a: 2, p: '102.00', q: '1.000', f: 3, l: 3 },
    ]);
  });

  it('of bars has the open one 250 ms after a trade at most, and the one that has closed once', async () => {
    const given = new GivenUsdm();
    const client = on(given, '/market/ws/btcusdt@kline_1m');
    const bars = () => client.frames.splice(0).map(({ k }) => k as { t: number; x: boolean; v: string });
    given.trade('101', '2', false);
    await given.clock.advance(100);
    given.trade('101', '1', false);
    await given.clock.advance(150);
    expect(bars()).toMatchObject([{ t: START, x: false, o: '101.00', v: '3.000', q: '303.00000', n: 2 }]);
    await given.clock.advance(59_750);
    expect(bars()).toMatchObject([
      { t: START, x: true, v: '3.000' },
      { t: START + 60_000, x: false, v: '0.000' },
    ]);
  });

  it('of the mark price has mark, index and the funding that comes, each three seconds or each second', async () => {
    const given = new GivenUsdm();
    const [slow, fast] = [on(given, '/market/ws/btcusdt@markPrice'), on(given, '/market/ws/btcusdt@markPrice@1s')];
    await given.clock.advance(6000);
    expect([slow.frames.length, fast.frames.length]).toEqual([2, 6]);
    const [{ p, i, r, T }] = slow.frames as unknown as [{ p: string; i: string; r: string; T: number }];
    expect(slow.frames[0]).toMatchObject({ e: 'markPriceUpdate', E: START + 3000, s: 'BTCUSDT', st: 1 });
    // Half way between 100 and 101.
    expect([p, T]).toEqual(['100.50000000', START + EIGHT_HOURS]);
    expect(Number(p) / Number(i) - 1).toBeCloseTo(Number(r), 9);
    await given.clock.advance(EIGHT_HOURS);
    expect(slow.frames.at(-1)).toMatchObject({ T: START + 2 * EIGHT_HOURS });
  });
});

describe('the path of a connection', () => {
  const STREAMS = [
    'btcusdt@depth@0ms',
    'btcusdt@depth@100ms',
    'btcusdt@depth5',
    'btcusdt@bookTicker',
    'btcusdt@trade',
    'btcusdt@aggTrade',
    'btcusdt@kline_1m',
    'btcusdt@markPrice@1s',
  ];
  const ofBook = STREAMS.slice(0, 5);

  async function heard(path: string): Promise<unknown[]> {
    const given = new GivenUsdm();
    const client = on(given, path);
    client.say({ method: 'SUBSCRIBE', params: STREAMS, id: 1 });
    expect(client.frames.splice(0)).toEqual([{ result: null, id: 1 }]);
    given.trade('101', '1', false);
    given.change([['100', '2']], []);
    await given.clock.advance(1000);
    return [...new Set(client.frames.map(({ stream }) => stream))].sort();
  }

  it('says which streams come: the others are accepted, and silent', async () => {
    expect(await heard('/public/stream')).toEqual([...ofBook].sort());
    expect(await heard('/market/stream')).toEqual(STREAMS.filter((stream) => !ofBook.includes(stream)).sort());
  });

  it.each(['/stream', '/ws', '/stream?streams=btcusdt@depth', '/ws/btcusdt@depth', '/private/stream'])(
    'that is retired or private, %s, accepts all and sends nothing',
    async (path) => {
      expect(await heard(path)).toEqual([]);
    },
  );

  it.each(['/', '/fapi/ws', '/publicws', '/public/wss', '/public', '/spot/ws'])('%s is refused', (path) => {
    expect(on(new GivenUsdm(), path).isOpen).toBe(false);
  });
});

describe('a connection', () => {
  it('is pinged every 3 minutes, and cut ten minutes after the first ping without an answer', async () => {
    const given = new GivenUsdm();
    const [alive, dead] = [on(given, '/public/ws'), on(given, '/public/ws')];
    dead.isAlive = false;
    await given.clock.advance(14 * 60_000);
    expect([alive.pings, dead.isOpen]).toEqual([4, true]);
    await given.clock.advance(60_000);
    expect([alive.isOpen, dead.isOpen]).toEqual([true, false]);
  });

  it('is cut for the eleventh message of a second', () => {
    const client = on(new GivenUsdm(), '/public/ws');
    for (let id = 1; id <= 10; id += 1) client.say({ method: 'LIST_SUBSCRIPTIONS', id });
    expect(client.isOpen).toBe(true);
    client.say({ method: 'LIST_SUBSCRIPTIONS', id: 11 });
    expect([client.isOpen, client.frames.length]).toEqual([false, 10]);
  });
});
