import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { recordingFeed } from '../../../../src/adapters/recordings/recording.ts';
import { parseFrame } from '../../../../src/adapters/venues/binance/frames.ts';
import { formatUnits } from '../../../../src/domain/decimal.ts';
import { OrderBook } from '../../../../src/domain/feed/book/order-book.ts';
import type { EvidenceDraft } from '../../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import { formatQuantity } from '../../../../src/domain/feed/units.ts';
import type { Bar, DepthSample } from '../../../../src/domain/market/events.ts';
import { SECONDS_FEED } from '../../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const FILES = ['data/spot_btcusdt_20240808.jsonl.gz', 'data/spot_btcusdt_20240809.jsonl.gz'];

/**
 * Late in the session bids fall below the snapshot's last one. Where they come to a new low, only those that follow without
 * a space are known; at these updates not even the best, for between it and the best ask there is room for others.
 * Counted by an independent program, like how many bids are known of the samples at new lows; of all others there are 20.
 */
const UNKNOWN_QUOTES: readonly number[] = [50093367268, 50093474310, 50093476154, 50093478174, 50093480542];
const BIDS_AT_NEW_LOWS: Readonly<Record<number, number>> = {
  50093471974: 1,
  50093473419: 5,
  50093474735: 1,
  50093476899: 1,
  50093479530: 1,
  50093481338: 1,
  50093483167: 19,
  50093483918: 3,
  50093485003: 6,
  50093486248: 10,
  50093487206: 6,
  50093488084: 11,
  50093488535: 18,
  50093488930: 18,
  50093489170: 16,
};

interface RawTrade {
  readonly t: number;
  readonly T: number;
  readonly p: string;
  readonly q: string;
}

interface RawQuote {
  readonly b: string;
  readonly B: string;
  readonly a: string;
  readonly A: string;
}

/** The recording read by other means than the code under test. */
const lines = FILES.map((file) => gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n'));
const frames = lines.flat().map((line) => JSON.parse(line.slice(20)));
const rawTrades: RawTrade[] = frames.filter((frame) => frame.stream?.endsWith('@trade')).map((frame) => frame.data);
const rawQuotes = new Map<number, RawQuote>(
  frames.filter((frame) => frame.stream?.endsWith('@bookTicker')).map((frame) => [frame.data.u, frame.data]),
);

/** Eight decimal places as an integer: the venue writes all of its numbers so. */
function e8(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(8, '0'));
}

async function evidenceOf(files: readonly string[], tally = new Tally()): Promise<EvidenceDraft[]> {
  const drafts: EvidenceDraft[] = [];
  for await (const batch of recordingFeed(files, SECONDS_FEED, BTCUSDT).evidence({ tally })) drafts.push(...batch);
  return drafts;
}

const known = new Tally();
const evidence = evidenceOf(FILES, known);

