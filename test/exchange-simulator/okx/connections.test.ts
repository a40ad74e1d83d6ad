import { describe, expect, it } from 'vitest';
import { BTC, CODE, OkxClient, OkxGiven, SWAP } from './given.ts';

const books = { channel: 'books', instId: BTC };

describe('a connection', () => {
  it('answers a ping, and is cut after 30 seconds in which nothing was sent to it', async () => {
    const given = new OkxGiven();
    const [alive, silent] = [new OkxClient(given, 'private'), new OkxClient(given, 'private')];
    await given.clock.advance(29_000);
    alive.say('ping');
    await given.clock.advance(1000);
    expect([alive.isOpen, alive.pongs, silent.isOpen]).toEqual([true, 1, false]);
    await given.clock.advance(29_000);
    expect(alive.isOpen).toBe(false);
  });

  it('is refused after three of one address in a second, and at an address that does not exist', async () => {
    const given = new OkxGiven();
    const open = () => new OkxClient(given, 'public').isOpen;
    expect([open(), open(), open(), open()]).toEqual([true, true, true, false]);
    await given.clock.advance(1000);
    expect(open()).toBe(true);
    expect(given.running.venue.mayConnect('/ws/v5/nothing', 'b')).toBe(false);
  });

  it('may subscribe, unsubscribe and log in 480 times an hour', async () => {
    const given = new OkxGiven();
    const client = new OkxClient(given, 'public');
    for (let count = 0; count < 480; count += 1) client.subscribe(books);
    expect(client.events().includes('60014')).toBe(false);
    client.subscribe(books);
    expect(client.events().at(-1)).toBe('60014');
  });

  it('repeats the id of a request, and names itself', () => {
    const client = new OkxClient(new OkxGiven(), 'public');
    client.say({ id: '1512', op: 'subscribe', args: [books] });
    expect(client.frames[0]).toEqual({ id: '1512', event: 'subscribe', arg: books, connId: 'aaaaaaa1' });
  });

  it.each([
    ['no JSON', 'public', '{', '60012'],
    ['no args', 'public', { op: 'subscribe' }, '60012'],
    ['an unknown operation', 'public', { op: 'subscribed', args: [] }, '60019'],
    ['a login at the public address', 'public', { op: 'login', args: [{}] }, '60028'],
    ['orders at the public address', 'public', { op: 'order', args: [{}] }, '60028'],
    ['orders before the login', 'private', { op: 'order', args: [{}] }, '60011'],
    [
      'a private channel before the login',
      'private',
      { op: 'subscribe', args: [{ channel: 'orders', instType: 'SPOT' }] },
      '60011',
    ],
    ['an unknown channel', 'public', { op: 'subscribe', args: [{ channel: 'bookz', instId: BTC }] }, '60018'],
    ['an unknown instrument', 'public', { op: 'subscribe', args: [{ channel: 'books', instId: 'BTC-EUR' }] }, '60018'],
    ['a funding rate of spot', 'public', { op: 'subscribe', args: [{ channel: 'funding-rate', instId: BTC }] }, '60018'],
    ['an index of a swap', 'public', { op: 'subscribe', args: [{ channel: 'index-tickers', instId: SWAP }] }, '60018'],
    ['candles at the public address', 'public', { op: 'subscribe', args: [{ channel: 'candle1m', instId: BTC }] }, '64001'],
    [
      'single trades at the public address',
      'public',
      { op: 'subscribe', args: [{ channel: 'trades-all', instId: BTC }] },
      '64001',
    ],
    ['books at the business address', 'business', { op: 'subscribe', args: [books] }, '64002'],
    ['orders at the public address', 'public', { op: 'subscribe', args: [{ channel: 'orders', instType: 'SPOT' }] }, '60008'],
    ['books for large users', 'public', { op: 'subscribe', args: [{ channel: 'books-l2-tbt', instId: BTC }] }, '64003'],
  ] as const)('is answered an error for %s', async (_what, endpoint, message, code) => {
    const given = new OkxGiven();
    const client = new OkxClient(given, endpoint);
    client.say(message);
    await given.clock.advance(0);
    expect(client.events()).toEqual([code]);
  });

  it('gets an error for one channel, and an acknowledgement for the other', () => {
    const client = new OkxClient(new OkxGiven(), 'public');
    client.subscribe({ channel: 'books', instId: 'BTC-EUR' }, { channel: 'books', instId: SWAP });
    expect(client.events()).toEqual(['60018', 'subscribe']);
    expect(client.data('books')).toHaveLength(1);
  });
});

