import { describe, expect, it } from 'vitest';
import { Client, Given } from './given.ts';

const dataOf = (client: Client, event: string) =>
  client.frames.map((frame) => (frame.data ?? frame) as Record<string, unknown>).filter(({ e }) => e === event);

describe('a stream', () => {
  it('is raw under /ws and wrapped under /stream', () => {
    const given = new Given();
    const raw = new Client(given.running.venue, '/ws/btcusdt@depth@100ms');
    const combined = new Client(given.running.venue, '/stream?streams=btcusdt@depth@100ms/btcusdt@trade');
    given.change([['100', '2']], []);
    expect(raw.frames).toMatchObject([{ e: 'depthUpdate', U: 1001, u: 1001, b: [['100.00000000', '2.00000000']], a: [] }]);
    expect(combined.frames).toMatchObject([{ stream: 'btcusdt@depth@100ms', data: { e: 'depthUpdate', u: 1001 } }]);
  });

  it('is subscribed to, listed and left; one that does not exist is accepted and silent', () => {
    const given = new Given();
    const client = new Client(given.running.venue, '/ws');
    client.say({ method: 'SUBSCRIBE', params: ['btcusdt@trade', 'btcusdt@nothing'], id: 1 });
    given.trade('101', '1', false);
    client.say({ method: 'LIST_SUBSCRIPTIONS', id: 'two' });
    client.say({ method: 'UNSUBSCRIBE', params: ['btcusdt@trade'], id: 3 });
    given.trade('101', '1', false);
    expect(client.frames).toMatchObject([
      { result: null, id: 1 },
      { e: 'trade', t: 1, p: '101.00000000', q: '1.00000000', m: false },
      { result: ['btcusdt@trade', 'btcusdt@nothing'], id: 'two' },
      { result: null, id: 3 },
    ]);
  });

  it.each([
    ['no JSON', '{', 3],
    ['no id', '{"method":"LIST_SUBSCRIPTIONS"}', 2],
    ['an unknown method', '{"method":"SUBSCRIBED","params":[],"id":1}', 2],
  ])('refuses %s', (_what, text, code) => {
    const client = new Client(new Given().running.venue, '/ws');
    client.say(text);
    expect(client.frames).toMatchObject([{ code }]);
  });

  it('of aggregates has each trade in one of them', () => {
    const given = new Given();
    const client = new Client(given.running.venue, '/ws/btcusdt@aggTrade');
    given.trade('101', '1', false);
    given.trade('101', '2', false);
    given.trade('102', '1', false);
    given.change([['100', '2']], []);
    expect(client.frames).toMatchObject([
      { a: 1, p: '101.00000000', q: '3.00000000', f: 1, l: 2 },
      { a: 2, p: '102.00000000', q: '1.00000000', f: 3, l: 3 },
    ]);
  });

  it('of aggregates that was sent grows no more', () => {
    const given = new Given();
    const client = new Client(given.running.venue, '/ws/btcusdt@aggTrade');
    for (let count = 0; count < 2; count += 1) {
      given.trade('101', '1', false);
      given.change([['100', '2']], []);
    }
    expect(client.frames).toMatchObject([
      { a: 1, f: 1, l: 1, q: '1.00000000' },
      { a: 2, f: 2, l: 2, q: '1.00000000' },
    ]);
  });

  it('of slow depth has all changes of its second in one event that follows on the last', async () => {
    const given = new Given(true);
    const client = new Client(
      given.running.venue,
      '/stream?streams=btcusdt@depth/btcusdt@depth@100ms/btcusdt@kline_1m/btcusdt@bookTicker',
    );
    await given.clock.advance(65_000);
    const slow = client.frames
      .filter(({ stream }) => stream === 'btcusdt@depth')
      .map(({ data }) => data as { U: number; u: number });
    for (const [index, { U }] of slow.entries()) if (index > 0) expect(U).toBe((slow[index - 1]?.u ?? 0) + 1);
    expect(slow.length).toBeGreaterThanOrEqual(64);
    const bars = client.frames
      .filter(({ stream }) => stream === 'btcusdt@kline_1m')
      .map(({ data }) => (data as { k: { t: number; x: boolean } }).k);
    expect(bars.filter(({ x }) => x)).toMatchObject([{ t: Date.UTC(2026, 0, 5), x: true }]);
  });
});

it('of slow depth has no event of ids before and after they began again', async () => {
  const given = new Given(true);
  const client = new Client(given.running.venue, '/ws/btcusdt@depth');
  await given.clock.advance(1500);
  const { lastId } = given.market.book;
  given.market.resetIds(given.clock.now(), lastId + 5000, false);
  await given.clock.advance(500);
  expect(client.frames.map(({ U }) => (U as number) > lastId)).toEqual([false, true]);
});