describe('the recorded Binance session', () => {
  it('rebuilds a book that equals the recorded best bid and ask at every common update', () => {
    const tally = new Tally();
    const book = new OrderBook(tally, 1);
    const unknown: number[] = [];
    const compared = lines.map((ofFile) => {
      let count = 0;
      for (const line of ofFile) {
        const frame = parseFrame(line, BTCUSDT);
        if (frame.kind === 'snapshot') book.applySnapshot(frame);
        if (frame.kind !== 'depth') continue;
        book.apply(frame);
        const quote = book.state === 'valid' ? rawQuotes.get(book.updateId) : undefined;
        if (quote === undefined) continue;
        count++;
        expect([book.bids.best, book.asks.best].map((units) => e8(formatUnits(units ?? 0, 2)))).toEqual(
          [quote.b, quote.a].map(e8),
        );
        if (!book.isQuoteKnown) {
          unknown.push(book.updateId);
          continue;
        }
        const [bid, ask] = [book.bids.top(1), book.asks.top(1)];
        const rebuilt = [
          formatUnits(bid.prices[0] ?? 0, 2),
          formatQuantity(bid.quantities[0] ?? 0),
          formatUnits(ask.prices[0] ?? 0, 2),
          formatQuantity(ask.quantities[0] ?? 0),
        ];
        const recorded = [quote.b, quote.B, quote.a, quote.A];
        expect(rebuilt.map((text) => e8(text))).toEqual(recorded.map(e8));
      }
      return count;
    });
    // Counted by an independent program: these are all the update ids that both streams have.
    expect(compared).toEqual([564, 508]);
    expect(unknown).toEqual(UNKNOWN_QUOTES.filter((updateId) => rawQuotes.has(updateId)));
    expect(book.state).toBe('valid');
    expect([...tally.entries]).toEqual([]);
  });

  it('makes second bars that add up to the trades exactly', async () => {
    const drafts = await evidence;
    const bars = drafts.filter((draft) => draft.type === 'BarClosed').map((draft) => draft.data as Bar);
    const seconds = Map.groupBy(rawTrades, (trade) => Math.floor(trade.T / 1000));
    const whole = [...seconds].slice(0, -1);
    expect(rawTrades.length).toBe(19_904);
    expect(bars.length).toBe(644);
    expect(whole.length).toBe(644);
    whole.forEach(([second, trades], i) => {
      const prices = trades.map((trade) => Number(trade.p));
      const bar = bars[i] as Bar;
      expect(bar).toMatchObject({
        openTime: new Date(second * 1000).toISOString(),
        closeTime: new Date(second * 1000 + 1000).toISOString(),
        tradeCount: trades.length,
        firstTradeId: trades[0]?.t,
        lastTradeId: trades.at(-1)?.t,
        complete: i > 0,
      });
      expect([bar.open, bar.high, bar.low, bar.close].map(Number)).toEqual([
        prices[0],
        Math.max(...prices),
        Math.min(...prices),
        prices.at(-1),
      ]);
      expect(e8(bar.volume ?? '')).toBe(trades.reduce((sum, trade) => sum + e8(trade.q), 0n));
      // Price and quantity have eight places each, and their product sixteen.
      const worth = trades.reduce((sum, trade) => sum + e8(trade.p) * e8(trade.q), 0n);
      expect(e8(bar.quoteVolume ?? '') * 100_000_000n).toBe(worth);
    });
    expect(drafts.filter((draft) => draft.type === 'BarCorrected')).toEqual([]);
    expect([...known.entries]).toEqual([]);
  });

  it('gives bars the best bid and ask of the last depth event before their close, by event time', async () => {
    const drafts = await evidence;
    const bars = drafts.filter((draft) => draft.type === 'BarClosed').map((draft) => draft.data as Bar);
    // All depth events first, then the bars: no bar can have been helped by the order of arrival.
    const book = new OrderBook(new Tally(), 1);
    const quotes: { time: number; bid: string; ask: string }[] = [];
    for (const line of lines.flat()) {
      const frame = parseFrame(line, BTCUSDT);
      if (frame.kind === 'snapshot') book.applySnapshot(frame);
      if (frame.kind !== 'depth') continue;
      book.apply(frame);
      if (book.state !== 'valid' || UNKNOWN_QUOTES.includes(book.updateId)) continue;
      quotes.push({ time: frame.eventTime, bid: formatUnits(book.bids.best ?? 0, 2), ask: formatUnits(book.asks.best ?? 0, 2) });
    }
    for (const bar of bars) {
      const closeMs = Date.parse(bar.closeTime);
      const quote = quotes.findLast((one) => one.time < closeMs);
      expect([bar.openTime, bar.bid, bar.ask]).toEqual([bar.openTime, quote?.bid ?? null, quote?.ask ?? null]);
    }
    expect(bars.filter((bar) => bar.bid !== null).length).toBeGreaterThan(600);
  });

  it('samples the book once a second, twenty levels a side, best first', async () => {
    const drafts = await evidence;
    const samples = drafts.filter((draft) => draft.type === 'DepthSampled').map((draft) => draft.data as DepthSample);
    const eventSeconds = new Set(
      frames.filter((frame) => frame.stream?.includes('@depth')).map((frame) => Math.floor(frame.data.E / 1000)),
    );
    const sampled = samples.map((sample) => Math.floor(Date.parse(sample.eventTime) / 1000));
    expect(new Set(sampled).size).toBe(samples.length);
    expect(samples.length).toBe(eventSeconds.size);
    for (const { updateId, bids, asks } of samples) {
      expect([bids.length, asks.length]).toEqual([BIDS_AT_NEW_LOWS[updateId] ?? 20, 20]);
      expect(bids.map(([price]) => Number(price))).toEqual(bids.map(([price]) => Number(price)).toSorted((a, b) => b - a));
      expect(asks.map(([price]) => Number(price))).toEqual(asks.map(([price]) => Number(price)).toSorted((a, b) => a - b));
      expect(Number(bids[0]?.[0])).toBeLessThan(Number(asks[0]?.[0]));
    }
  });

  it('begins when the book is there, ends with the recording, and is trusted in between', async () => {
    const drafts = await evidence;
    const states = drafts.filter((draft) => draft.type === 'FeedStale' || draft.type === 'FeedRecovered');
    expect(states.map((draft) => `${draft.type} ${draft.data.reason} ${draft.occurredAt}`)).toEqual([
      'FeedRecovered ended 2024-08-08T23:54:15.408Z',
      `FeedStale ended ${new Date(Math.max(...frames.map((frame) => frame.data?.T ?? frame.data?.E ?? 0))).toISOString()}`,
    ]);
  });

  it('gives the same evidence every time, under keys of its own', async () => {
    const [first, second] = [await evidence, await evidenceOf(FILES)];
    expect(second).toEqual(first);
    expect(new Set(first.map((draft) => `${draft.type}|${draft.key}`)).size).toBe(first.length);
  });

  it('knows no book without its snapshot, but makes the bars', async () => {
    const drafts = await evidenceOf(FILES.slice(1));
    expect(new Set(drafts.map((draft) => draft.type))).toEqual(new Set(['BarClosed']));
    expect(drafts.every((draft) => (draft.data as Bar).bid === null)).toBe(true);
  });
});
