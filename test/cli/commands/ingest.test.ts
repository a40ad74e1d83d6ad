import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { endChildrenAfterwards, startTapedeck } from '../../support/child.ts';
import { factsIn } from '../../support/facts.ts';
import { timeAt } from '../../support/test-time.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
endChildrenAfterwards();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const RECORDING = 'data/coinbase_btcusd_4h_2016-05-18_2025-10-28.json.gz';
/** Bars, and the feed's beginning and end. */
const EVIDENCE = 20_695 + 2;

const startIngest = () =>
  startTapedeck(['ingest', RECORDING, '--venue', 'coinbase', '--symbol', 'BTC-USD'], { TAPEDECK_DATA: folder });

async function tapeReaches(position: number): Promise<void> {
  const tape = await openSqliteEventStore(join(folder, 'tape.sqlite'), timeAt(0));
  while (Number(await tape.head()) < position) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
  await tape.close();
}

describe('An ingest that is told to stop', () => {
  it('says that it is not complete, and the same command goes on from there', { timeout: 30_000 }, async () => {
    const stopped = startIngest();
    await tapeReaches(1_000);
    stopped.process.kill('SIGINT');
    const { code, stdout, stderr } = await stopped.ended;
    const first = JSON.parse(stdout);
    expect(first).toMatchObject({ complete: false, already: 0 });
    expect(stderr).toBe('tapedeck: stopped before the end of the recording: the same command goes on where this one left off\n');
    expect(code).toBe(2);
    const rest = await startIngest().ended;
    expect(JSON.parse(rest.stdout)).toMatchObject({
      complete: true,
      already: first.recorded,
      recorded: EVIDENCE - first.recorded,
    });
    // Of the accounts that trade it: the other one has strategies for another instrument alone.
    expect(JSON.parse(rest.stdout).maxVolumeShare).toEqual({ 'paper-coinbase': '0.25' });
    expect(rest.code).toBe(0);
  });
});

