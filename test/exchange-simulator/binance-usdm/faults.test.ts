import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { NoAnswer } from '../../../exchange-simulator/core/venue.ts';
import { type BookState, bookState } from '../../../exchange-simulator/exchange/state.ts';
import type { Fault } from '../../../exchange-simulator/faults/fault.ts';
import { scheduledFaults } from '../../../exchange-simulator/faults/schedule.ts';
import { readRecording } from '../../../exchange-simulator/venues/binance/recording.ts';
import { USDM_FAULTS } from '../../../exchange-simulator/venues/binance-usdm/own-faults.ts';
import { BookFollower, type BookRules } from '../book-follower.ts';
import { bodyOf, Client } from '../given.ts';
import { GivenUsdm } from './given.ts';

const RECORDING = join(import.meta.dirname, '../../../data/usdm_btcusdt_20240718_head.jsonl.gz');

/** Futures count the changes of all books: after the first, an update names the id that it follows on. */
const USDM: BookRules = {
  target: '/public/ws/btcusdt@depth@100ms',
  snapshot: ['/fapi/v1/depth', 'symbol=BTCUSDT&limit=1000'],
  place({ U, u, pu }, lastId, isFirst) {
    if (!isFirst) return pu === lastId ? 'next' : 'gap';
    if (u < lastId) return 'old';
    return U <= lastId || pu === lastId ? 'next' : 'gap';
  },
};

const faulty = (fault: Fault): GivenUsdm => {
  const given = new GivenUsdm();
  given.faults.inject(fault);
  return given;
};

describe('frames', () => {
  it.each([
    ['are lost', { kind: 'gap', frames: 2, on: 'public' }, [1003, 1004]],
    ['come twice', { kind: 'duplicate', frames: 1, on: 'public' }, [1001, 1001, 1002, 1003, 1004]],
    ['are swapped', { kind: 'reorder', frames: 1, on: 'public' }, [1002, 1001, 1003, 1004]],
  ] as [string, Fault, number[]][])('%s', (_what, fault, expected) => {
    const given = faulty(fault);
    const client = new Client(given.running.venue, '/public/ws/btcusdt@depth@0ms');
    for (let count = 0; count < 4; count += 1) given.change([['100', `${count + 2}`]], []);
    expect(client.frames.map(({ u }) => u)).toEqual(expected);
  });

  it('of a deaf subscription never come, though it was acknowledged', () => {
    const given = faulty({ kind: 'deaf-subscribe', times: 1 });
    const client = new Client(given.running.venue, '/public/ws');
    client.say({ method: 'SUBSCRIBE', params: ['btcusdt@depth@0ms'], id: 1 });
    given.change([['100', '2']], []);
    expect(client.frames).toEqual([{ result: null, id: 1 }]);
  });
});

describe('a request', () => {
  it.each([
    ['rate-limited', 429, -1003],
    ['banned', 418, -1003],
    ['server-error', 502, -1000],
    ['unknown-outcome', 408, -1007],
    ['busy', 503, -1008],
    ['gone', 410, -1020],
  ] as const)('is refused once as %s: %i, %i', async (as, status, code) => {
    const given = faulty({ kind: 'refuse', operation: 'market', as, when: 'before', times: 1 });
    const answer = await given.get('/fapi/v1/depth', 'symbol=BTCUSDT');
    expect([answer.status, bodyOf(answer).code]).toEqual([status, code]);
    expect((await given.get('/fapi/v1/depth', 'symbol=BTCUSDT')).status).toBe(200);
  });

  it('is refused to every address while it is banned, and connections are too', async () => {
    const given = faulty({ kind: 'ban', forMs: 5000 });
    const answer = await given.get('/fapi/v1/time');
    expect([answer.status, answer.headers['retry-after']]).toEqual([418, '5']);
    expect(new Client(given.running.venue, '/public/ws').isOpen).toBe(false);
    await given.clock.advance(5000);
    expect(new Client(given.running.venue, '/public/ws').isOpen).toBe(true);
  });
});

