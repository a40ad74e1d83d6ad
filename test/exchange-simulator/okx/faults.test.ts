import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formatAmount } from '../../../exchange-simulator/core/amount.ts';
import { Random } from '../../../exchange-simulator/core/random.ts';
import { NoAnswer } from '../../../exchange-simulator/core/venue.ts';
import { bookState, exchangeState } from '../../../exchange-simulator/exchange/state.ts';
import type { Fault } from '../../../exchange-simulator/faults/fault.ts';
import { scheduledFaults } from '../../../exchange-simulator/faults/schedule.ts';
import { Book } from '../../../exchange-simulator/market/book.ts';
import { checksum } from '../../../exchange-simulator/venues/okx/connections/checksum.ts';
import { OKX_FAULTS } from '../../../exchange-simulator/venues/okx/own-faults.ts';
import { faultsOfBooks, levels, totalOfFills } from '../given.ts';
import { BTC, CODE, OkxClient, OkxGiven, order } from './given.ts';

const faulty = (fault: Fault): OkxGiven => {
  const given = new OkxGiven();
  given.faults.inject(fault);
  return given;
};

const books = { channel: 'books', instId: BTC };

describe('frames', () => {
  const changed = (fault: Fault): [OkxClient, OkxGiven] => {
    const given = new OkxGiven();
    const client = new OkxClient(given, 'public');
    client.subscribe(books);
    client.frames.length = 0;
    given.faults.inject(fault);
    for (let count = 2; count < 6; count += 1) given.change([['100', `${count}`]], []);
    return [client, given];
  };
  const sizes = (client: OkxClient): string[] => client.data('books').map(({ bids }) => (bids as string[][])[0]?.[1] ?? '');

  it.each([
    ['are lost', { kind: 'gap', frames: 2, on: 'public' }, ['4', '5']],
    ['come twice', { kind: 'duplicate', frames: 1, on: 'public' }, ['2', '2', '3', '4', '5']],
    ['are swapped', { kind: 'reorder', frames: 1, on: 'public' }, ['3', '2', '4', '5']],
    [
      'are untouched by a fault of the swap',
      { kind: 'gap', frames: 2, on: 'public', stream: 'SWAP:books' },
      ['2', '3', '4', '5'],
    ],
  ] as [string, Fault, string[]][])('%s', (_what, fault, expected) => {
    expect(sizes(changed(fault)[0])).toEqual(expected);
  });

  it('of users stay away while those of markets come', async () => {
    const given = new OkxGiven();
    const [market, user] = [new OkxClient(given, 'public'), given.user()];
    market.subscribe(books);
    user.subscribe({ channel: 'orders', instType: 'SPOT' });
    given.faults.inject({ kind: 'silence', forMs: 1000, on: 'private' });
    await given.limit('buy', '99', '1');
    given.change([['100', '2']], []);
    expect([user.isOpen, user.data('orders'), market.data('books').length]).toEqual([true, [], 2]);
  });

  it('of a deaf subscription never come, though it was acknowledged', () => {
    const given = faulty({ kind: 'deaf-subscribe', times: 1 });
    const client = new OkxClient(given, 'public');
    client.subscribe(books);
    given.change([['100', '2']], []);
    expect([client.events(), client.data('books')]).toEqual([['subscribe'], []]);
  });
});

describe('the service', () => {
  it('says that it upgrades, and ends what was connected then a minute later', async () => {
    const given = new OkxGiven();
    const user = given.user();
    given.faults.inject({ kind: 'upgrade', leadMs: 60_000 });
    expect(user.frames).toMatchObject([{ event: 'notice', code: '64008' }]);
    const alive = async (client: OkxClient, ms: number) => {
      for (let passed = 0; passed < ms; passed += 10_000) {
        client.say('ping');
        await given.clock.advance(10_000);
      }
    };
    await alive(user, 50_000);
    const next = given.user();
    expect(user.isOpen).toBe(true);
    next.say('ping');
    await alive(user, 10_000);
    expect([user.isOpen, next.isOpen]).toEqual([false, true]);
  });

  it('restarts: it cuts all, answers nobody, and ids of books begin again', async () => {
    const given = new OkxGiven();
    const client = new OkxClient(given, 'public');
    client.subscribe(books);
    given.change([['100', '2']], []);
    given.faults.inject({ kind: 'restart', downMs: 5000, isIdReset: true });
    await given.clock.advance(1000);
    expect([client.isOpen, new OkxClient(given, 'public').isOpen]).toEqual([false, false]);
    await expect(given.get('/api/v5/public/time')).rejects.toThrow(NoAnswer);
    await given.clock.advance(4000);
    const again = new OkxClient(given, 'public');
    again.subscribe(books);
    expect(again.data('books')).toMatchObject([{ prevSeqId: -1, seqId: 1000 }]);
  });

  it('bans an address: the answer is a page, and no connection is accepted', async () => {
    const given = faulty({ kind: 'ban', forMs: 1000 });
    expect(await given.get('/api/v5/public/time')).toMatchObject({ status: 403, code: '' });
    expect(new OkxClient(given, 'public').isOpen).toBe(false);
    await given.clock.advance(1000);
    expect((await given.get('/api/v5/public/time')).status).toBe(200);
  });

  it('has a clock that is off', async () => {
    const given = faulty({ kind: 'clock-skew', byMs: 31_000, forMs: 1000 });
    expect((await given.get('/api/v5/public/time')).data[0]?.ts).toBe(String(given.clock.now() + 31_000));
    expect((await given.limit('buy', '99', '1')).code).toBe('50102');
    expect(given.running.exchange.submissions.count('late')).toBe(1);
  });
});

