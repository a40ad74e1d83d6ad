import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { recordingFeed } from '../../../../src/adapters/recordings/recording.ts';
import { binanceUsdm } from '../../../../src/adapters/venues/binance/binance.ts';
import { formatUnits } from '../../../../src/domain/decimal.ts';
import { OrderBook } from '../../../../src/domain/feed/book/order-book.ts';
import type { EvidenceDraft } from '../../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { SECONDS_FEED } from '../../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const FILE = 'data/usdm_btcusdt_20240718_head.jsonl.gz';
const PERPETUAL: InstrumentSettings = { ...BTCUSDT, venue: 'binanceusdm', kind: 'perpetual', priceScale: 1, tickSize: '0.1' };

/** The recording read by other means than the code under test. */
const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trimEnd().split('\n');
const frames = lines.map((line) => JSON.parse(line.slice(20)));
const quotes = new Map(
  frames.filter(({ stream }) => stream === 'btcusdt@bookTicker').map(({ data }) => [data.u, [data.b, data.a]]),
);

/** Prices of a side by what the frames say, without a book. */
type Side = Map<string, string>;

async function read(texts: readonly string[]) {
  const reader = binanceUsdm.open(PERPETUAL);
  const tally = new Tally();
  const book = new OrderBook(tally, 1);
  const states = texts.flatMap((line) =>
    reader.parse(line).map((message) => {
      if (message.kind === 'snapshot') book.applySnapshot(message);
      if (message.kind === 'depth') book.apply(message);
      return [book.state, book.updateId, book.bids.best, book.asks.best] as const;
    }),
  );
  return { book, tally, states };
}

describe('the recorded USD-M session', () => {
  it('rebuilds by "pu" the book that the frames make, and at common updates the recorded best prices', async () => {
    const { book, tally, states } = await read(lines);
    const first = frames.findIndex(({ lastUpdateId }) => lastUpdateId !== undefined);
    const snapshot = frames[first];
    const [bids, asks]: Side[] = [new Map(snapshot.bids), new Map(snapshot.asks)];
    const updates = frames.filter(({ stream, data }) => stream === 'btcusdt@depth@0ms' && data.u >= snapshot.lastUpdateId);
    for (const [index, { data }] of updates.entries()) {
      if (index > 0) expect(data.pu).toBe(updates[index - 1].data.u);
      for (const [side, levels] of [
        [bids, data.b],
        [asks, data.a],
      ] as const) {
        for (const [price, quantity] of levels) {
          if (Number(quantity) === 0) side?.delete(price);
          else side?.set(price, quantity);
        }
      }
    }
    const prices = (side: Side | undefined) => [...(side ?? [])].map(([price]) => price).sort((a, b) => Number(a) - Number(b));
    expect(book).toMatchObject({ state: 'valid', updateId: updates.at(-1).data.u });
    const told = (side: 'bids' | 'asks') => book[side].top(10).prices.map((price) => formatUnits(price, 1));
    expect(told('bids').map(Number)).toEqual(prices(bids).toReversed().slice(0, 10).map(Number));
    expect(told('asks').map(Number)).toEqual(prices(asks).slice(0, 10).map(Number));

    const common = new Map(states.filter(([state, id]) => state === 'valid' && quotes.has(id)).map((state) => [state[1], state]));
    expect(common.size).toBe(23);
    expect(common.size).toBe(updates.filter(({ data }) => quotes.has(data.u)).length);
    for (const [id, [, , bid, ask]] of common) {
      expect([bid, ask].map((price) => formatUnits(price ?? 0, 1)).map(Number)).toEqual(quotes.get(id)?.map(Number));
    }
    expect([...tally.entries]).toEqual([]);
  });

  it('has a gap where an update is left out', async () => {
    const depths = lines.flatMap((line, index) => (line.includes('@depth@') ? [index] : []));
    const { book, tally } = await read(lines.toSpliced(depths[200] ?? 0, 1));
    expect(book).toMatchObject({ state: 'stale', hasGap: true });
    expect(tally.count('depth-gap')).toBe(1);
  });

  it('is trusted to its end as a recording of the venue binanceusdm', async () => {
    const drafts: EvidenceDraft[] = [];
    const tally = new Tally();
    const feed = { ...SECONDS_FEED, venue: 'binanceusdm' };
    for await (const batch of recordingFeed([FILE], feed, PERPETUAL).evidence({ tally })) drafts.push(...batch);
    const trust = drafts.filter(({ type }) => type === 'FeedRecovered' || type === 'FeedStale');
    expect(trust.map(({ data }) => 'reason' in data && data.reason)).toEqual(['ended', 'ended']);
    expect(drafts.every(({ data }) => data.venue === 'binanceusdm')).toBe(true);
    expect(tally.total('refused')).toBe(0);
    expect(tally.frames.get('trade')).toMatchObject({ used: frames.filter(({ stream }) => stream === 'btcusdt@trade').length });
  });
});
