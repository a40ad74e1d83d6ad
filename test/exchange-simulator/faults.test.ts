import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { amount } from '../../exchange-simulator/core/amount.ts';
import type { Clock } from '../../exchange-simulator/core/clock.ts';
import { Random } from '../../exchange-simulator/core/random.ts';
import { type ClientEnd, NoAnswer } from '../../exchange-simulator/core/venue.ts';
import { Outlet } from '../../exchange-simulator/exchange/outlet.ts';
import { bookState, exchangeState } from '../../exchange-simulator/exchange/state.ts';
import type { Fault } from '../../exchange-simulator/faults/fault.ts';
import { FrameFaults } from '../../exchange-simulator/faults/frame-faults.ts';
import { scheduledFaults } from '../../exchange-simulator/faults/schedule.ts';
import { BookFollower, type BookRules } from './book-follower.ts';
import { bodyOf, Client, faultsOfBooks, Given, totalOfFills } from './given.ts';

const faulty = (fault: Fault): Given => {
  const given = new Given();
  given.running.exchange.faults.inject(fault);
  return given;
};

const ids = (client: Client): unknown[] => client.frames.map(({ u }) => u);

describe('frames', () => {
  const changed = (fault: Fault, times = 4): [Client, Given] => {
    const given = faulty(fault);
    const client = new Client(given.running.venue, '/ws/btcusdt@depth@100ms');
    for (let count = 0; count < times; count += 1) given.change([['100', `${count + 2}`]], []);
    return [client, given];
  };

  it.each([
    ['are lost', { kind: 'gap', frames: 2, on: 'public' }, [1003, 1004]],
    ['come twice', { kind: 'duplicate', frames: 1, on: 'public' }, [1001, 1001, 1002, 1003, 1004]],
    ['are swapped', { kind: 'reorder', frames: 1, on: 'public' }, [1002, 1001, 1003, 1004]],
    ['are untouched by a fault of private ones', { kind: 'gap', frames: 2, on: 'private' }, [1001, 1002, 1003, 1004]],
    [
      'are untouched by a fault of another stream',
      { kind: 'gap', frames: 2, on: 'public', stream: '@trade' },
      [1001, 1002, 1003, 1004],
    ],
  ] as [string, Fault, number[]][])('%s', (_what, fault, expected) => {
    expect(ids(changed(fault)[0])).toEqual(expected);
  });

  it('come late, in order, and stay away for a while', async () => {
    const [late, given] = changed({ kind: 'delay', byMs: 300, forMs: 100, on: 'public' }, 2);
    expect(ids(late)).toEqual([]);
    await given.clock.advance(299);
    expect(ids(late)).toEqual([]);
    await given.clock.advance(1);
    expect(ids(late)).toEqual([1001, 1002]);
    const [silent, other] = changed({ kind: 'silence', forMs: 1000, on: 'public' }, 2);
    await other.clock.advance(1000);
    other.change([['100', '9']], []);
    expect([silent.isOpen, ids(silent)]).toEqual([true, [1003]]);
  });

  it('that are late keep their order where timers do not', () => {
    const timers: (() => void)[] = [];
    let now = 0;
    const clock = { now: () => now, after: (_milliseconds: number, action: () => void) => void timers.unshift(action) };
    const faults = new FrameFaults(clock as unknown as Clock);
    const sent: string[] = [];
    const outlet = new Outlet(
      { send: (text: string) => sent.push(text) } as unknown as ClientEnd,
      clock as unknown as Clock,
      faults,
    );
    faults.add({ kind: 'delay', byMs: 300, forMs: 100, on: 'public' });
    outlet.push('public', 'a', 'first');
    now = 100;
    outlet.push('public', 'a', 'second');
    now = 300;
    outlet.push('public', 'a', 'third');
    for (const action of timers) action();
    expect(sent).toEqual(['first', 'second', 'third']);
  });

  it('of a deaf subscription never come, though it was acknowledged', () => {
    const given = faulty({ kind: 'deaf-subscribe', times: 1 });
    const client = new Client(given.running.venue, '/ws');
    client.say({ method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms'], id: 1 });
    given.change([['100', '2']], []);
    expect(client.frames).toEqual([{ result: null, id: 1 }]);
    client.say({ method: 'SUBSCRIBE', params: ['btcusdt@depth@100ms'], id: 2 });
    given.change([['100', '3']], []);
    expect(client.frames.at(-1)).toMatchObject({ u: 1002 });
  });
});

describe('connections', () => {
  it('are announced to end, cut, refused, and then ids of books begin again', async () => {
    const given = new Given();
    const client = new Client(given.running.venue, '/stream?streams=btcusdt@depth@100ms');
    given.change([['100', '2']], []);
    given.running.exchange.faults.inject({ kind: 'restart', downMs: 5000, isIdReset: true });
    await given.clock.advance(100);
    expect(client.frames.at(-1)).toMatchObject({ stream: '!serverShutdown', data: { e: 'serverShutdown' } });
    expect([client.isOpen, new Client(given.running.venue, '/ws').isOpen]).toEqual([false, false]);
    await expect(given.get('/api/v3/time')).rejects.toThrow(NoAnswer);
    await given.clock.advance(4900);
    expect((await given.get('/api/v3/time')).status).toBe(200);
    const again = new Client(given.running.venue, '/ws/btcusdt@depth@100ms');
    given.change([['100', '3']], []);
    expect(again.frames).toMatchObject([{ U: 1001, u: 1001 }]);
  });

  it('of users alone are cut, while an open order is filled', async () => {
    const given = new Given();
    const [market, user] = [new Client(given.running.venue, '/ws'), new Client(given.running.venue, '/ws-api/v3')];
    await given.limit('BUY', '90', '1');
    given.running.exchange.faults.inject({ kind: 'fill-away', forMs: 2000, isWhole: false });
    expect([market.isOpen, user.isOpen, new Client(given.running.venue, '/ws-api/v3').isOpen]).toEqual([true, false, false]);
    await given.clock.advance(2000);
    expect(given.account.orders[0]).toMatchObject({ status: 'partially-filled', executed: amount('0.5') });
    expect(new Client(given.running.venue, '/ws-api/v3').isOpen).toBe(true);
  });
});

describe('an order', () => {
  it.each([
    ['server-error', 'before', 502, -1000, 0],
    ['server-error', 'after', 502, -1000, 1],
    ['unknown-outcome', 'before', 408, -1007, 0],
    ['unknown-outcome', 'after', 408, -1007, 1],
    ['rate-limited', 'before', 429, -1003, 0],
    ['banned', 'before', 418, -1003, 0],
    ['busy', 'before', 503, -1008, 0],
    ['gone', 'before', 410, -1020, 0],
  ] as const)('is answered %s %s it is looked at: %i, %i, orders %i', async (as, when, status, code, orders) => {
    const given = faulty({ kind: 'refuse', operation: 'place', as, when, times: 1 });
    const answer = await given.limit('BUY', '90', '1');
    expect([answer.status, bodyOf(answer).code, given.account.orders.length]).toEqual([status, code, orders]);
    expect((await given.limit('BUY', '90', '1')).status).toBe(200);
  });

  it('is accepted, and its answer is lost', async () => {
    const given = faulty({ kind: 'lose-answer', operation: 'place', times: 1 });
    await expect(given.limit('BUY', '90', '1')).rejects.toThrow(NoAnswer);
    expect(given.account.orders).toHaveLength(1);
  });

  it('that arrives after its own time is refused, and counted as late', async () => {
    const given = faulty({ kind: 'slow-arrival', operation: 'place', byMs: 5001, times: 1 });
    const answer = given.limit('BUY', '90', '1', { newClientOrderId: 'late' });
    await given.clock.advance(6000);
    expect(bodyOf(await answer).code).toBe(-1021);
    expect(given.running.exchange.submissions.all).toMatchObject([{ outcome: 'late', clientId: 'late', account: 1 }]);
    expect(given.account.orders).toHaveLength(0);
  });

  it('works at once, and is answered late', async () => {
    const given = faulty({ kind: 'slow-answer', operation: 'place', byMs: 3000, times: 1 });
    let isAnswered = false;
    void given.limit('BUY', '90', '1').then(() => {
      isAnswered = true;
    });
    await given.clock.advance(2999);
    expect([given.account.orders.length, isAnswered]).toEqual([1, false]);
    await given.clock.advance(1);
    expect(isAnswered).toBe(true);
  });

  it('is hidden from reads for a while, though it can be cancelled', async () => {
    const given = faulty({ kind: 'hide-orders', byMs: 3000, forMs: 1000 });
    await given.limit('BUY', '90', '1', { newClientOrderId: 'hidden' });
    const find = () => given.signed('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'hidden' });
    expect(bodyOf(await find()).code).toBe(-2013);
    await given.clock.advance(3000);
    expect(bodyOf(await find()).status).toBe('NEW');
  });

  it('is refused while the market only cancels, and cancels pass', async () => {
    const given = new Given();
    await given.limit('BUY', '90', '1', { newClientOrderId: 'old' });
    given.running.exchange.faults.inject({ kind: 'market-status', status: 'cancel-only', forMs: 1000 });
    expect(bodyOf(await given.limit('BUY', '90', '1'))).toEqual({ code: -2010, msg: 'Market is closed.' });
    expect((await given.signed('DELETE', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'old' })).status).toBe(200);
    const { symbols } = bodyOf(await given.get('/api/v3/exchangeInfo')) as { symbols: { status: string }[] };
    expect(symbols[0]?.status).toBe('CANCEL_ONLY');
    await given.clock.advance(1000);
    expect((await given.limit('BUY', '90', '1')).status).toBe(200);
  });

  it('ends by self-trade prevention without a trade, and its quote amount may be unavailable', async () => {
    const given = new Given();
    await given.limit('BUY', '90', '1');
    given.running.exchange.faults.inject({ kind: 'prevent' });
    given.running.exchange.faults.inject({ kind: 'no-quote-amount', forMs: 1000 });
    const found = bodyOf(await given.signed('GET', '/api/v3/order', { symbol: 'BTCUSDT', orderId: '1' }));
    expect(found).toMatchObject({ status: 'EXPIRED_IN_MATCH', cummulativeQuoteQty: '-1.00000000' });
    expect(given.account.fills).toEqual([]);
  });

  it('is timed by a clock that is off', async () => {
    const given = faulty({ kind: 'clock-skew', byMs: 6000, forMs: 1000 });
    expect(bodyOf(await given.limit('BUY', '90', '1')).code).toBe(-1021);
    expect(Number(bodyOf(await given.get('/api/v3/time')).serverTime)).toBe(given.clock.now() + 6000);
  });

  it('is forgotten when the venue wipes its accounts', async () => {
    const given = new Given();
    await given.place({ side: 'BUY', type: 'MARKET', quantity: '1' });
    given.running.exchange.faults.inject({ kind: 'wipe' });
    expect(given.account.orders).toEqual([]);
    expect(given.account.balance('BTC').free).toBe(amount('2'));
  });
});

/** Spot counts the changes of each book: an update begins with the id after the last one. */
const SPOT: BookRules = {
  target: '/ws/btcusdt@depth@100ms',
  snapshot: ['/api/v3/depth', 'symbol=BTCUSDT&limit=5000'],
  place: ({ U, u }, lastId) => (u <= lastId ? 'old' : U <= lastId + 1 ? 'next' : 'gap'),
};

/** Sends a random order now and then, and cancels some. */
async function tradeAtRandom(given: Given, random: Random): Promise<void> {
  const [bid, ask] = [given.market.book.best('buy')?.[0] ?? 0n, given.market.book.best('sell')?.[0] ?? 0n];
  const side = random.oneOf(['BUY', 'SELL'] as const);
  const near = (side === 'BUY' ? bid : ask) / 10n ** 10n;
  const price = `${near / 100n}.${String(near % 100n).padStart(2, '0')}`;
  const quantity = `0.${random.between(10, 99)}`;
  const orders = [
    () => given.limit(side, price, quantity),
    () => given.limit(side, price, quantity, { timeInForce: 'IOC' }),
    () => given.place({ side, type: 'MARKET', quantity }),
    () => given.signed('DELETE', '/api/v3/openOrders', { symbol: 'BTCUSDT' }),
  ];
  try {
    await random.oneOf(orders)();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}

async function misbehave(seed: number, count: number): Promise<{ digest: string; given: Given; follower: BookFollower }> {
  const given = new Given(true, seed);
  const random = new Random(seed);
  const follower = new BookFollower(given, SPOT);
  for (const { afterMs, fault } of scheduledFaults(seed, count, 5000)) {
    for (let waited = 0; waited < afterMs; waited += 500) {
      await given.clock.advance(500);
      void follower.step();
      void tradeAtRandom(given, random);
    }
    given.running.exchange.faults.inject(fault);
  }
  // The longest fault lasts two minutes.
  given.running.exchange.faults.clear();
  for (let waited = 0; waited < 200_000; waited += 1000) {
    await given.clock.advance(1000);
    await follower.step();
  }
  const state = JSON.stringify([
    exchangeState(given.running.exchange),
    bookState(given.market.book),
    follower.state,
    follower.resyncs,
  ]);
  return { digest: createHash('sha256').update(state).digest('hex'), given, follower };
}

describe('an exchange that misbehaves at random', () => {
  it('keeps its books: a client that follows has its book, and balances are what fills make of them', async () => {
    const { given, follower, digest } = await misbehave(11, 150);
    expect(follower.state).toBe(JSON.stringify(bookState(given.market.book)));
    expect(follower.resyncs).toBeGreaterThan(20);
    expect(given.account.fills.length).toBeGreaterThan(20);
    for (const asset of ['BTC', 'USDT'] as const) {
      const { free, locked } = given.account.balance(asset);
      expect(free + locked).toBe(totalOfFills(given.account, asset));
    }
    expect(faultsOfBooks(given.account)).toEqual([]);
    expect((await misbehave(11, 150)).digest).toBe(digest);
  });
});