describe('an order that meets a fault', () => {
  it.each([
    ['server-error', 'before', 500, '50026', 0],
    ['server-error', 'after', 500, '50026', 1],
    ['unknown-outcome', 'before', 400, '50004', 0],
    ['unknown-outcome', 'after', 400, '50004', 1],
    ['rate-limited', 'before', 429, '50011', 0],
    ['banned', 'before', 403, '', 0],
    ['busy', 'before', 429, '50013', 0],
    ['gone', 'before', 410, '50005', 0],
  ] as const)('is answered %s %s it is looked at: %i, %s, orders %i', async (as, when, status, code, orders) => {
    const given = faulty({ kind: 'refuse', operation: 'place', as, when, times: 1 });
    expect(await given.limit('buy', '99', '1')).toMatchObject({ status, code });
    expect(given.account.orders).toHaveLength(orders);
  });

  it('is accepted, and its answer is lost; the second one is refused while the first is pending', async () => {
    const given = faulty({ kind: 'lose-answer', operation: 'place', times: 1 });
    await expect(given.limit('buy', '99', '1', { clOrdId: 'one' })).rejects.toThrow(NoAnswer);
    expect(order(await given.limit('buy', '99', '1', { clOrdId: 'one' }))[0]).toBe('51016');
    expect(given.account.orders).toHaveLength(1);
  });

  it('over WebSocket loses its connection instead of an answer, or is told that nobody knows', async () => {
    const args = (clOrdId: string) => [
      { instIdCode: CODE, tdMode: 'cash', side: 'buy', ordType: 'limit', px: '99', sz: '1', clOrdId },
    ];
    const given = faulty({ kind: 'refuse', operation: 'place', as: 'unknown-outcome', when: 'after', times: 1 });
    const user = given.user();
    user.say({ id: '1', op: 'order', args: args('a') });
    await given.clock.advance(0);
    expect(user.frames).toMatchObject([{ id: '1', op: 'order', code: '50004', data: [] }]);
    given.faults.inject({ kind: 'lose-answer', operation: 'place', times: 1 });
    user.say({ id: '2', op: 'order', args: args('b') });
    await given.clock.advance(0);
    expect([user.isOpen, user.frames.length, given.account.orders.length]).toEqual([false, 1, 2]);
  });

  it('over WebSocket loses its connection where the address is banned', async () => {
    const given = faulty({ kind: 'refuse', operation: 'cancel', as: 'banned', when: 'before', times: 1 });
    const user = given.user();
    user.say({ id: '1', op: 'cancel-order', args: [{ clOrdId: 'a' }] });
    await given.clock.advance(0);
    expect([user.isOpen, user.frames]).toEqual([false, []]);
  });

  it('that arrives after its expTime is refused, and counted as late', async () => {
    const given = faulty({ kind: 'slow-arrival', operation: 'place', byMs: 2001, times: 1 });
    const answer = given.limit('buy', '99', '1', { clOrdId: 'late' }, { exptime: String(given.clock.now() + 2000) });
    await given.clock.advance(2001);
    expect((await answer).code).toBe('50036');
    expect([given.account.orders.length, given.running.exchange.submissions.count('late')]).toEqual([0, 1]);
  });

  it('is hidden from reads for a while, though it can be cancelled', async () => {
    const given = faulty({ kind: 'hide-orders', byMs: 3000, forMs: 1000 });
    await given.limit('buy', '99', '1', { clOrdId: 'hidden' });
    const find = async () => (await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=hidden`)).code;
    expect([await find(), (await given.read('/api/v5/trade/orders-pending')).data]).toEqual(['51603', []]);
    await given.clock.advance(3000);
    expect(await find()).toBe('0');
    expect(order(await given.cancel({ clOrdId: 'hidden' }))[0]).toBe('0');
  });

  it('is filled while its user is away', async () => {
    const given = new OkxGiven();
    const [market, user] = [new OkxClient(given, 'public'), given.user()];
    await given.limit('buy', '99', '1', { clOrdId: 'away' });
    given.faults.inject({ kind: 'fill-away', forMs: 2000, isWhole: false });
    expect([market.isOpen, user.isOpen, new OkxClient(given, 'private').isOpen]).toEqual([true, false, false]);
    await given.clock.advance(2000);
    const { data } = await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=away`);
    expect(data).toMatchObject([{ state: 'partially_filled', accFillSz: '0.5' }]);
    expect((await given.read('/api/v5/trade/fills')).data).toMatchObject([{ fillSz: '0.5', execType: 'M', fee: '-0.0004' }]);
  });

  it('that is filled before its cancel arrives is filled, though the cancel was acknowledged', async () => {
    const given = faulty({ kind: 'lose-cancel-race', times: 1 });
    await given.limit('buy', '99', '1', { clOrdId: 'race' });
    expect(order(await given.cancel({ clOrdId: 'race' }))[0]).toBe('0');
    const { data } = await given.read('/api/v5/trade/order', `instId=${BTC}&clOrdId=race`);
    expect(data).toMatchObject([{ state: 'filled', accFillSz: '1', cancelSource: '' }]);
    expect(order(await given.cancel({ clOrdId: 'race' }))[0]).toBe('51400');
  });

  it('ends by self-trade prevention without a trade, and is forgotten when all accounts are', async () => {
    const given = new OkxGiven();
    await given.limit('buy', '99', '1');
    given.faults.inject({ kind: 'prevent' });
    const history = async () => (await given.read('/api/v5/trade/orders-history', 'instType=SPOT')).data;
    expect(await history()).toMatchObject([{ state: 'canceled', cancelSource: '32', accFillSz: '0' }]);
    given.faults.inject({ kind: 'wipe' });
    expect(await history()).toEqual([]);
  });
});

