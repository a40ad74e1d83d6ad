/** What a person does wrong: one clear message that says what, where and what to do, exit code 2, and the tape whole. */

import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openEventStore } from '../../src/adapters/open.ts';
import { type Ended, endChildrenAfterwards, ROOT, startTapedeck, tapedeck } from '../support/child.ts';
import { writeRecordedHeads } from '../support/recorded-heads.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { timeAt } from '../support/test-time.ts';

endChildrenAfterwards();
const temporary = new TemporaryFolder();
const FRAMES = gunzipSync(readFileSync(join(ROOT, 'data', 'spot_btcusdt_20240808.jsonl.gz')))
  .toString()
  .split('\n', 1_500);
/** More than there is room for on a full disk. */
const CANDLES = 5_000;
let folders = 0;

function newFolder(): string {
  const folder = join(temporary.path, `bad-input-${++folders}`);
  mkdirSync(folder);
  return folder;
}

function write(folder: string, name: string, content: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

function ingest(folder: string, file: string, ...more: string[]): Promise<Ended> {
  return tapedeck(['ingest', file, '--venue', 'binance', '--symbol', 'BTCUSDT', ...more], { TAPEDECK_DATA: folder });
}

function refused(ended: Ended, ...parts: (string | RegExp)[]): void {
  expect(ended.code).toBe(2);
  expect(ended.stderr).not.toMatch(/\n {4}at |this is a bug/);
  for (const part of parts) expect(ended.stderr).toMatch(part);
}

interface Outcome {
  readonly recorded: number;
  readonly already: number;
  readonly tally: Readonly<Record<string, { readonly count: number; readonly first: string }>>;
}

async function ingested(
  frames: readonly string[],
  transform: (text: string) => string | Uint8Array = (text) => text,
): Promise<Outcome> {
  const folder = newFolder();
  const { code, stdout, stderr } = await ingest(folder, write(folder, 'frames.jsonl', transform(`${frames.join('\n')}\n`)));
  expect(stderr).toBe('');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

function replaceLine(index: number, change: (line: string) => string): string[] {
  return FRAMES.map((line, at) => (at === index ? change(line) : line));
}

function indexOf(kind: string, from = 200): number {
  return FRAMES.findIndex((line, index) => index > from && line.includes(kind));
}

describe('a recording with something wrong in it', () => {
  it('is used up to where its gzip is torn, which is counted', async () => {
    const whole = gzipSync(FRAMES.join('\n'));
    const { recorded, tally } = await ingested(FRAMES, () => whole.subarray(0, Math.floor(whole.length * 0.7)));
    expect(recorded).toBeGreaterThan(5);
    expect(tally['torn-gzip']).toMatchObject({ count: 1, first: expect.stringContaining('frames.jsonl') });
  });

  it.each([
    ['a line that is not JSON', (line: string) => `${line.slice(0, 40)}`],
    ['a line that is no frame at all', () => 'hello'],
    ['a negative quantity', (line: string) => line.replace(/"q":"/, '"q":"-')],
    ['a quantity that is no decimal', (line: string) => line.replace(/"q":"[^"]*"/, '"q":"1e5"')],
    ['another symbol', (line: string) => line.replace('"s":"BTCUSDT"', '"s":"ETHUSDT"')],
  ])('loses %s and nothing else', async (_what, change) => {
    const at = indexOf('@trade');
    const { recorded, tally } = await ingested(replaceLine(at, change));
    expect(recorded).toBeGreaterThan(5);
    const refusals = Object.entries(tally).filter(([reason]) => reason !== 'trade-gap');
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.[1]).toMatchObject({ count: 1, first: expect.stringMatching(new RegExp(`frames.jsonl:${at + 1}\\b`)) });
  });

  it('gives the same evidence when frames come twice', async () => {
    const at = indexOf('@trade');
    const depth = indexOf('@depth');
    const doubled = FRAMES.flatMap((line, index) => (index === at || index === depth ? [line, line] : [line]));
    const clean = await ingested(FRAMES);
    const { recorded, tally } = await ingested(doubled);
    expect(recorded).toBe(clean.recorded);
    expect(tally).toMatchObject({ 'duplicate-trade': { count: 1 }, 'duplicate-depth': { count: 1 } });
  });

  it('puts trades that came in the wrong order back into theirs', async () => {
    const first = indexOf('@trade');
    const second = indexOf('@trade', first);
    const swapped = FRAMES.map(
      (line, index) => (index === first ? FRAMES[second] : index === second ? FRAMES[first] : line) as string,
    );
    expect((await ingested(swapped)).recorded).toBe((await ingested(FRAMES)).recorded);
  });

  it('is refused when it is of no known kind', async () => {
    const folder = newFolder();
    refused(await ingest(folder, write(folder, 'notes.txt', 'dear diary\n')), /notes\.txt/, /no known kind/);
    refused(await ingest(folder, join(folder, 'absent.gz')), /absent\.gz/);
  });

  it('is refused for a symbol that is not listed, naming those that are', async () => {
    const folder = newFolder();
    const ended = await tapedeck(['ingest', 'x', '--venue', 'binance', '--symbol', 'DOGEUSDT'], { TAPEDECK_DATA: folder });
    refused(ended, /binance DOGEUSDT is not listed/, /coinbase BTC-USD, binance BTCUSDT/);
  });
});

describe('settings with ten mistakes', () => {
  it('are refused with all ten, each with its path', async () => {
    const folder = newFolder();
    const settings = JSON.parse(readFileSync(join(ROOT, 'settings', 'default.json'), 'utf8'));
    settings.instruments[0].tickSize = '0.001';
    settings.instruments[1].priceScale = -1;
    settings.feeds[0].bars = '7m';
    settings.feeds[1].staleAfter = 'soon';
    settings.accounts[0].balances.USD = 'much';
    settings.accounts[1].limits.leverage = 0;
    settings.accounts[1].colour = 'red';
    settings.strategies[0].params = { fast: 200, slow: 50 };
    settings.strategies[0].mode = 'long-short';
    settings.strategies[1].account = 'nobody';
    const ended = await tapedeck(['run'], {
      TAPEDECK_DATA: folder,
      TAPEDECK_SETTINGS: write(folder, 's.json', JSON.stringify(settings)),
      PORT: '0',
    });
    refused(ended, /s\.json cannot be used, it has 10 mistakes:/);
    const paths = [
      'instruments[0].tickSize',
      'instruments[1].priceScale',
      'feeds[0].bars',
      'feeds[1].staleAfter',
      'accounts[0].balances.USD',
      'accounts[1].limits.leverage',
      'accounts[1].colour',
      'strategies[0].params.fast',
      'strategies[0].mode',
      'strategies[1].account',
    ];
    for (const path of paths) expect(ended.stderr).toContain(`  ${path}: `);
  });
});

describe('a place that cannot be used', () => {
  it('says that the data folder cannot be written', async () => {
    const folder = newFolder();
    const file = write(folder, 'a-file', '');
    refused(await tapedeck(['run'], { TAPEDECK_DATA: join(file, 'data'), PORT: '0' }), /a-file/);
    if (process.getuid?.() === 0) return; // root may write anywhere
    chmodSync(folder, 0o500);
    refused(await tapedeck(['run'], { TAPEDECK_DATA: join(folder, 'data'), PORT: '0' }), /data/);
  });

  it('says that the database is of a newer version, and changes nothing in it', async () => {
    const folder = newFolder();
    await ingest(folder, write(folder, 'frames.jsonl', FRAMES.join('\n')));
    const file = join(folder, 'tape.sqlite');
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 9999');
    database.close();
    refused(await tapedeck(['status'], { TAPEDECK_DATA: folder }), /tape\.sqlite/, /9999/);
  });

  it('says that the read models are of another tape, and decides nothing on them', async () => {
    const folder = newFolder();
    const frames = write(folder, 'frames.jsonl', FRAMES.join('\n'));
    await ingest(folder, frames);
    for (const file of ['tape.sqlite', 'tape.sqlite-wal', 'tape.sqlite-shm']) rmSync(join(folder, file), { force: true });
    for (const again of [await ingest(folder, frames), await tapedeck(['status'], { TAPEDECK_DATA: folder })]) {
      refused(again, /read store belongs to another tape/, /TAPEDECK_READ_STORE/);
    }
    for (const file of ['', '-wal', '-shm']) rmSync(join(folder, `read-models.sqlite${file}`), { force: true });
    const { recorded } = JSON.parse((await ingest(folder, frames)).stdout) as Outcome;
    expect(recorded).toBeGreaterThan(5);
  });

  it('says that a file is no tape', async () => {
    const folder = newFolder();
    write(folder, 'tape.sqlite', 'this is not a database, whatever its name says'.repeat(50));
    refused(await tapedeck(['status'], { TAPEDECK_DATA: folder }), /tape\.sqlite/);
  });

  it('says that the port is in use', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    const { port } = server.address() as { port: number };
    const ended = await tapedeck(['run'], { TAPEDECK_DATA: newFolder(), PORT: String(port) });
    server.close();
    refused(ended, new RegExp(`port ${port} at 127\\.0\\.0\\.1 is in use`), /PORT/);
  });

  it('says that the server would be open to everyone', async () => {
    refused(await tapedeck(['run'], { TAPEDECK_DATA: newFolder(), HOST: '0.0.0.0', PORT: '0' }), /TAPEDECK_API_KEYS/);
  });

  it('names every variable of the environment that is wrong, and never a secret', async () => {
    const ended = await tapedeck(['run'], {
      PORT: 'eighty',
      TAPEDECK_LOG_LEVEL: 'loud',
      TAPEDECK_API_KEYS: 'alice:short-secret',
    });
    refused(ended, /PORT: /, /TAPEDECK_LOG_LEVEL: /, /TAPEDECK_API_KEYS: entry 1/);
    expect(ended.stderr).not.toContain('short-secret');
  });

  it('keeps the tape whole on a full disk, and goes on when there is room', async () => {
    const folder = newFolder();
    writeRecordedHeads(folder, CANDLES, 1);
    const file = join(folder, 'candles.json');
    const args = ['ingest', file, '--venue', 'coinbase', '--symbol', 'BTC-USD'];
    const preload = `--import ${join(ROOT, 'test', 'support', 'full-disk.ts')}`;
    const full = await tapedeck(args, { TAPEDECK_DATA: folder, NODE_OPTIONS: preload });
    refused(full, /tape\.sqlite/, /full/);
    const { recorded, already } = JSON.parse((await tapedeck(args, { TAPEDECK_DATA: folder })).stdout) as Outcome;
    // The candles, a beginning and an end.
    expect(recorded + already).toBe(CANDLES + 2);
    expect(already).toBeGreaterThan(100);
  });
});

describe('an event of a type that this build does not know', () => {
  it('stops the engine with its name and what to do', async () => {
    const folder = newFolder();
    await ingest(folder, write(folder, 'frames.jsonl', FRAMES.join('\n')));
    const events = await openEventStore(`sqlite:${folder}/tape.sqlite`, timeAt(1_800_000_000_000));
    const [last] = await events.read({ categories: ['feed'], isBackward: true, limit: 1 });
    if (last === undefined) throw new Error('the feed has events');
    const { revision } = last;
    const unknown = { ...last, id: '3f2504e0-4f89-51d3-9a0c-0305e82c3301', type: 'FeedDreamt' } as unknown as typeof last;
    await events.append(last.stream, revision, [unknown]);
    await events.close();
    refused(await tapedeck(['run'], { TAPEDECK_DATA: folder, PORT: '0' }), /unknown event type "FeedDreamt"/, /newer/);
  });
});

describe('the command line', () => {
  it.each([
    [['fly'], /unknown command 'fly'/],
    [['ingest', '--venue', 'binance', '--symbol', 'BTCUSDT'], /missing required argument 'file'/],
    [['ingest', 'a-file'], /required option '--venue <name>' not specified/],
    [['events', '--type', 'Nothing'], /there is no event type "Nothing"/],
    [['events', '--limit', '-1'], /whole number of at least 1/],
    [['status'], /there is no tape at .*tape\.sqlite: start one with "npm start"/],
  ])('refuses %j', async (args, message) => {
    refused(await tapedeck(args, { TAPEDECK_DATA: newFolder() }), message);
  });

  it('refuses a halt that does not say what is to be halted', async () => {
    const folder = newFolder();
    await ingest(folder, write(folder, 'frames.jsonl', FRAMES.join('\n')));
    refused(
      await tapedeck(['halt', '--reason', 'x'], { TAPEDECK_DATA: folder }),
      /one of --all, --account ID and --strategy NAME/,
    );
  });

  it('stops in order when it is told to', async () => {
    const folder = newFolder();
    const settings = writeRecordedHeads(folder, 100, 500);
    const child = startTapedeck(['run'], { TAPEDECK_DATA: folder, TAPEDECK_SETTINGS: settings, PORT: '0' });
    await child.saw('"msg":"summary"');
    child.process.kill('SIGTERM');
    expect(await child.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  });
});
