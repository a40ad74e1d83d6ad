/** Every message of a recording of OKX or Bybit is counted once, by its kind, whatever the frames are and wherever they are torn. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import { recordingFeed } from '../../../src/adapters/recordings/recording.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { RecordingError } from '../../../src/ports/feed.ts';
import { MIDNIGHT, SECONDS_FEED } from '../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../support/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'venue-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A frame of an event at a time, the kind under which its messages count, and how many they are. */
interface Made {
  readonly kind: string;
  readonly messages: number;
  readonly frame: (time: number) => object | string;
}

const id = fc.integer({ min: 1, max: 30 });
const levels = fc.constantFrom<string[][]>(
  [],
  [['100.00', '1']],
  [
    ['100.00', '0'],
    ['99.99', '2'],
  ],
  [['101.00', '5']],
);
const made = (kind: string, frame: Made['frame'], messages = 1): Made => ({ kind, messages, frame });

const okxArg = (channel: string) => ({ arg: { channel, instId: 'BTCUSDT' } });
const okxBook = fc
  .record({ id, previous: id, isSnapshot: fc.boolean(), bids: levels, checksum: fc.constantFrom(0, 0, 5) })
  .map(({ isSnapshot, bids, checksum, ...ids }) =>
    made(isSnapshot ? 'snapshot' : 'depthUpdate', (time) => {
      const links = { prevSeqId: isSnapshot ? -1 : ids.previous, seqId: ids.id };
      const data = [{ bids, asks: [['102.00', '1']], ts: `${time}`, checksum, ...links }];
      return { ...okxArg('books'), action: isSnapshot ? 'snapshot' : 'update', data };
    }),
  );
const okxTrade = fc
  .record({ id: fc.integer({ min: 5, max: 40 }), count: fc.integer({ min: 1, max: 5 }) })
  .map(({ id: tradeId, count }) =>
    made(
      'trade',
      (time) => ({
        ...okxArg('trades'),
        data: [{ tradeId: `${tradeId}`, px: '100.50', sz: '1', ts: `${time}`, count: `${count}` }],
      }),
      count,
    ),
  );
const OKX = fc.oneof(
  { weight: 5, arbitrary: okxBook },
  { weight: 4, arbitrary: okxTrade },
  fc.constantFrom(
    made('tickers', () => okxArg('tickers')),
    made('event', () => ({ event: 'notice', code: '64008' })),
    made('pong', () => 'pong'),
    made('other', () => okxArg('sentiment')),
    made('trade', () => ({ ...okxArg('trades'), data: [{}] })),
    made('depthUpdate', () => ({ ...okxArg('books'), data: 7 })),
    made('unreadable', () => '{"arg":{"ch'),
  ),
);

const bybitBook = fc.record({ id, isSnapshot: fc.boolean(), bids: levels }).map(({ id: u, isSnapshot, bids }) =>
  made(isSnapshot || u === 1 ? 'snapshot' : 'depthUpdate', (time) => {
    const data = { s: 'BTCUSDT', b: bids, a: [['102.00', '1']], u };
    return { topic: 'orderbook.50.BTCUSDT', type: isSnapshot ? 'snapshot' : 'delta', ts: time, data };
  }),
);
const bybitTrades = fc
  .array(fc.record({ i: fc.constantFrom('a', 'b', 'c', 'd'), BT: fc.boolean() }), { minLength: 1, maxLength: 4 })
  .map((trades) =>
    made(
      'trade',
      (time) => {
        const data = trades.map((trade) => ({ T: time, s: 'BTCUSDT', v: '1', p: '100.50', ...trade }));
        return { topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: time, data };
      },
      trades.length,
    ),
  );
const BYBIT = fc.oneof(
  { weight: 5, arbitrary: bybitBook },
  { weight: 4, arbitrary: bybitTrades },
  fc.constantFrom(
    made('orderbook', () => ({ topic: 'orderbook.1.BTCUSDT' })),
    made('event', () => ({ success: true, op: 'subscribe' })),
    made('other', () => ({ topic: 'sentiment.BTCUSDT' })),
    made('trade', () => ({ topic: 'publicTrade.BTCUSDT', data: [{ s: 'BTCUSDT' }] })),
    made('depthUpdate', () => ({ topic: 'orderbook.50.BTCUSDT', type: 'delta' })),
    made('unreadable', () => '{"topic":"orderb'),
  ),
);

it.each([
  ['okx', OKX],
  ['bybit', BYBIT],
])('counts add up to the messages, by kind, for any mixture of frames of %s', async (venue, frames) => {
  const sent = fc.record({
    made: frames,
    /** Most follow each other; some come late, some are far ahead. */
    time: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -4_000, max: 100_000 })),
    receivedStep: fc.oneof({ weight: 8, arbitrary: fc.constant(100) }, fc.integer({ min: -9_000, max: 9_000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 1, maxLength: 80 }), fc.boolean(), async (all, hasDepth) => {
      let now = MIDNIGHT;
      const expected = new Map<string, number>();
      const lines = all.map(({ made: { kind, messages, frame }, time, receivedStep }) => {
        now += receivedStep;
        expected.set(kind, (expected.get(kind) ?? 0) + messages);
        const text = frame(now + time);
        return `${now}000000 ${typeof text === 'string' ? text : JSON.stringify(text)}`;
      });
      const file = join(folder, `${venue}.jsonl`);
      writeFileSync(file, [`${MIDNIGHT}000000 {}`, ...lines].join('\n'));
      expected.set('unreadable', (expected.get('unreadable') ?? 0) + 1);
      const tally = new Tally();
      let received = 0;
      const noteFrames = (more: number): void => {
        received += more;
      };
      const { depth: _, ...tradesOnly } = SECONDS_FEED;
      const feed = { ...(hasDepth ? SECONDS_FEED : tradesOnly), venue };
      const meter = { noteFrames, noteTime: () => {}, monotonic: () => 0 };
      let failure: unknown;
      try {
        for await (const _batch of recordingFeed([file], feed, { ...BTCUSDT, venue }).evidence({ tally, meter }));
      } catch (error) {
        failure = error;
      }
      const counted = [...tally.frames].map(([kind, { used, refused, dropped, unused }]) => [
        kind,
        used + refused + dropped + unused,
      ]);
      expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
      expect(received).toBe([...expected.values()].reduce((sum, messages) => sum + messages, 0));
      if (tally.total('used') === 0) expect(failure).toBeInstanceOf(RecordingError);
      else expect(failure).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});