describe('a restart', () => {
  it('comes without a word, cuts, answers nobody for a while, and then ids of books begin again', async () => {
    const given = new GivenUsdm();
    const client = new Client(given.running.venue, '/public/ws/btcusdt@depth@0ms');
    given.faults.inject({ kind: 'restart', downMs: 5000, isIdReset: true });
    await given.clock.advance(100);
    expect([client.isOpen, client.frames, new Client(given.running.venue, '/public/ws').isOpen]).toEqual([false, [], false]);
    await expect(given.get('/fapi/v1/time')).rejects.toThrow(NoAnswer);
    await given.clock.advance(4900);
    const again = new Client(given.running.venue, '/public/ws/btcusdt@depth@0ms');
    given.change([['100', '3']], [], 9);
    expect(again.frames).toMatchObject([{ pu: 1000, U: 1010, u: 1010 }]);
    expect(bodyOf(await given.get('/fapi/v1/depth', 'symbol=BTCUSDT'))).toMatchObject({ lastUpdateId: 1010 });
  });
});

describe('a print that is no trade', () => {
  it('takes the next trade id on the stream, and is in no aggregate, no bar and no list of trades', async () => {
    const given = new GivenUsdm();
    const trades = new Client(given.running.venue, '/public/ws/btcusdt@trade');
    const aggregates = new Client(given.running.venue, '/market/ws/btcusdt@aggTrade');
    given.trade('101', '2', false);
    given.faults.inject({ kind: 'odd-print', as: 'insurance-fund' });
    given.faults.inject({ kind: 'odd-print', as: 'empty' });
    given.trade('101', '1', false);
    given.change([['100', '2']], []);
    expect(trades.frames.map(({ t, p, q, X }) => [t, p, q, X])).toEqual([
      [1, '101.00', '2.000', 'MARKET'],
      [2, '101.00', '2.000', 'INSURANCE_FUND'],
      [3, '0.00', '0.000', ''],
      [4, '101.00', '1.000', 'MARKET'],
    ]);
    expect(aggregates.frames.map(({ f, l, q }) => [f, l, q])).toEqual([
      [1, 1, '2.000'],
      [4, 4, '1.000'],
    ]);
    const listed = JSON.parse((await given.get('/fapi/v1/trades', 'symbol=BTCUSDT')).body) as { id: number }[];
    expect(listed.map(({ id }) => id)).toEqual([1, 4]);
    const [bar] = JSON.parse((await given.get('/fapi/v1/klines', 'symbol=BTCUSDT&interval=1m&limit=1')).body) as unknown[][];
    expect([bar?.[5], bar?.[8]]).toEqual(['3.000', 2]);
  });
});

/** How many levels a side are compared: a client knows the thousand best ones of its snapshot, and what has changed since. */
const LEVELS = 200;

/** Whatever happened, the book that a client has is the market's at that id. Ids of before a reset are known no more. */
function expectTrueBook(given: GivenUsdm, follower: BookFollower): void {
  if (follower.state === '') return;
  const own = JSON.parse(follower.state) as BookState;
  const book = given.market.bookAt(own.lastId);
  if (book === undefined) return;
  const theirs = bookState(book);
  for (const side of ['bids', 'asks'] as const) expect(own[side].slice(0, LEVELS)).toEqual(theirs[side].slice(0, LEVELS));
}

async function misbehave(seed: number, count: number): Promise<{ digest: string; given: GivenUsdm; follower: BookFollower }> {
  const given = new GivenUsdm(true, seed, readRecording([RECORDING]));
  const follower = new BookFollower(given, USDM);
  for (const { afterMs, fault } of scheduledFaults(seed, count, 5000, USDM_FAULTS)) {
    for (let waited = 0; waited < afterMs; waited += 500) {
      await given.clock.advance(500);
      // An answer may be late: time does not wait for it.
      void follower.step();
    }
    expectTrueBook(given, follower);
    given.faults.inject(fault);
  }
  given.faults.clear();
  // Longer than any fault, and to the end of the minute whose weight may be spent.
  for (let waited = 0; waited < 200_000; waited += 500) {
    await given.clock.advance(500);
    await follower.step();
  }
  const state = JSON.stringify([bookState(given.market.book), given.market.trades.lastId, follower.state, follower.resyncs]);
  return { digest: createHash('sha256').update(state).digest('hex'), given, follower };
}

describe('an exchange that misbehaves at random', () => {
  it('is followed through its recording and beyond: a client that names what it follows on has its book, the same each time', async () => {
    const { given, follower, digest } = await misbehave(5, 150);
    expect((JSON.parse(follower.state) as BookState).lastId).toBe(given.market.book.lastId);
    expectTrueBook(given, follower);
    expect(follower.resyncs).toBeGreaterThan(20);
    expect((await misbehave(5, 150)).digest).toBe(digest);
  });
});
