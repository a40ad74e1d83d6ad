import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { recordingFeed } from '../../../src/adapters/recordings/recording.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { MIDNIGHT, SECONDS_FEED } from '../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../support/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'venues-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the frames are to a feed of that venue. */
async function read(venue: string, symbol: string, frames: readonly object[]) {
  const file = join(folder, 'frames.jsonl');
  writeFileSync(file, frames.map((frame, i) => `${MIDNIGHT + i}000000 ${JSON.stringify(frame)}\n`).join(''));
  const tally = new Tally();
  let received = 0;
  const noteFrames = (more: number): void => {
    received += more;
  };
  const meter = { noteFrames, noteTime: () => {}, monotonic: () => 0 };
  const feed = recordingFeed([file], { ...SECONDS_FEED, venue, symbol }, { ...BTCUSDT, venue, symbol });
  for await (const _batch of feed.evidence({ tally, meter }));
  return { tally, received };
}

const trade = { px: '30236', sz: '0.2', side: 'buy', ts: `${MIDNIGHT}` };
const okxTrades = { arg: { channel: 'trades', instId: 'BTC-USDT' }, data: ['7', '8'].map((tradeId) => ({ ...trade, tradeId })) };

it('The venue of the feed says whose frames they are, and a frame of two trades counts as two', async () => {
  const { tally, received } = await read('okx', 'BTC-USDT', [okxTrades]);
  expect(tally.frames.get('trade')).toMatchObject({ used: 2 });
  expect([received, tally.received]).toEqual([2, 2]);
});

const bybitTrades = {
  ...{ topic: 'publicTrade.BTCUSDT', type: 'snapshot', ts: MIDNIGHT },
  data: ['x', 'y', 'x'].map((i) => ({ T: MIDNIGHT, s: 'BTCUSDT', S: 'Buy', v: '0.2', p: '30236', i, BT: false })),
};

it('A Bybit frame of three trades counts as three, one of them as known already', async () => {
  const { tally, received } = await read('bybit', 'BTCUSDT', [bybitTrades]);
  expect(tally.frames.get('trade')).toMatchObject({ used: 2, dropped: 1 });
  expect([received, tally.received]).toEqual([3, 3]);
});

it('Frames of another venue than the feed is of are refused as what they are not', async () => {
  await expect(read('binance', 'BTC-USDT', [okxTrades])).rejects.toThrow(/nothing in it is of use .*unknown-stream/);
});

it('Frames of a venue that is not known are refused, and which are known is said', async () => {
  await expect(read('kraken', 'BTC-USDT', [okxTrades])).rejects.toThrow(
    /venue "kraken" are not known: ingest those of binance, binanceusdm, bybit, okx/,
  );
});
