import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { amount } from '../../../exchange-simulator/core/amount.ts';
import { Random } from '../../../exchange-simulator/core/random.ts';
import { NoAnswer } from '../../../exchange-simulator/core/venue.ts';
import { bookState, exchangeState } from '../../../exchange-simulator/exchange/state.ts';
import type { Fault } from '../../../exchange-simulator/faults/fault.ts';
import { scheduledFaults } from '../../../exchange-simulator/faults/schedule.ts';
import { Book } from '../../../exchange-simulator/market/book.ts';
import type { MarketEvent } from '../../../exchange-simulator/market/market-event.ts';
import { SPOT } from '../../../exchange-simulator/venues/bybit/listing.ts';
import { BYBIT_FAULTS } from '../../../exchange-simulator/venues/bybit/own-faults.ts';
import { firstBook } from '../../../exchange-simulator/venues/bybit/standard.ts';
import { Client, faultsOfBooks, levels, START, totalOfFills } from '../given.ts';
import { type Answer, GivenBybit, told } from './given.ts';

const faulty = (fault: Fault): GivenBybit => {
  const given = new GivenBybit();
  given.faults.inject(fault);
  return given;
};

const TOPIC = 'orderbook.50.BTCUSDT';
const FIRST = 18_521_288;
const ids = (client: Client): unknown[] => told(client, TOPIC).map(({ u }) => u);

describe('frames', () => {
  it.each([
    ['are lost, the first snapshot too', { kind: 'gap', frames: 2, on: 'public' }, [2, 3]],
    ['come twice', { kind: 'duplicate', frames: 1, on: 'public' }, [0, 0, 1, 2, 3]],
    ['are swapped', { kind: 'reorder', frames: 1, on: 'public' }, [1, 0, 2, 3]],
    ['are untouched by a fault of private ones', { kind: 'gap', frames: 2, on: 'private' }, [0, 1, 2, 3]],
    ['are untouched by a fault of another topic', { kind: 'gap', frames: 2, on: 'public', stream: 'tickers' }, [0, 1, 2, 3]],
  ] as [string, Fault, number[]][])('%s', async (_what, fault, expected) => {
    const given = faulty(fault);
    const client = given.follow('spot', TOPIC);
    for (let count = 0; count < 3; count += 1) {
      await given.clock.advance(100);
      given.change([['100', `${count + 2}`]], []);
    }
    expect(ids(client)).toEqual(expected.map((offset) => FIRST + offset));
  });

  it('come late, in order; and stay away while the socket lives', async () => {
    const given = faulty({ kind: 'delay', byMs: 300, forMs: 150, on: 'public' });
    const late = given.follow('spot', TOPIC);
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    await given.clock.advance(100);
    given.change([['100', '3']], []);
    expect(ids(late)).toEqual([]);
    await given.clock.advance(200);
    expect(ids(late)).toEqual([FIRST, FIRST + 1, FIRST + 2]);
    given.faults.inject({ kind: 'silence', forMs: 1000, on: 'public' });
    given.change([['100', '4']], []);
    await given.clock.advance(1000);
    given.change([['100', '5']], []);
    expect([late.isOpen, ids(late).slice(3)]).toEqual([true, [FIRST + 4]]);
  });

  it('of a deaf subscription never come, public or private, though it was acknowledged', async () => {
    const given = faulty({ kind: 'deaf-subscribe', times: 1 });
    const client = given.follow('spot', TOPIC);
    given.faults.inject({ kind: 'deaf-subscribe', times: 1 });
    const user = given.logOn('/v5/private');
    user.say({ op: 'subscribe', args: ['order'] });
    await given.limit('Buy', '90', '1');
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    expect(client.frames).toMatchObject([{ success: true }]);
    expect(user.frames).toMatchObject([{ success: true }, { success: true }]);
    user.say({ op: 'subscribe', args: ['order'] });
    await given.limit('Buy', '90', '1');
    await given.clock.advance(1);
    expect(told(user, 'order')).toHaveLength(1);
  });

  it('of users are silent while market data live', async () => {
    const given = faulty({ kind: 'silence', forMs: 1000, on: 'private' });
    const [client, user] = [given.follow('spot', TOPIC), given.listen('order', 'execution', 'wallet')];
    await given.limit('Buy', '101', '1');
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    expect([user.frames, ids(client)]).toEqual([[], [FIRST, FIRST + 1]]);
    expect((await given.ask('GET', '/v5/execution/list', { category: 'spot' })).result.list).toHaveLength(1);
  });
});