interface RawBook {
  readonly bids: readonly [string, string][];
  readonly asks: readonly [string, string][];
  readonly seqId: number;
  readonly prevSeqId: number;
  readonly checksum?: number;
}

const MOST_SILENT_STEPS = 20;

/** Follows the book by OKX's documented procedure, as plainly as can be, and begins again whenever it must. */
class Follower {
  readonly #given: OkxGiven;
  #client: OkxClient | undefined;
  #book: Book | undefined;
  /** Updates that came before there was a book to put them into. */
  #early: RawBook[] = [];
  #silentSteps = 0;
  resyncs = 0;
  seeded = 0;
  checked = 0;

  constructor(given: OkxGiven) {
    this.#given = given;
  }

  async step(): Promise<void> {
    if (this.#client?.isOpen !== true) {
      this.#client = new OkxClient(this.#given, 'public');
      this.#book = undefined;
      this.#early = [];
      this.#client.subscribe(books);
    }
    this.#client.say('ping');
    const pushes = this.#client.pushes('books');
    this.#silentSteps = pushes.length > 0 ? 0 : this.#silentSteps + 1;
    // A subscription that was acknowledged may be deaf, though its socket answers.
    if (this.#silentSteps === MOST_SILENT_STEPS) this.#again();
    this.#client.frames.length = 0;
    for (const { action, data } of pushes) this.#take(action === 'snapshot', (data as RawBook[])[0] as RawBook);
    if (this.#book === undefined && this.#early.length > 0) await this.#seed();
  }

  get state(): string {
    return this.#book === undefined ? '' : JSON.stringify(top(this.#book));
  }

  #take(isSnapshot: boolean, raw: RawBook): void {
    if (isSnapshot) {
      this.#begin(raw);
    } else if (this.#book === undefined) {
      this.#early.push(raw);
    } else if (raw.prevSeqId === this.#book.lastId) {
      this.#change(raw);
    } else {
      this.#again();
    }
  }

  /** To leave first is what makes OKX send a snapshot again. */
  #again(): void {
    this.#silentSteps = 0;
    this.#book = undefined;
    this.#early = [];
    this.#client?.say({ op: 'unsubscribe', args: [books] });
    this.#client?.subscribe(books);
  }

