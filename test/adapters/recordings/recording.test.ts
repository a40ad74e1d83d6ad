import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { recordingFeed } from '../../../src/adapters/recordings/recording.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { Engine } from '../../../src/domain/engine/engine.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { barsReactor } from '../../../src/domain/market/bars-reactor.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import type { FeedSettings, InstrumentSettings } from '../../../src/domain/settings/settings.ts';
import { RecordingError } from '../../../src/ports/feed.ts';
import { type EvidenceOrigin, makeEvidence } from '../../../src/tape/envelope.ts';
import { makeId } from '../../../src/tape/id.ts';
import { SECONDS_FEED } from '../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../support/fixtures.ts';

const COINBASE_FILE = 'data/coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz';
const BINANCE_FILE = 'data/spot_btcusdt_20240808.jsonl.gz';
const BTCUSD: InstrumentSettings = {
  ...BTCUSDT,
  venue: 'coinbase',
  symbol: 'BTC-USD',
  base: 'BTC',
  quote: 'USD',
  quantityScale: 8,
};
const { depth: _, ...noDepth } = SECONDS_FEED;
const CANDLES: FeedSettings = {
  ...noDepth,
  venue: 'coinbase',
  symbol: 'BTC-USD',
  bars: '4h',
  rollups: ['1d'],
  lastIsWhole: true,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'recording-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(content: string | Buffer): string {
  const file = join(folder, `recording-${files++}`);
  writeFileSync(file, content);
  return file;
}

/** What a recording gives, with what it could not use as `reason count`. */
async function read(paths: readonly string[], feed: FeedSettings, instrument: InstrumentSettings) {
  const tally = new Tally();
  const drafts: EvidenceDraft[] = [];
  for await (const batch of recordingFeed(paths, feed, instrument).evidence({ tally })) drafts.push(...batch);
  return { drafts, tally, counts: [...tally.entries].map(([reason, { count }]) => `${reason} ${count}`).toSorted() };
}

const readFrames = (...contents: (string | Buffer)[]) => read(contents.map(fileOf), SECONDS_FEED, BTCUSDT);
const readCandles = (...contents: (string | Buffer)[]) => read(contents.map(fileOf), CANDLES, BTCUSD);

const frameLines = gunzipSync(readFileSync(BINANCE_FILE)).toString('utf8').split('\n').slice(0, 3_000);
const FRAMES = frameLines.join('\n');