describe('a connection', () => {
  it('is pinged every 20 s, lives with pongs, and is cut a minute after the first ping without one', async () => {
    const given = new Given();
    const [alive, dead] = [new Client(given.running.venue, '/ws'), new Client(given.running.venue, '/ws')];
    dead.isAlive = false;
    await given.clock.advance(79_000);
    dead.pong('');
    expect([alive.pings, dead.isOpen]).toEqual([3, true]);
    await given.clock.advance(1000);
    expect([alive.isOpen, dead.isOpen]).toEqual([true, false]);
  });

  it('ends after 24 hours', async () => {
    const given = new Given();
    const client = new Client(given.running.venue, '/ws');
    await given.clock.advance(24 * 3_600_000 - 1);
    expect(client.isOpen).toBe(true);
    await given.clock.advance(1);
    expect(client.isOpen).toBe(false);
  });

  it('is cut for the sixth message of a second', () => {
    const client = new Client(new Given().running.venue, '/ws');
    for (let id = 1; id <= 5; id += 1) client.say({ method: 'LIST_SUBSCRIPTIONS', id });
    expect(client.isOpen).toBe(true);
    client.say({ method: 'LIST_SUBSCRIPTIONS', id: 6 });
    expect([client.isOpen, client.frames.length]).toEqual([false, 5]);
  });

  it('is one of at most 300 in five minutes', async () => {
    const given = new Given();
    const open = Array.from({ length: 301 }, () => new Client(given.running.venue, '/ws').isOpen);
    expect(open.lastIndexOf(true)).toBe(299);
  });
});

describe('user data', () => {
  async function subscribed(given: Given): Promise<Client> {
    const client = new Client(given.running.venue, '/ws-api/v3');
    const { createHmac } = await import('node:crypto');
    const payload = `apiKey=simulator-key&timestamp=${given.clock.now()}`;
    const signature = createHmac('sha256', 'simulator-secret').update(payload).digest('hex');
    const params = { apiKey: 'simulator-key', timestamp: given.clock.now(), signature };
    client.say({ id: 1, method: 'userDataStream.subscribe.signature', params });
    await given.clock.advance(1);
    expect(client.frames.splice(0)).toMatchObject([{ id: 1, status: 200, result: { subscriptionId: 0 } }]);
    return client;
  }

  const reports = (client: Client) =>
    client.frames.map(({ event }) => event as Record<string, unknown>).filter(({ e }) => e === 'executionReport');

  it("tells of an order: accepted, each fill, cancelled; after a cancel the order's own id is in C", async () => {
    const given = new Given();
    const client = await subscribed(given);
    await given.limit('BUY', '102', '2.5', { newClientOrderId: 'mine' });
    await given.signed('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'mine', newClientOrderId: 'cancel' });
    expect(reports(client)).toMatchObject([
      { x: 'NEW', X: 'NEW', c: 'mine', C: '', t: -1, l: '0.00000000', q: '2.50000000' },
      {
        x: 'TRADE',
        X: 'PARTIALLY_FILLED',
        l: '1.00000000',
        z: '1.00000000',
        L: '101.00000000',
        n: '0.00100000',
        N: 'BTC',
        m: false,
      },
      { x: 'TRADE', X: 'PARTIALLY_FILLED', l: '1.00000000', z: '2.00000000', Z: '203.00000000' },
      { x: 'CANCELED', X: 'CANCELED', c: 'cancel', C: 'mine', z: '2.00000000' },
    ]);
    const last = client.frames.at(-1)?.event;
    expect(last).toMatchObject({ e: 'outboundAccountPosition', B: [{ a: 'USDT', f: '99797.00000000', l: '0.00000000' }] });
  });

  it('ends with its key: the stream says so, and a session that logged on is told once', async () => {
    const given = new Given();
    const client = await subscribed(given);
    given.running.exchange.faults.inject({ kind: 'revoke-key', key: 'simulator-key' });
    await given.limit('BUY', '90', '1');
    expect(dataOf(client, 'x')).toEqual([]);
    expect(client.frames).toMatchObject([{ subscriptionId: 0, event: { e: 'eventStreamTerminated' } }]);
  });

  it('refuses a second subscription of one account, and tells of transfers as balanceUpdate', async () => {
    const given = new Given();
    const client = await subscribed(given);
    given.account.transfer(given.clock.now(), 'USDT', -5n * 10n ** 12n);
    expect(client.frames).toMatchObject([
      { event: { e: 'balanceUpdate', a: 'USDT', d: '-5.00000000' } },
      { event: { e: 'outboundAccountPosition', B: [{ a: 'USDT', f: '99995.00000000' }] } },
    ]);
  });
});
