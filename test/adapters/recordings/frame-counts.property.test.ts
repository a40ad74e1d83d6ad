/** Every frame or candle that is read is counted once, as used, refused, dropped or of no use, whatever the frames are. */

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

const folder = mkdtempSync(join(tmpdir(), 'frame-counts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const levels = fc.constantFrom('[]', '[["100.00","1"]]', '[["100.00","0"],["99.99","2"]]', '[["101.00","5"]]');
const stream = (name: string, data: string) => `{"stream":"btcusdt@${name}","data":{${data}}}`;

/** The text of a frame of an event so many ms after midnight, and the kind under which it counts. */
type Made = readonly [kind: string, text: (time: number) => string];

const ids = fc.integer({ min: 1, max: 60 });
const depth = fc
  .record({ first: ids, more: fc.integer({ min: 0, max: 3 }), b: levels, pu: fc.option(ids, { freq: 6 }) })
  .map(({ first, more, b, pu }): Made => {
    const previous = pu === null ? '' : `"pu":${pu},`;
    const fields = `"s":"BTCUSDT","U":${first},"u":${first + more},${previous}"b":${b},"a":[["102.00","1"]]`;
    return ['depthUpdate', (time) => stream('depth@100ms', `"e":"depthUpdate","E":${time},${fields}`)];
  });
const trade = fc.record({ id: ids, more: fc.constantFrom('', '"X":"INSURANCE_FUND",') }).map(({ id, more }): Made => {
  const fields = `"s":"BTCUSDT","t":${id},"p":"100.50","q":"1",${more}"m":true,"M":true`;
  return ['trade', (time) => stream('trade', `"e":"trade","E":${time},"T":${time},${fields}`)];
});
const snapshot = fc
  .record({ id: ids, bids: levels })
  .map(({ id, bids }): Made => ['snapshot', () => `{"lastUpdateId":${id},"bids":${bids},"asks":[["103.00","1"]]}`]);
const other = fc.constantFrom<Made>(
  ['bookTicker', () => stream('bookTicker', '"u":1,"s":"BTCUSDT"')],
  ['aggTrade', () => stream('aggTrade', '"e":"aggTrade"')],
  ['kline', () => stream('kline_1m', '"e":"kline"')],
  ['partialDepth', () => stream('depth20@100ms', '"lastUpdateId":5')],
  ['other', () => stream('sentiment', '"e":"?"')],
  ['trade', () => stream('trade', '"e":"trade","s":"ETHUSDT"')],
  ['depthUpdate', () => stream('depth', '"e":"depthUpdate","s":"BTCUSDT"')],
  ['snapshot', () => '{"lastUpdateId":"x"}'],
  ['unreadable', () => '{"stream":"btcusdt@trade","data":{"e"'],
  ['unreadable', () => '{"result":null}'],
);
const frame = fc.record({
  made: fc.oneof({ weight: 5, arbitrary: depth }, { weight: 4, arbitrary: trade }, snapshot, other),
  /** Most follow each other; some come late, some are far ahead. */
  time: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -4_000, max: 100_000 })),
  receivedStep: fc.oneof({ weight: 8, arbitrary: fc.constant(100) }, fc.integer({ min: -9_000, max: 9_000 })),
  isBlankAfter: fc.boolean(),
});

it('counts add up to the candles, read from one file or two', async () => {
  const { depth: _, ...noDepth } = SECONDS_FEED;
  const row = fc.record({
    step: fc.constantFrom(0, 1, 1, 1, 2),
    change: fc.constantFrom('', '', '', ',7', 'x', '-'),
    second: fc.constantFrom('59', '59', '59', '30'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 30 }), fc.nat(), fc.boolean(), async (rows, cut, lastIsWhole) => {
      let minute = 0;
      const texts = rows.map(({ step, change, second }) => {
        minute += step;
        const time = `2024-12-01 00:${String(minute).padStart(2, '0')}:${second}.999000+00:00`;
        return `10,12,9,11,${change === '-' ? '-1' : '0.5'},5.25,3,${time}${change === '-' ? '' : change}`;
      });
      const parts = [texts.slice(0, cut % texts.length), texts.slice(cut % texts.length)].filter((part) => part.length > 0);
      const header = 'open,high,low,close,volume,quote_volume,trades,close_datetime';
      const files = parts.map((part, i) => {
        const file = join(folder, `candles-${i}.csv`);
        writeFileSync(file, [header, ...part].join('\n'));
        return file;
      });
      const tally = new Tally();
      const feed = recordingFeed(files, { ...noDepth, bars: '1m', rollups: [], lastIsWhole }, BTCUSDT);
      try {
        for await (const _batch of feed.evidence({ tally }));
      } catch (error) {
        expect(error).toBeInstanceOf(RecordingError);
        // A file that is refused as a whole is not counted.
        if (tally.frames.size === 0) return;
      }
      const [used, refused, dropped, unused] = (['used', 'refused', 'dropped', 'unused'] as const).map((fate) =>
        tally.total(fate),
      );
      expect([...tally.frames.keys()]).toEqual(['candle']);
      expect((used ?? 0) + (refused ?? 0) + (dropped ?? 0) + (unused ?? 0)).toBe(rows.length);
    }),
  );
});

it('counts add up to the frames, by kind, for any mixture of them, torn off or not', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(frame, { minLength: 1, maxLength: 120 }), fc.boolean(), async (frames, hasDepth) => {
      let now = MIDNIGHT;
      const expected = new Map<string, number>();
      const lines = frames.flatMap(({ made: [kind, text], time, receivedStep, isBlankAfter }) => {
        now += receivedStep;
        expected.set(kind, (expected.get(kind) ?? 0) + 1);
        return [`${now}000000 ${text(now + time)}`, ...(isBlankAfter ? [''] : [])];
      });
      const file = join(folder, 'frames.jsonl');
      writeFileSync(file, lines.join('\n'));
      const tally = new Tally();
      let received = 0;
      const noteFrames = (more: number): void => {
        received += more;
      };
      const meter = { noteFrames, noteTime: () => {}, monotonic: () => 0 };
      const { depth: _, ...tradesOnly } = SECONDS_FEED;
      const feed = recordingFeed([file], hasDepth ? SECONDS_FEED : tradesOnly, BTCUSDT);
      let failure: unknown;
      try {
        for await (const _batch of feed.evidence({ tally, meter }));
      } catch (error) {
        failure = error;
      }
      const counted = [...tally.frames].map(([kind, counts]) => [
        kind,
        counts.used + counts.refused + counts.dropped + counts.unused,
      ]);
      expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(expected));
      expect(received).toBe(frames.length);
      // A recording of which nothing was used is an error, any other is none.
      if (tally.total('used') === 0) expect(failure).toBeInstanceOf(RecordingError);
      else expect(failure).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