describe('a login', () => {
  const attempt = (other: Record<string, unknown>) => {
    const given = new OkxGiven();
    const client = new OkxClient(given, 'private');
    client.say({ op: 'login', args: [given.login(other)] });
    return client.events();
  };

  it.each([
    ['of a known key', {}, 'login'],
    ['without a timestamp', { timestamp: 'now' }, '60004'],
    ['of an unknown key', { apiKey: 'nobody' }, '60005'],
    ['with a wrong signature', { sign: 'AAAA' }, '60007'],
    ['with a wrong passphrase', { passphrase: 'wrong' }, '60024'],
  ])('%s', (_what, other, expected) => {
    const [event] = attempt(other);
    expect(event === '0' ? 'login' : event).toBe(expected);
  });

  it('counts within 30 seconds of the clock, and once on a connection', () => {
    const given = new OkxGiven();
    const now = Math.floor(given.clock.now() / 1000);
    expect(attempt({ timestamp: now - 31 })).toEqual(['60006']);
    expect(attempt({ timestamp: now + 31 })).toEqual(['60006']);
    expect(attempt({ timestamp: now - 30 })).toEqual(['0']);
    const client = given.user();
    client.say({ op: 'login', args: [given.login()] });
    expect(client.events()).toEqual(['60031']);
  });

  it('ends with its key', () => {
    const given = new OkxGiven();
    const [mine, others] = [given.user(), given.user('simulator-other')];
    given.faults.inject({ kind: 'revoke-key', key: 'simulator-key' });
    expect([mine.isOpen, others.isOpen]).toEqual([false, true]);
  });
});