describe('An ingest of frames', () => {
  const NS = '000000';
  const frame = (offsetMs: number, name: string, data: string) =>
    `${1_723_161_600_000 + offsetMs}${NS} {"stream":"btcusdt@${name}","data":{"e":"?","E":${1_723_161_600_000 + offsetMs},"s":"BTCUSDT",${data}}}`;
  const aggregated = (offsetMs: number) => frame(offsetMs, 'aggTrade', '"a":1,"p":"100.50","q":"1"');
  const traded = (id: number) => frame(id * 500, 'trade', `"t":${id},"p":"100.50","q":"1","T":${1_723_161_600_000 + id * 500}`);
  const depth = (id: number) => frame(id * 500, 'depth@100ms', `"U":${id},"u":${id},"b":[["100.00","1"]],"a":[]`);

  async function ingested(lines: readonly string[]) {
    const data = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    const file = join(data, 'frames.jsonl');
    writeFileSync(file, lines.join('\n'));
    const ended = startTapedeck(['ingest', file, '--venue', 'binance', '--symbol', 'BTCUSDT', '--json'], { TAPEDECK_DATA: data });
    return { file, ...(await ended.ended) };
  }

  it('says what became of each, by kind, with the first that was of no use and why updates fit nothing', async () => {
    const { file, code, stdout } = await ingested([traded(1), depth(1), aggregated(700), depth(2), aggregated(900), traded(2)]);
    expect(code).toBe(0);
    const none = { used: 0, refused: 0, dropped: 0, unused: 0, firstUnused: null };
    expect(JSON.parse(stdout)).toMatchObject({
      frames: {
        trade: { ...none, used: 2 },
        depthUpdate: { ...none, dropped: 2 },
        aggTrade: { ...none, unused: 2, firstUnused: `${file}:3` },
      },
      tally: { 'depth-without-snapshot': { count: 2, first: `${file}:2: no snapshot links up with updates 1 to 1` } },
    });
  });

  it('is refused when nothing in the recording is of use, in one sentence', async () => {
    const { file, code, stdout, stderr } = await ingested([aggregated(100), aggregated(200)]);
    expect(stderr).toBe(
      `tapedeck: recording "${file}": nothing in it is of use to this feed (aggTrade 2 of no use (first: ${file}:1)); it takes depth updates with a snapshot, trades, or candles\n`,
    );
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('An ingest of all that the settings name', () => {
  const HOUR_MS = 3_600_000;
  const BEGIN_MS = Date.UTC(2024, 0, 1);

  /** Two instruments with the same candles, whose strategies have one account; `later` is by how much the second is. */
  function givenTwo(later = 0): { readonly folder: string; readonly env: Record<string, string> } {
    const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const settings = JSON.parse(readFileSync('settings/default.json', 'utf8'));
    const [instrument] = settings.instruments;
    const [feed] = settings.feeds;
    const [account] = settings.accounts;
    const [strategy] = settings.strategies;
    const symbols = ['BTC-USD', 'ETH-USD'];
    const of = (symbol: string) => ({ venue: 'coinbase', symbol });
    const own = { params: { fast: 1, slow: 2 }, interval: '1h', size: { quantity: '1' } };
    writeFileSync(
      join(folder, 'settings.json'),
      JSON.stringify({
        generation: 1,
        instruments: symbols.map((symbol) => ({ ...instrument, ...of(symbol), base: symbol.slice(0, 3) })),
        feeds: symbols.map((symbol) => ({ ...feed, ...of(symbol), bars: '1h', recordings: [`${symbol}.json`] })),
        accounts: [{ ...account, slippage: '0', limits: {} }],
        strategies: symbols.map((symbol) => ({ ...strategy, ...of(symbol), ...own, name: `turns-${symbol}` })),
      }),
    );
    for (const [index, symbol] of symbols.entries()) {
      const candles = [100, 101, 99, 102, 98, 103, 97, 104].map((close, hour) => {
        const start = String((BEGIN_MS + hour * HOUR_MS + index * later) / 1_000);
        return { start, low: '90', high: '110', open: '100', close: String(close), volume: '1000' };
      });
      writeFileSync(join(folder, `${symbol}.json`), JSON.stringify({ candles }, null, 1));
    }
    return { folder, env: { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: join(folder, 'settings.json') } };
  }

  const outcomesIn = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('trades two instruments of one account side by side, as each alone', { timeout: 60_000 }, async () => {
    const { folder, env } = givenTwo();
    const { code, stdout } = await startTapedeck(['ingest', '--all'], env).ended;
    expect(code).toBe(0);
    // Eight bars, the feed's beginning and its end.
    expect(outcomesIn(stdout)).toMatchObject([
      { feed: 'coinbase BTC-USD 1h', complete: true, recorded: 10, older: 0 },
      { feed: 'coinbase ETH-USD 1h', complete: true, recorded: 10, older: 0 },
    ]);
    const facts = await factsIn(folder, () => true);
    const filled = Object.values(facts)
      .flat()
      .flatMap((fact) => {
        const { type, data } = fact as { type: string; data: Record<string, string> };
        return type === 'OrderFilled' ? [data] : [];
      });
    const of = (strategy: string) =>
      filled.filter((fill) => fill.strategy === strategy).map(({ side, price, quantity, at }) => ({ side, price, quantity, at }));
    expect(of('turns-BTC-USD').length).toBeGreaterThan(3);
    expect(of('turns-ETH-USD')).toEqual(of('turns-BTC-USD'));
  });

  it('is what one feed that begins before the now of its account is told to be', { timeout: 60_000 }, async () => {
    const { folder, env } = givenTwo(HOUR_MS);
    const one = (symbol: string) =>
      startTapedeck(['ingest', join(folder, `${symbol}.json`), '--venue', 'coinbase', '--symbol', symbol], env).ended;
    expect(await one('ETH-USD')).toMatchObject({ code: 0 });
    // Again, of which all is there.
    expect(outcomesIn((await one('ETH-USD')).stdout)).toMatchObject([{ recorded: 0, already: 10 }]);
    const { code, stderr } = await one('BTC-USD');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /coinbase BTC-USD begins at 2024-01-01T00:00:00.000Z, but account paper-coinbase, which uses it, is at 2024-01-01T09:00:00.000Z already, .* ingest --all/,
    );
    // Nor is it taken in with the other one now.
    for (const command of [['ingest', '--all'], ['run']]) {
      const refused = await startTapedeck(command, { ...env, PORT: '0' }).ended;
      expect([command, refused.code]).toEqual([command, 2]);
      expect(refused.stderr).toBe(
        'tapedeck: coinbase BTC-USD begins at 2024-01-01T00:00:00.000Z, but account paper-coinbase, which uses it, is at 2024-01-01T09:00:00.000Z already, and would take it for old: give its strategies another account, or take all recordings in with a fresh TAPEDECK_DATA\n',
      );
    }
    expect((await factsIn(folder, () => true))['feed-coinbase.BTC-USD']).toBeUndefined();
  });

  it.each([
    [['--all', '--venue', 'binance'], /--all takes in what the settings name/],
    [['--all', 'x.json'], /--all takes in what the settings name/],
    [[], /missing required argument 'file', or --all/],
  ])('is not %j', async (args, message) => {
    const { code, stderr } = await startTapedeck(['ingest', ...args]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('A recording that is older than the tape', () => {
  it('is refused by name of its feed, with what to do, and records nothing', { timeout: 60_000 }, async () => {
    const data = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
    onTestFinished(() => rmSync(data, { recursive: true, force: true }));
    const write = (name: string, first: number, length = 4) => {
      const candles = Array.from({ length }, (_, index) => ({
        start: String(Date.UTC(2024, 0, 1, 4 * (first + index)) / 1_000),
        ...{ low: '99', high: '101', open: '100', close: '100', volume: '1' },
      }));
      writeFileSync(join(data, name), JSON.stringify({ candles }, null, 1));
      return ['ingest', join(data, name), '--venue', 'coinbase', '--symbol', 'BTC-USD'];
    };
    const env = { TAPEDECK_DATA: data };
    expect(await startTapedeck(write('new.json', 10), env).ended).toMatchObject({ code: 0 });
    const before = await factsIn(data);
    const { code, stderr } = await startTapedeck(write('old.json', 0), env).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/coinbase BTC-USD begins at 2024-01-01T00:00.*up to 2024-01-03T08:00.*fresh TAPEDECK_DATA/);
    expect(await factsIn(data)).toEqual(before);
    // One that runs into what is there: its first word, four bars and its last word come too late.
    const joined = write('joined.json', 6, 6);
    expect(JSON.parse((await startTapedeck(joined, env).ended).stdout)).toMatchObject({ recorded: 0, already: 2, older: 6 });
  });
});
