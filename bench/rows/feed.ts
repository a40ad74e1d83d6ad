import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { FrameScanner } from '../../src/adapters/venues/binance/frame-scanner.ts';
import { parseFrame } from '../../src/adapters/venues/binance/frames.ts';
import { FeedSession } from '../../src/domain/feed/feed-session.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import { SECONDS_FEED } from '../../test/domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../test/support/fixtures.ts';
import { atWork, type Outcome, perSecond, type Row, serially } from '../row.ts';

const RECORDINGS = ['data/spot_btcusdt_20240808.jsonl.gz', 'data/spot_btcusdt_20240809.jsonl.gz'];
const ROUNDS = 15;
const LINE_END = 10;
/** `1723161253937085768 `, before the frame. */
const RECEIVE_TIME = 20;

export const feed: Row = {
  name: 'feed',
  path: 'recorded feed -> parsed, book applied, bars and depth samples built',
  async run(): Promise<Outcome[]> {
    const bytes = Buffer.concat(RECORDINGS.map((file) => gunzipSync(readFileSync(file))));
    const frames = bytes
      .toString('latin1')
      .trimEnd()
      .split('\n')
      .map((line) => Buffer.from(line.slice(RECEIVE_TIME)).toString('latin1'));
    const { raw, ours, ratio } = await serially(
      ROUNDS,
      () => atWork(() => parseAlone(frames)),
      () => atWork(() => takeIn(bytes)),
    );
    return [
      {
        what: 'frames taken in, against JSON.parse of the same frames',
        measured: perSecond(frames.length, ours),
        raw: perSecond(frames.length, raw),
        value: ratio,
        bound: 1,
        atLeast: true,
        unit: 'x',
      },
    ];
  },
};

function parseAlone(frames: readonly string[]): number {
  let streams = 0;
  for (const frame of frames) if ('stream' in (JSON.parse(frame) as object)) streams++;
  return streams;
}

/** As the adapter for recordings does, but for the file and its decompression. */
function takeIn(bytes: Buffer): number {
  const scanner = new FrameScanner(BTCUSDT);
  const session = new FeedSession(SECONDS_FEED, BTCUSDT, new Tally(), 'fetched');
  let drafts = 0;
  let start = 0;
  for (let end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    const frame = scanner.scan(bytes, start, end) ?? parseFrame(bytes.toString('utf8', start, end), BTCUSDT);
    drafts += session.apply(frame).length;
    start = end + 1;
  }
  if (drafts < 1_000) throw new Error(`the recordings gave ${drafts} pieces of evidence only`);
  return drafts;
}