  #begin(raw: RawBook): void {
    this.#book = new Book();
    this.#book.replace(levels(...raw.bids), levels(...raw.asks), raw.seqId);
    this.#early = [];
    this.resyncs += 1;
  }

  #change(raw: RawBook): void {
    this.#book?.change(levels(...raw.bids.map(pair)), levels(...raw.asks.map(pair)), raw.seqId);
    if (raw.checksum === 0 || this.#book === undefined) return;
    const { bids, asks } = bookState(this.#book);
    expect(checksum(bids, asks)).toBe(raw.checksum);
    this.checked += 1;
  }

  /** There was no snapshot: one over REST that lies within what has come is put beneath it. */
  async #seed(): Promise<void> {
    try {
      const { code, data } = await this.#given.get('/api/v5/market/books', `instId=${BTC}&sz=400&source=0`);
      const first = this.#early[0];
      const seed = data[0] as unknown as RawBook | undefined;
      if (code !== '0' || first === undefined || seed === undefined || seed.seqId < first.prevSeqId) return;
      const later = this.#early.filter(({ seqId }) => seqId > seed.seqId);
      if (later[0] !== undefined && later[0].prevSeqId > seed.seqId) return;
      this.#begin(seed);
      this.seeded += 1;
      for (const raw of later) this.#change(raw);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
  }
}

function pair([price, size]: readonly string[]): [string, string] {
  return [price ?? '', size ?? ''];
}

/** What the channel has of a book: 400 levels a side. */
function top(book: Book): unknown {
  const best = new Book();
  best.replace(book.top('buy', 400), book.top('sell', 400), book.lastId);
  return bookState(best);
}

/** Sends a random order now and then, and cancels some. */
async function tradeAtRandom(given: OkxGiven, random: Random): Promise<void> {
  const side = random.oneOf(['buy', 'sell'] as const);
  const near = given.market.book.best(side)?.[0] ?? 0n;
  const [px, sz] = [formatAmount(near, 1), `0.${random.between(10, 99)}`];
  const orders = [
    () => given.limit(side, px, sz),
    () => given.place({ side, ordType: 'ioc', px, sz }),
    () => given.place({ side, ordType: 'post_only', px, sz }),
    () => given.place({ side, ordType: 'market', sz, tgtCcy: 'base_ccy' }),
    async () => {
      const [open] = given.account.openOrders();
      if (open !== undefined) await given.cancel({ ordId: `24${String(open.id).padStart(17, '0')}` });
    },
  ];
  try {
    await random.oneOf(orders)();
  } catch (error) {
    if (!(error instanceof NoAnswer)) throw error;
  }
}

async function misbehave(seed: number, count: number): Promise<{ digest: string; given: OkxGiven; follower: Follower }> {
  const given = new OkxGiven(true, seed);
  const random = new Random(seed);
  const follower = new Follower(given);
  for (const { afterMs, fault } of scheduledFaults(seed, count, 4000, OKX_FAULTS)) {
    for (let waited = 0; waited < afterMs; waited += 500) {
      await given.clock.advance(500);
      void follower.step();
      void tradeAtRandom(given, random);
    }
    given.faults.inject(fault);
  }
  given.faults.clear();
  for (let waited = 0; waited < 90_000; waited += 1000) {
    await given.clock.advance(1000);
    await follower.step();
  }
  given.running.stop();
  const { exchange } = given.running;
  const state = JSON.stringify([exchangeState(exchange), bookState(given.market.book), follower.state, follower.resyncs]);
  return { digest: createHash('sha256').update(state).digest('hex'), given, follower };
}

describe('OKX that misbehaves at random', () => {
  it('keeps its books: a client that follows has its book, and balances are what fills make of them', async () => {
    const { given, follower, digest } = await misbehave(5, 90);
    expect(follower.state === JSON.stringify(top(given.market.book))).toBe(true);
    expect(follower.resyncs).toBeGreaterThan(15);
    expect(follower.seeded).toBeGreaterThan(0);
    expect(follower.checked).toBeGreaterThan(50);
    expect(given.account.fills.length).toBeGreaterThan(20);
    for (const asset of ['BTC', 'USDT'] as const) {
      const { free, locked } = given.account.balance(asset);
      expect(free + locked).toBe(totalOfFills(given.account, asset));
    }
    expect(faultsOfBooks(given.account)).toEqual([]);
    expect((await misbehave(5, 90)).digest).toBe(digest);
  });
});
