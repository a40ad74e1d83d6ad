import { readFileSync } from 'node:fs';
import { crc32, gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { recordingFeed } from '../../../../src/adapters/recordings/recording.ts';
import { okx } from '../../../../src/adapters/venues/okx/okx.ts';
import { formatUnits } from '../../../../src/domain/decimal.ts';
import { StreamedBook } from '../../../../src/domain/feed/book/streamed-book.ts';
import type { EvidenceDraft } from '../../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../../src/domain/feed/tally.ts';
import { formatQuantity, type Quantity } from '../../../../src/domain/feed/units.ts';
import type { InstrumentSettings } from '../../../../src/domain/settings/settings.ts';
import { SECONDS_FEED } from '../../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../../support/fixtures.ts';

const FILE = 'data/okx_v5_20220513.jsonl.gz';
const lines = gunzipSync(readFileSync(FILE)).toString('utf8').trimEnd().split('\n');

const instrument = (symbol: string, priceScale: number): InstrumentSettings => ({
  ...{ ...BTCUSDT, venue: 'okx', symbol, priceScale, tickSize: formatUnits(1, priceScale) },
});
const BTC = instrument('BTC-USDT', 1);

interface RawTrade {
  readonly tradeId: string;
  readonly px: string;
  readonly sz: string;
  readonly ts: string;
}

/** Eight decimal places as an integer. */
function e8(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(8, '0'));
}

/** A side as the frames themselves tell it: the venue's texts by price. */
type Side = Map<string, string>;

/** The best 25 of both sides in turn, as the venue's documents say, of the venue's own texts. */
function checksumOf(bids: Side, asks: Side): number {
  const sorted = [[...bids].sort(([a], [b]) => Number(b) - Number(a)), [...asks].sort(([a], [b]) => Number(a) - Number(b))];
  return (
    crc32(
      Array.from({ length: 25 }, (_, i) => sorted.flatMap((side) => side[i] ?? []))
        .flat()
        .join(':'),
    ) | 0
  );
}

describe('the recorded OKX session', () => {
  it.each([
    ['BTC-USDT', 1, 98],
    ['UNI-USD-SWAP', 3, 93],
    ['BTC-USD-220527', 1, 99],
  ])('of %s makes the book of every checksum, level by level', (symbol, priceScale, checksums) => {
    const listed = instrument(symbol, priceScale);
    const reader = okx.open(listed);
    const tally = new Tally();
    const book = new StreamedBook(tally, 1, priceScale);
    const [bids, asks]: Side[] = [new Map(), new Map()];
    let compared = 0;
    for (const line of lines) {
      const frame = JSON.parse(line.slice(20));
      if (frame.arg?.instId !== symbol || frame.arg.channel !== 'books' || frame.data === undefined) continue;
      for (const message of reader.parse(line)) {
        if (message.kind === 'snapshot') book.applySnapshot(message);
        if (message.kind === 'depth') expect(book.apply(message)).toBe('applied');
      }
      if (frame.action === 'snapshot') for (const side of [bids, asks]) side?.clear();
      for (const [side, name] of [
        [bids, 'bids'],
        [asks, 'asks'],
      ] as const) {
        for (const [price, quantity] of frame.data[0][name]) {
          if (quantity === '0') side?.delete(price);
          else side?.set(price, quantity);
        }
      }
      compared++;
      expect(checksumOf(bids as Side, asks as Side)).toBe(frame.data[0].checksum);
      expect(book.state).toBe('valid');
      for (const [side, name] of [
        [bids, 'bids'],
        [asks, 'asks'],
      ] as const) {
        const { prices, quantities } = book[name].top(1_000);
        const ours = prices.map((price, i) => [formatUnits(price, priceScale), formatQuantity(quantities[i] as Quantity)]);
        expect(new Map(ours as [string, string][])).toEqual(side);
      }
    }
    expect(compared).toBe(checksums);
    expect([...tally.entries]).toEqual([]);
  });

  it('makes bars that add up to the trades, and trusts the book from its snapshot to the end', async () => {
    const drafts: EvidenceDraft[] = [];
    const tally = new Tally();
    const feed = { ...SECONDS_FEED, venue: 'okx', symbol: 'BTC-USDT' };
    for await (const batch of recordingFeed([FILE], feed, BTC).evidence({ tally })) drafts.push(...batch);

    const frames = lines.map((line) => JSON.parse(line.slice(20))).filter(({ arg }) => arg.instId === 'BTC-USDT');
    const trades: RawTrade[] = frames.filter(({ arg, data }) => arg.channel === 'trades' && data).flatMap(({ data }) => data);
    const seconds = Map.groupBy(trades, ({ ts }) => ts.slice(0, -3));
    const told = drafts.flatMap(({ type, data }) => (type === 'BarClosed' ? [data] : []));
    expect(told.length).toBe(10);
    for (const bar of told) {
      const ofBar = seconds.get(`${Date.parse(bar.openTime) / 1_000}`) ?? [];
      expect([bar.tradeCount, bar.firstTradeId, bar.lastTradeId, bar.complete].map(String)).toEqual([
        `${ofBar.length}`,
        ofBar[0]?.tradeId,
        ofBar.at(-1)?.tradeId,
        // What came before the recording began may be missing of its first second.
        `${bar !== told[0]}`,
      ]);
      expect([bar.open, bar.close]).toEqual([ofBar[0]?.px, ofBar.at(-1)?.px]);
      expect(e8(bar.volume ?? '')).toBe(ofBar.reduce((sum, { sz }) => sum + e8(sz), 0n));
    }

    const trust = drafts.filter(({ type }) => type === 'FeedRecovered' || type === 'FeedStale');
    expect(trust.map(({ data }) => 'reason' in data && data.reason)).toEqual(['ended', 'ended']);
    const counts = { dropped: 0, refused: 0, unused: 0 };
    expect(Object.fromEntries(tally.frames)).toMatchObject({
      trade: { ...counts, used: 69, refused: 5 },
      snapshot: { ...counts, used: 1, refused: 2 },
      depthUpdate: { ...counts, used: 97, refused: 190 },
    });
    expect([...tally.entries.keys()]).toEqual(['wrong-symbol']);
  });
});