describe('private channels', () => {
  it('tell of orders: nothing at first, then each change and each fill by itself, with fees below zero', async () => {
    const given = new OkxGiven();
    const client = given.user();
    client.subscribe({ channel: 'orders', instType: 'SPOT' });
    expect(client.data('orders')).toEqual([]);
    await given.limit('buy', '102', '1.5', { clOrdId: 'a1', tag: 'tape' });
    const fee = { feeCcy: 'BTC', fillFeeCcy: 'BTC', execType: 'T' };
    expect(client.data('orders')).toMatchObject([
      { state: 'live', clOrdId: 'a1', tag: 'tape', accFillSz: '0', fillSz: '0', tradeId: '', fee: '0', instId: BTC },
      {
        state: 'partially_filled',
        accFillSz: '1',
        fillSz: '1',
        fillPx: '101',
        tradeId: '1',
        fee: '-0.001',
        fillFee: '-0.001',
        ...fee,
      },
      {
        state: 'filled',
        accFillSz: '1.5',
        fillSz: '0.5',
        fillPx: '102',
        tradeId: '2',
        fee: '-0.0015',
        fillFee: '-0.0005',
        ...fee,
      },
    ]);
    expect(client.data('orders').at(-1)?.ordId).toMatch(/^\d{19}$/);
    expect(client.pushes('orders')[0]?.arg).toEqual({ channel: 'orders', instType: 'SPOT', uid: '1' });
  });

  it('tell of no orders of other accounts or other instruments', async () => {
    const given = new OkxGiven();
    const [other, swaps] = [given.user('simulator-other'), given.user()];
    other.subscribe({ channel: 'orders', instType: 'ANY' });
    swaps.subscribe({ channel: 'orders', instType: 'SWAP' }, { channel: 'orders', instType: 'SPOT', instId: 'ETH-USDT' });
    await given.limit('buy', '99', '1');
    expect([other.data('orders'), swaps.data('orders')]).toEqual([[], []]);
  });

  it('tell of balances at once, with each change, and every five seconds unless asked not to', async () => {
    const given = new OkxGiven();
    const [often, quiet] = [given.user(), given.user()];
    often.subscribe({ channel: 'account' });
    quiet.subscribe({ channel: 'account', extraParams: '{"updateInterval":"0"}' }, { channel: 'balance_and_position' });
    await given.limit('buy', '99', '1');
    const details = quiet
      .data('account')
      .map((data) =>
        (data.details as Record<string, string>[]).map(({ ccy, availBal, frozenBal, cashBal }) => [
          ccy,
          availBal,
          frozenBal,
          cashBal,
        ]),
      );
    expect(details).toEqual([
      [
        ['USDT', '100000', '0', '100000'],
        ['BTC', '2', '0', '2'],
      ],
      [['USDT', '99901', '99', '100000']],
    ]);
    expect(quiet.data('balance_and_position')).toMatchObject([
      { eventType: 'snapshot', balData: [{ ccy: 'USDT', cashBal: '100000' }, {}] },
    ]);
    await given.clock.advance(5000);
    expect([often.data('account').length, quiet.data('account').length]).toEqual([3, 2]);
    given.account.transfer(given.clock.now(), 'USDT', -5n * 10n ** 12n);
    expect(quiet.data('balance_and_position').at(-1)).toMatchObject({
      eventType: 'transferred',
      balData: [{ cashBal: '99995' }],
    });
  });

  it('count the connections that have them, and refuse the 31st after they acknowledged it', async () => {
    const given = new OkxGiven();
    const open = async (): Promise<OkxClient> => {
      await given.clock.advance(1000);
      const client = given.user();
      client.subscribe({ channel: 'orders', instType: 'SPOT' }, { channel: 'orders', instType: 'ANY' });
      return client;
    };
    const clients: OkxClient[] = [];
    for (let count = 0; count < 31; count += 1) {
      for (const client of clients) client.say('ping');
      clients.push(await open());
    }
    expect(clients[29]?.frames[1]).toMatchObject({ event: 'channel-conn-count', channel: 'orders', connCount: '30' });
    expect(clients[30]?.frames.slice(0, 2)).toMatchObject([
      { event: 'subscribe' },
      { event: 'channel-conn-count-error', connCount: '30' },
    ]);
    await given.limit('buy', '99', '1');
    expect([clients[29]?.data('orders').length, clients[30]?.data('orders').length]).toEqual([2, 0]);
    clients[0]?.cut();
    expect((await open()).events()).toContain('channel-conn-count');
  });

  it('send orders, by the code of the instrument alone', async () => {
    const given = new OkxGiven();
    const client = given.user();
    const terms = { tdMode: 'cash', side: 'buy', ordType: 'limit', px: '99', sz: '1' };
    client.say({ id: '1', op: 'order', args: [{ instIdCode: CODE, clOrdId: 'w1', ...terms }] });
    client.say({ id: '2', op: 'order', args: [{ instId: BTC, clOrdId: 'w2', ...terms }] });
    client.say({
      id: '3',
      op: 'batch-orders',
      args: [
        { instIdCode: CODE, clOrdId: 'w3', ...terms },
        { instIdCode: CODE, clOrdId: 'w1', ...terms },
      ],
    });
    client.say({ id: '4', op: 'cancel-order', args: [{ clOrdId: 'w1' }] });
    client.say({
      id: '5',
      op: 'batch-cancel-orders',
      args: [
        { instIdCode: CODE, clOrdId: 'w3' },
        { instIdCode: CODE, clOrdId: 'w3' },
      ],
    });
    client.say({
      id: '6',
      op: 'order',
      expTime: String(given.clock.now() - 1),
      args: [{ instIdCode: CODE, clOrdId: 'w6', ...terms }],
    });
    await given.clock.advance(1);
    const codes = (frame: Record<string, unknown>) => (frame.data as { sCode: string }[]).map(({ sCode }) => sCode);
    expect(client.frames.map((frame) => [frame.id, frame.op, frame.code, codes(frame)])).toEqual([
      ['1', 'order', '0', ['0']],
      ['2', 'order', '1', ['50014']],
      ['3', 'batch-orders', '2', ['0', '51016']],
      ['4', 'cancel-order', '0', ['0']],
      ['5', 'batch-cancel-orders', '2', ['0', '51400']],
      ['6', 'order', '50036', []],
    ]);
    expect(client.frames[0]).toMatchObject({ inTime: `${given.clock.now() - 1}000`, outTime: `${given.clock.now() - 1}000` });
    expect(given.running.exchange.submissions.count('late')).toBe(1);
  });
});