describe('a recording of frames', () => {
  it('tells a meter of every line, and of one in 256 how long it took, and is the same evidence', async () => {
    const [received, took]: [number[], string[]] = [[], []];
    const meter = {
      noteFrames: (lines: number) => void received.push(lines),
      monotonic: () => systemTime.monotonic(),
      noteTime: (operation: string, ms: number) => {
        expect(ms).toBeGreaterThanOrEqual(0);
        took.push(operation);
      },
    };
    const drafts: EvidenceDraft[] = [];
    for await (const batch of recordingFeed([fileOf(FRAMES)], SECONDS_FEED, BTCUSDT).evidence({ tally: new Tally(), meter }))
      drafts.push(...batch);
    expect(drafts).toEqual((await readFrames(FRAMES)).drafts);
    expect(received.reduce((sum, lines) => sum + lines, 0)).toBe(3_000);
    expect(took.filter((operation) => operation === 'parse')).toHaveLength(Math.floor(3_000 / 256));
    expect(new Set(took)).toEqual(new Set(['parse', 'book', 'bar']));
  });

  it('is the same evidence gzipped or not, and with or without a last line end', async () => {
    const plain = await readFrames(FRAMES);
    expect(plain.counts).toEqual([]);
    expect(plain.drafts.length).toBeGreaterThan(50);
    expect((await readFrames(gzipSync(FRAMES))).drafts).toEqual(plain.drafts);
    expect((await readFrames(`${FRAMES}\n`)).drafts).toEqual(plain.drafts);
    expect((await readFrames(FRAMES.replaceAll('\n', '\r\n'))).drafts).toEqual(plain.drafts);
  });

  it('is one session over several files', async () => {
    const whole = await readFrames(FRAMES);
    const parts = await readFrames(frameLines.slice(0, 1_234).join('\n'), gzipSync(frameLines.slice(1_234).join('\n')));
    expect(parts.drafts).toEqual(whole.drafts);
  });

  it('loses only what is bad: lines that are no frames, of others, or impossible', async () => {
    const bad = [
      'hello',
      `${frameLines[0]?.slice(0, 19)} {"stream":"btcusdt@trade","data":{"e":"trade"`,
      `${frameLines[0]?.slice(0, 19)} {"result":null,"id":3}`,
      frameLines.find((line) => line.includes('@trade'))?.replace('"BTCUSDT"', '"ETHUSDT"'),
      frameLines.find((line) => line.includes('@trade'))?.replace(/"q":"/, '"q":"-'),
      '',
    ];
    const whole = await readFrames(FRAMES);
    const { drafts, counts, tally } = await readFrames([...bad, ...frameLines].join('\n'));
    expect(drafts).toEqual(whole.drafts);
    expect(counts).toEqual(['bad-frame 1', 'not-a-frame 1', 'truncated-line 1', 'unknown-stream 1', 'wrong-symbol 1']);
    expect(tally.entries.get('bad-frame')?.first).toMatch(/recording-\d+:5: "q": "-0.02000000" is negative/);
  });

  it('is the same evidence when frames come twice, and when neighbours swap places', async () => {
    const whole = await readFrames(FRAMES);
    const twice = await readFrames(frameLines.flatMap((line, i) => (i % 3 === 0 && i > 10 ? [line, line] : [line])).join('\n'));
    expect(twice.drafts).toEqual(whole.drafts);
    expect(twice.tally.count('duplicate-trade')).toBeGreaterThan(10);
    expect(twice.tally.count('duplicate-depth')).toBeGreaterThan(10);
    // Trades trade places with their successors; the ids put them right again.
    const trades = frameLines.flatMap((line, i) => (line.includes('@trade') ? [i] : []));
    const swapped = [...frameLines];
    for (let i = 1; i + 1 < trades.length; i += 2) {
      const [a, b] = [trades[i] as number, trades[i + 1] as number];
      if (b !== a + 1) continue;
      [swapped[a], swapped[b]] = [swapped[b] as string, swapped[a] as string];
    }
    const bars = (drafts: EvidenceDraft[]) => drafts.filter((draft) => draft.type === 'BarClosed');
    const disordered = await readFrames(swapped.join('\n'));
    expect(disordered.tally.count('trade-gap')).toBeGreaterThan(10);
    expect(bars(disordered.drafts)).toEqual(bars(whole.drafts));
  });

  it('says where a lost depth frame left a hole, and trusts the book no more', async () => {
    const lost = frameLines.findLastIndex((line, i) => i < 2_000 && line.includes('@depth'));
    const { drafts, counts } = await readFrames(frameLines.filter((_line, i) => i !== lost).join('\n'));
    const kinds = drafts.map((draft) => (draft.type === 'FeedStale' ? `stale ${draft.data.reason}` : draft.type));
    const gap = kinds.indexOf('stale gap');
    expect(gap).toBeGreaterThan(0);
    expect(kinds.slice(0, gap)).toContain('DepthSampled');
    expect(kinds.slice(gap + 1, -1)).not.toContain('DepthSampled');
    expect(kinds.at(-1)).toBe('stale ended');
    expect(counts).toEqual(['depth-gap 1']);
  });

  it('is used up to where its gzip tears, and the tear is told', async () => {
    const gzip = gzipSync(FRAMES);
    const torn = gzip.subarray(0, Math.floor(gzip.length / 2));
    const { drafts, counts, tally } = await readFrames(torn);
    const whole = await readFrames(FRAMES);
    expect(counts).toEqual(['torn-gzip 1']);
    expect(tally.entries.get('torn-gzip')?.first).toMatch(
      /recording-\d+:\d+: the gzip ".*" is torn or damaged \(unexpected end of file\)/,
    );
    expect(drafts.length).toBeGreaterThan(20);
    expect(drafts.slice(0, -1)).toEqual(whole.drafts.slice(0, drafts.length - 1));
    expect(drafts.at(-1)).toMatchObject({ type: 'FeedStale', data: { reason: 'ended' } });
    // All that zlib can get out of it is used: the line of the tear is the one after the last whole line.
    const text = gunzipSync(torn, { finishFlush: 2 }).toString('utf8');
    expect(tally.entries.get('torn-gzip')?.first).toContain(`:${text.split('\n').length}:`);
  });

  it('goes on with its next file after one that is torn', async () => {
    const gzip = gzipSync(frameLines.slice(0, 2_000).join('\n'));
    const { drafts, tally } = await readFrames(gzip.subarray(0, gzip.length - 20), frameLines.slice(2_000).join('\n'));
    expect(tally.count('torn-gzip')).toBe(1);
    expect(drafts.filter((draft) => draft.type === 'BarClosed').length).toBeGreaterThan(10);
  });

  it('is used up to where its gzip is damaged', async () => {
    const gzip = Buffer.from(gzipSync(FRAMES));
    gzip.fill(0xff, Math.floor(gzip.length / 2), Math.floor(gzip.length / 2) + 64);
    const { drafts, tally } = await readFrames(gzip);
    expect(tally.count('torn-gzip')).toBe(1);
    expect(drafts.length).toBeGreaterThan(10);
  });

  it('leaves out a line that never ends', async () => {
    const whole = await readFrames(FRAMES);
    const endless = `1723161253937085768 {"stream":"${'x'.repeat(5_000_000)}"}`;
    const { drafts, counts } = await readFrames([frameLines[0], endless, ...frameLines.slice(1)].join('\n'));
    expect(counts).toEqual(['line-too-long 1']);
    expect(drafts).toEqual(whole.drafts);
  });

  it('is read in batches of a bounded number of lines', async () => {
    const sizes: number[] = [];
    for await (const batch of recordingFeed([BINANCE_FILE], SECONDS_FEED, BTCUSDT).evidence({ tally: new Tally() }))
      sizes.push(batch.length);
    expect(sizes.length).toBeGreaterThan(20);
  });
});

const ORIGIN: EvidenceOrigin = { occurredAt: '2016-01-01T00:00:00.000Z', actor: 'ingest', codeVersion: 'test' };

/** The daily bars that the reactor makes of a recording. */
async function dailyBars(drafts: readonly EvidenceDraft[], feed: FeedSettings): Promise<Bar[]> {
  const engine = new Engine([barsReactor], makeId, 'test');
  engine.decide(makeEvidence('FeedConfigured', 'settings-main', 'feed', feed, ORIGIN));
  const applied = { generation: 1, changes: 1, hash: '0'.repeat(64) };
  engine.decide(makeEvidence('SettingsApplied', 'settings-main', 'applied', applied, ORIGIN));
  const made: Bar[] = [];
  for (const draft of drafts) {
    const event = makeEvidence(draft.type, draft.stream, draft.key, draft.data, { ...ORIGIN, occurredAt: draft.occurredAt });
    for (const decision of engine.decide(event)) made.push(decision.data as Bar);
  }
  return made;
}

describe('the Coinbase candles', () => {
  it('make daily bars, of which exactly those with a part missing are incomplete', async () => {
    const { drafts, counts } = await read([COINBASE_FILE], CANDLES, BTCUSD);
    expect(counts).toEqual([]);
    expect(drafts.filter((draft) => draft.type === 'BarClosed').length).toBe(20_695);
    const days = await dailyBars(drafts, CANDLES);
    expect(days.filter((day) => !day.complete).map((day) => day.openTime.slice(0, 10))).toEqual([
      '2016-05-18',
      '2017-02-28',
      '2018-08-10',
      '2025-10-25',
    ]);
    expect(days.at(-1)?.openTime).toBe('2025-10-27T00:00:00.000Z');
    // Independently: the file's own candles by UTC day.
    const { candles } = JSON.parse(gunzipSync(readFileSync(COINBASE_FILE)).toString('utf8')) as {
      candles: Record<'start' | 'low' | 'high' | 'open' | 'close' | 'volume', string>[];
    };
    const groups = [...Map.groupBy(candles, (candle) => Math.floor(Number(candle.start) / 86_400))].slice(0, -1);
    const e8 = (text: string) => {
      const [whole = '0', fraction = ''] = text.split('.');
      return BigInt(whole + fraction.padEnd(8, '0'));
    };
    const figures = (bar: { open: string; high: string; low: string; close: string }) =>
      [bar.open, bar.high, bar.low, bar.close].map(Number);
    expect(days.length).toBe(groups.length);
    groups.forEach(([, group], i) => {
      const day = days[i] as Bar;
      const high = Math.max(...group.map((candle) => Number(candle.high)));
      const low = Math.min(...group.map((candle) => Number(candle.low)));
      expect(figures(day)).toEqual([Number(group[0]?.open), high, low, Number(group.at(-1)?.close)]);
      expect(e8(day.volume ?? '')).toBe(group.reduce((sum, candle) => sum + e8(candle.volume), 0n));
    });
  });

  const rows = [0, 4, 8, 12, 16, 20].map((hour) => ({
    start: String(1_723_161_600 + hour * 3_600),
    low: '9',
    high: '12',
    open: '10',
    close: '11',
    volume: '0.5',
  }));
  const opened = (drafts: EvidenceDraft[]) =>
    drafts.flatMap((draft) => (draft.type === 'BarClosed' ? [Number(draft.data.openTime.slice(11, 13))] : []));

  it('are read pretty-printed or not, with the byte order mark that some programs write', async () => {
    const pretty = await readCandles(JSON.stringify({ candles: rows }, null, 2));
    expect(opened(pretty.drafts)).toEqual([0, 4, 8, 12, 16, 20]);
    expect((await readCandles(`\uFEFF${JSON.stringify({ candles: rows })}`)).drafts).toEqual(pretty.drafts);
  });

  it('lose only rows that are bad, and say which line', async () => {
    const bad = [
      { ...rows[0], start: 'soon' },
      { ...rows[0], high: 12 },
      { ...rows[1], high: '10.5' },
      { ...rows[0], start: '1723161601' },
    ];
    const text = JSON.stringify({ candles: [rows[0], ...bad, ...rows.slice(1)] }, null, 2).replace(
      '"volume": "0.5"',
      '"volume": "0.5"',
    );
    const { drafts, counts, tally } = await readCandles(text);
    expect(opened(drafts)).toEqual([0, 4, 8, 12, 16, 20]);
    expect(counts).toEqual(['bad-candle 3', 'off-grid-candle 1']);
    expect(tally.entries.get('bad-candle')?.first).toMatch(/recording-\d+:11: "start" must be seconds/);
  });

  it('are used up to where the file is cut, and the cut is told', async () => {
    const text = JSON.stringify({ candles: rows }, null, 2);
    const { drafts, counts } = await readCandles(text.slice(0, text.lastIndexOf('"volume"')));
    expect(opened(drafts)).toEqual([0, 4, 8, 12, 16]);
    expect(counts).toEqual(['truncated-line 1']);
    const gzip = gzipSync(text);
    const torn = await readCandles(gzip.subarray(0, gzip.length - 30));
    expect(torn.tally.count('torn-gzip')).toBe(1);
    expect(opened(torn.drafts)[0]).toBe(0);
  });

  it('refuse a brace that never closes, and go on', async () => {
    const endless = `{ "start": "${'9'.repeat(20_000)}",`;
    const text = `{ "candles": [\n${JSON.stringify(rows[0])},\n${endless}\n${JSON.stringify(rows[1])} ] }`;
    const { drafts, counts } = await readCandles(text);
    expect(opened(drafts)).toEqual([0, 4]);
    expect(counts).toEqual(['bad-candle 1']);
  });
});

describe('the Binance candles', () => {
  const HEADER = 'open,high,low,close,volume,quote_volume,trades,close_datetime';
  const MINUTES: FeedSettings = { ...noDepth, bars: '1m', rollups: [], lastIsWhole: true };
  const row = (minute: number, parts: { trades?: string; close?: string } = {}) =>
    `96466.11,96495.52,96440.0,96440.0,6.6158,638250.2950308,${parts.trades ?? '3577'},${parts.close ?? `2024-12-01 00:0${minute}:59.999000+01:00`}`;
  const readCsv = (...lines: string[]) => read([fileOf([HEADER, ...lines].join('\n'))], MINUTES, BTCUSDT);

  it('tell their close time, inclusive and with its offset, which is not UTC', async () => {
    const { drafts, counts } = await readCsv(row(0), row(1, { close: '2024-11-30 18:01:59.999-05:00' }));
    expect(counts).toEqual([]);
    const bars = drafts.filter((draft) => draft.type === 'BarClosed').map((draft) => draft.data as Bar);
    expect(bars.map((bar) => [bar.openTime, bar.closeTime])).toEqual([
      ['2024-11-30T23:00:00.000Z', '2024-11-30T23:01:00.000Z'],
      ['2024-11-30T23:01:00.000Z', '2024-11-30T23:02:00.000Z'],
    ]);
    expect(bars[0]).toMatchObject({ open: '96466.11', close: '96440', quoteVolume: '638250.2950308', tradeCount: 3577 });
  });

  it('lose only rows that are bad', async () => {
    const { drafts, counts, tally } = await readCsv(
      row(0),
      '1,2,3',
      row(1, { trades: 'many' }),
      row(1, { close: '2024-12-01 00:01:59' }),
      row(1, { close: '2024-13-01 00:01:59.999+01:00' }),
      row(1, { close: '2024-12-01 00:01:58.999+01:00' }),
      row(2),
    );
    expect(drafts.filter((draft) => draft.type === 'BarClosed').length).toBe(2);
    expect(counts).toEqual(['bad-candle 4', 'off-grid-candle 1']);
    expect(tally.entries.get('bad-candle')?.first).toMatch(/recording-\d+:3: 3 fields where 8 are expected/);
  });
});

describe('a file that is no recording', () => {
  it.each<[string, () => string[], RegExp]>([
    ['is not there', () => [join(folder, 'missing')], /missing": there is no such file; check the path/],
    ['is a folder', () => [folder], /it is not a file; name the recording itself/],
    ['is empty', () => [fileOf('')], /holds nothing that can be read/],
    ['is something else', () => [fileOf('Dear Sir or Madam,\n')], /is of no known kind: it begins neither with/],
    ['is of another kind than the one before it', () => [fileOf(FRAMES), COINBASE_FILE], /ingest them apart/],
  ])('is refused when it %s', async (_what, paths, message) => {
    const reading = read(paths(), SECONDS_FEED, BTCUSDT);
    await expect(reading).rejects.toThrow(RecordingError);
    await expect(reading).rejects.toThrow(message);
  });

  it('is found out before anything of the others is used', async () => {
    const feed = recordingFeed([fileOf(FRAMES), join(folder, 'missing')], SECONDS_FEED, BTCUSDT);
    const first = feed.evidence({ tally: new Tally() })[Symbol.asyncIterator]().next();
    await expect(first).rejects.toThrow(/there is no such file/);
  });

  it('is refused when its candles have another interval than the feed’s bars', async () => {
    const longer = read([COINBASE_FILE], { ...CANDLES, bars: '1d' }, BTCUSD);
    await expect(longer).rejects.toThrow(/its candles are 14400 s apart, but the feed's bars are 1d; name the interval/);
    const shorter = read([COINBASE_FILE], { ...CANDLES, bars: '1h' }, BTCUSD);
    await expect(shorter).rejects.toThrow(/its candles are 14400 s apart, but the feed's bars are 1h/);
  });
});