describe('connections', () => {
  it('are cut and refused by a restart; then update ids begin at 1, and closed orders are forgotten', async () => {
    const given = new GivenBybit();
    const [client, trading] = [given.follow('spot', TOPIC), given.logOn('/v5/trade')];
    await given.limit('Buy', '101', '1', { orderLinkId: 'closed' });
    await given.limit('Buy', '90', '1', { orderLinkId: 'open' });
    await given.clock.advance(100);
    given.change([['100', '2']], []);
    given.faults.inject({ kind: 'restart', downMs: 5000, isIdReset: true });
    const order = { category: 'spot', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Limit', price: '90', qty: '1' };
    trading.say({ op: 'order.create', args: [order], header: { 'X-BAPI-TIMESTAMP': String(given.clock.now()) } });
    await given.clock.advance(50);
    expect(trading.frames.at(-1)).toMatchObject({ retCode: 10019 });
    await given.clock.advance(50);
    expect([client.isOpen, new Client(given.running.venue, '/v5/public/spot').isOpen]).toEqual([false, false]);
    await expect(given.get('/v5/market/time')).rejects.toThrow(NoAnswer);
    await given.clock.advance(4900);
    const again = given.follow('spot', TOPIC, 'orderbook.200.BTCUSDT');
    given.change([['100', '3']], []);
    await given.clock.advance(1);
    expect(told(again, TOPIC)).toMatchObject([
      {
        u: 1,
        seq: 1000,
        b: [
          ['100', '2'],
          ['99', '1'],
          ['98', '1'],
        ],
      },
      { u: 2, seq: 1001, b: [['100', '3']] },
    ]);
    expect(told(again, 'orderbook.200.BTCUSDT')).toMatchObject([{ u: 1 }]);
    const known = async (orderLinkId: string, path: 'realtime' | 'history') =>
      ((await given.orders(path, { orderLinkId })).result.list ?? []).length;
    expect([await known('closed', 'realtime'), await known('open', 'realtime'), await known('closed', 'history')]).toEqual([
      0, 1, 1,
    ]);
    expect((await given.cancel({ orderLinkId: 'closed' })).retCode).toBe(170213);
  });

  it('of users alone are cut, while an open order is filled', async () => {
    const given = new GivenBybit();
    const [market, user] = [given.follow('spot', TOPIC), given.listen('order')];
    await given.limit('Buy', '90', '1');
    given.faults.inject({ kind: 'fill-away', forMs: 2000, isWhole: false });
    expect([market.isOpen, user.isOpen, new Client(given.running.venue, '/v5/private').isOpen]).toEqual([true, false, false]);
    await given.clock.advance(2000);
    expect((await given.orders('realtime')).result.list).toMatchObject([{ orderStatus: 'PartiallyFilled', cumExecQty: '0.5' }]);
    expect((await given.ask('GET', '/v5/execution/list', { category: 'spot' })).result.list).toMatchObject([
      { execQty: '0.5', isMaker: true },
    ]);
    expect(given.logOn('/v5/private').isOpen).toBe(true);
  });
});

describe('an order', () => {
  const order = { category: 'spot', symbol: 'BTCUSDT', side: 'Buy', orderType: 'Limit', price: '90', qty: '1' };

  it.each([
    ['server-error', 'before', 502, undefined, 0],
    ['server-error', 'after', 502, undefined, 1],
    ['unknown-outcome', 'before', 200, 170146, 0],
    ['unknown-outcome', 'after', 200, 170146, 1],
    ['rate-limited', 'before', 200, 10006, 0],
    ['banned', 'before', 403, undefined, 0],
    ['busy', 'before', 429, 10429, 0],
    ['gone', 'before', 410, 10017, 0],
  ] as const)('is answered %s %s it is looked at: %i, %s, orders %i', async (as, when, status, code, orders) => {
    const given = faulty({ kind: 'refuse', operation: 'place', as, when, times: 1 });
    const answer = await given.signed('POST', '/v5/order/create', order);
    const isJson = answer.body.startsWith('{');
    expect([answer.status, isJson ? (JSON.parse(answer.body) as Answer).retCode : undefined]).toEqual([status, code]);
    expect(given.account.orders).toHaveLength(orders);
    expect((await given.limit('Buy', '90', '1')).retCode).toBe(0);
  });

  it('is told of another outcome over the socket: what stands before the exchange has codes there', async () => {
    const given = new GivenBybit();
    const client = given.logOn('/v5/trade');
    for (const [as, retCode] of [
      ['server-error', 10016],
      ['banned', 10403],
      ['unknown-outcome', 170146],
    ] as const) {
      given.faults.inject({ kind: 'refuse', operation: 'place', as, when: 'before', times: 1 });
      client.say({ op: 'order.create', args: [order], header: { 'X-BAPI-TIMESTAMP': String(given.clock.now()) } });
      await given.clock.advance(1);
      expect(client.frames.at(-1)).toMatchObject({ retCode });
    }
    given.faults.inject({ kind: 'lose-answer', operation: 'place', times: 1 });
    client.say({ op: 'order.create', args: [order], header: { 'X-BAPI-TIMESTAMP': String(given.clock.now()) } });
    await given.clock.advance(1);
    expect([client.isOpen, given.account.orders.length]).toEqual([false, 1]);
  });

  it('is accepted though its answer was lost, and sent again it is refused: evidence of the first', async () => {
    const given = faulty({ kind: 'lose-answer', operation: 'place', times: 1 });
    await expect(given.limit('Buy', '90', '1', { orderLinkId: 'lost' })).rejects.toThrow(NoAnswer);
    expect((await given.limit('Buy', '90', '1', { orderLinkId: 'lost' })).retCode).toBe(170141);
    await given.cancel({ orderLinkId: 'lost' });
    await given.clock.advance(10);
    expect((await given.limit('Buy', '90', '1', { orderLinkId: 'lost' })).retCode).toBe(170141);
    expect(given.running.exchange.submissions.acceptedTwice()).toEqual([]);
  });

  it('that arrives after its own time is refused, and counted as late', async () => {
    const given = faulty({ kind: 'slow-arrival', operation: 'place', byMs: 5001, times: 1 });
    const answer = given.limit('Buy', '90', '1', { orderLinkId: 'late' });
    await given.clock.advance(6000);
    expect((await answer).retCode).toBe(10002);
    expect(given.running.exchange.submissions.all).toMatchObject([{ outcome: 'late', clientId: 'late', account: 1 }]);
    expect(given.account.orders).toEqual([]);
  });

  it('is acknowledged, and then rejected: no balance is held, and its id is spent', async () => {
    const given = faulty({ kind: 'reject-later', times: 1 });
    const client = given.listen('order');
    const answer = await given.limit('Buy', '90', '1', { orderLinkId: 'no' });
    expect(answer.retCode).toBe(0);
    await given.clock.advance(1);
    expect(told(client, 'order')).toMatchObject([
      { orderStatus: 'Rejected', rejectReason: 'EC_InvalidSymbolStatus', orderLinkId: 'no' },
    ]);
    expect(given.account.balance('USDT').locked).toBe(0n);
    expect(given.running.exchange.submissions.count('refused')).toBe(1);
    expect((await given.limit('Buy', '90', '1', { orderLinkId: 'no' })).retCode).toBe(170141);
  });

  it('that is filled before its cancel arrives is told of as filled twice, and is filled once', async () => {
    const given = faulty({ kind: 'lose-cancel-race', times: 1 });
    const client = given.listen('order', 'execution');
    const placed = await given.limit('Buy', '90', '1');
    expect((await given.cancel({ orderId: placed.result.orderId })).retCode).toBe(0);
    await given.clock.advance(10);
    expect(
      told(client, 'order').map(({ orderStatus, cancelType, rejectReason }) => [orderStatus, cancelType, rejectReason]),
    ).toEqual([
      ['New', 'UNKNOWN', 'EC_NoError'],
      ['Filled', 'UNKNOWN', 'EC_NoError'],
      ['Filled', 'CancelByUser', 'EC_OrigClOrdIDDoesNotExist'],
    ]);
    expect(told(client, 'execution')).toHaveLength(1);
    expect(given.account.fills).toHaveLength(1);
  });

  it('may lose that race without any fault', async () => {
    const given = new GivenBybit();
    const client = given.listen('order');
    const placed = await given.limit('Buy', '90', '1');
    await given.cancel({ orderId: placed.result.orderId });
    await given.clock.advance(2);
    given.trade('89', '5', true);
    await given.clock.advance(10);
    expect(told(client, 'order').at(-1)).toMatchObject({ orderStatus: 'Filled', rejectReason: 'EC_OrigClOrdIDDoesNotExist' });
  });

  it('is hidden from reads for a while', async () => {
    const given = faulty({ kind: 'hide-orders', byMs: 3000, forMs: 1000 });
    await given.limit('Buy', '90', '1', { orderLinkId: 'hidden' });
    const found = async () => (await given.orders('realtime', { orderLinkId: 'hidden' })).result.list ?? [];
    expect(await found()).toEqual([]);
    await given.clock.advance(3000);
    expect(await found()).toHaveLength(1);
  });

  it('is refused while the market is closed, and cancels pass', async () => {
    const given = new GivenBybit();
    await given.limit('Buy', '90', '1', { orderLinkId: 'old' });
    given.faults.inject({ kind: 'market-status', status: 'cancel-only', forMs: 1000 });
    expect((await given.limit('Buy', '90', '1')).retCode).toBe(170157);
    expect((await given.read('/v5/market/instruments-info', 'category=spot')).list).toEqual([]);
    expect((await given.cancel({ orderLinkId: 'old' })).retCode).toBe(0);
    await given.clock.advance(1000);
    expect((await given.orders('realtime')).result.list).toEqual([]);
    expect((await given.limit('Buy', '90', '1')).retCode).toBe(0);
  });

  it('ends by self-trade prevention without a trade', async () => {
    const given = new GivenBybit();
    const client = given.listen('order', 'execution');
    await given.limit('Buy', '90', '1');
    given.faults.inject({ kind: 'prevent' });
    await given.clock.advance(1);
    expect(told(client, 'order').at(-1)).toMatchObject({
      orderStatus: 'Cancelled',
      cancelType: 'CancelBySmp',
      rejectReason: 'EC_BySelfMatch',
    });
    expect(told(client, 'execution')).toEqual([]);
  });

  it('is timed by a clock that is off, and forgotten where the venue wipes its accounts', async () => {
    const given = faulty({ kind: 'clock-skew', byMs: 6000, forMs: 1000 });
    expect((await given.limit('Buy', '90', '1')).retCode).toBe(10002);
    expect(Number((await given.read('/v5/market/time')).timeSecond) * 1000).toBe(given.clock.now() + 6000);
    await given.clock.advance(1000);
    await given.limit('Buy', '101', '1');
    given.faults.inject({ kind: 'wipe' });
    expect((await given.orders('history')).result.list).toEqual([]);
    expect(given.account.balance('BTC').free).toBe(amount('2'));
  });
});

describe('funding', () => {
  it('comes as an execution of a derivative, changes the wallet, and is no fill', async () => {
    const given = new GivenBybit();
    const client = given.listen('execution', 'wallet');
    given.faults.inject({ kind: 'funding' });
    await given.clock.advance(1);
    expect(told(client, 'execution')).toMatchObject([{ category: 'linear', execType: 'Funding', execFee: '0.05' }]);
    expect(told(client, 'wallet')[0]?.coin).toContainEqual(expect.objectContaining({ coin: 'USDT', walletBalance: '99999.95' }));
    const list = async (more: Record<string, string>) => (await given.ask('GET', '/v5/execution/list', more)).result.list;
    expect(await list({ category: 'linear' })).toEqual(told(client, 'execution'));
    expect(await list({ category: 'linear', execType: 'Trade' })).toEqual([]);
    expect(await list({ category: 'spot' })).toEqual([]);
    expect(given.account.fills).toEqual([]);
  });
});

/** Follows a depth by Bybit's rules: a snapshot replaces, `u` rises by one, and after a gap it subscribes anew. */
class Follower {
  readonly #given: GivenBybit;
  readonly #topic: string;
  #client: Client | undefined;
  #book: Book | undefined;
  #u = 0;
  #since = 0;
  resyncs = 0;

  constructor(given: GivenBybit, topic: string) {
    this.#given = given;
    this.#topic = topic;
  }

  step(): void {
    const now = this.#given.clock.now();
    if (this.#client?.isOpen !== true) this.#begin(new Client(this.#given.running.venue, '/v5/public/spot'));
    const frames = (this.#client as Client).frames.splice(0);
    for (const { topic, type, data } of frames) if (topic === this.#topic) this.#take(String(type), data as never);
    if (this.#book !== undefined && frames.length > 0) this.#since = now;
    if (now - this.#since > 2000) this.#begin(this.#client as Client);
  }

  get state(): string {
    return this.#book === undefined ? '' : JSON.stringify(bookState(this.#book));
  }

  #begin(client: Client): void {
    this.#client = client;
    this.#book = undefined;
    this.#since = this.#given.clock.now();
    this.resyncs += 1;
    client.frames.length = 0;
    client.say({ op: 'unsubscribe', args: [this.#topic] });
    client.say({ op: 'subscribe', args: [this.#topic] });
  }

  #take(type: string, { b, a, u, seq }: { b: [string, string][]; a: [string, string][]; u: number; seq: number }): void {
    if (type === 'snapshot') {
      this.#book = new Book();
      this.#book.replace(levels(...b), levels(...a), seq);
    } else if (this.#book === undefined) {
      return;
    } else if (u !== this.#u + 1) {
      this.#begin(this.#client as Client);
      return;
    } else {
      this.#book.change(levels(...b), levels(...a), seq);
    }
    this.#u = u;
  }
}

async function tradeAtRandom(given: GivenBybit, random: Random): Promise<void> {
  const side = random.oneOf(['Buy', 'Sell'] as const);
  const touch = given.spot.book.best(side === 'Buy' ? 'buy' : 'sell')?.[0] ?? 0n;
  const price = `${touch / 10n ** 12n}.${(touch / 10n ** 11n) % 10n}`;
  const qty = `0.${random.between(10, 99)}`;
  try {
    await random.oneOf([
      () => given.limit(side, price, qty),
      () => given.limit(side, price, qty, { timeInForce: random.oneOf(['IOC', 'FOK', 'PostOnly']) }),
      () => given.place({ side, orderType: 'Market', qty, marketUnit: 'baseCoin' }),
      () => given.ask('POST', '/v5/order/cancel-all', { category: 'spot' }),
    ])();
  } catch (error) {
    // What stands before the exchange answers no JSON.
    if (!(error instanceof NoAnswer) && !(error instanceof SyntaxError)) throw error;
  }
}

async function misbehave(seed: number, count: number): Promise<{ digest: string; given: GivenBybit; follower: Follower }> {
  const given = new GivenBybit(true, seed, firstBook(SPOT, START, seed) as MarketEvent);
  const random = new Random(seed);
  const follower = new Follower(given, TOPIC);
  for (const { afterMs, fault } of scheduledFaults(seed, count, 5000, BYBIT_FAULTS)) {
    for (let waited = 0; waited < afterMs; waited += 500) {
      await given.clock.advance(500);
      follower.step();
      void tradeAtRandom(given, random);
    }
    given.faults.inject(fault);
  }
  given.faults.clear();
  // The longest wait of the follower, and of what was delayed.
  for (let waited = 0; waited < 40_000; waited += 500) {
    await given.clock.advance(500);
    follower.step();
  }
  const { exchange } = given.running;
  const state = JSON.stringify([exchangeState(exchange), bookState(given.spot.book), follower.state, follower.resyncs]);
  given.running.stop();
  return { digest: createHash('sha256').update(state).digest('hex'), given, follower };
}

describe('a Bybit that misbehaves at random', () => {
  it('keeps its books: a client that follows has its book, and balances are what fills and funding make of them', async () => {
    const { given, follower, digest } = await misbehave(11, 120);
    const { bids, asks, lastId } = bookState(given.spot.book);
    expect(follower.state).toBe(JSON.stringify({ lastId, bids: bids.slice(0, 50), asks: asks.slice(0, 50) }));
    expect(follower.resyncs).toBeGreaterThan(20);
    expect(given.account.fills.length).toBeGreaterThan(20);
    const fundings = given.faults.injected.filter(({ kind }) => kind === 'funding').length;
    const paid = { BTC: 0n, USDT: BigInt(fundings) * amount('0.05') };
    for (const asset of ['BTC', 'USDT'] as const) {
      const { free, locked } = given.account.balance(asset);
      expect(free + locked).toBe(totalOfFills(given.account, asset) - paid[asset]);
    }
    expect(faultsOfBooks(given.account)).toEqual([]);
    expect(given.running.exchange.submissions.acceptedTwice()).toEqual([]);
    expect((await misbehave(11, 120)).digest).toBe(digest);
  });
});
