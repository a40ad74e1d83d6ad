import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gunzip, TornGzipError } from '../../../src/adapters/recordings/gunzip.ts';
import { lineText, readLines } from '../../../src/adapters/recordings/lines.ts';
import { recordingFeed } from '../../../src/adapters/recordings/recording.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { RecordingError } from '../../../src/ports/feed.ts';
import { SECONDS_FEED } from '../../domain/feed/market-fixtures.ts';
import { BTCUSDT } from '../../support/fixtures.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gzip-test-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(...parts: readonly Uint8Array[]): string {
  const file = join(folder, `recording-${files++}`);
  writeFileSync(file, Buffer.concat(parts));
  return file;
}

/** Lines that do not compress to nothing. */
const LINES = Array.from({ length: 3_000 }, (_, i) => `line ${i} ${(i * 2_654_435_761) % 4_294_967_296}`);

/** The lines of a file, with what is said of it. */
async function read(...parts: readonly Uint8Array[]): Promise<{ lines: string[]; said: string[] }> {
  const tally = new Tally();
  const lines: string[] = [];
  for await (const batch of readLines(fileOf(...parts), tally)) {
    for (let i = 0; i < batch.ends.length; i++) lines.push(lineText(batch, i));
  }
  return { lines, said: [...tally.entries].map(([reason, { count, first }]) => `${count} ${reason} ${first}`) };
}

/** The text that there is, and whether it ended in damage. */
async function textOf(gzip: Buffer, chunkBytes: number): Promise<{ text: string; isTorn: boolean }> {
  async function* open() {
    for (let at = 0; at < gzip.length; at += chunkBytes) yield gzip.subarray(at, at + chunkBytes);
  }
  const texts: Buffer[] = [];
  try {
    for await (const text of gunzip(open)) texts.push(text);
  } catch (error) {
    expect(error).toBeInstanceOf(TornGzipError);
    return { text: Buffer.concat(texts).toString(), isTorn: true };
  }
  return { text: Buffer.concat(texts).toString(), isTorn: false };
}

const changedAt = (gzip: Buffer, at: number): Buffer => {
  const changed = Buffer.from(gzip);
  changed[changed.length + at] = (changed.at(at) as number) ^ 0x55;
  return changed;
};

describe('a gzip', () => {
  const text = LINES.join('\n');
  const gzip = gzipSync(text);

  it.each<[string, readonly Uint8Array[]]>([
    ['as it is', [gzip]],
    ['with zero padding', [gzip, Buffer.alloc(100_000)]],
    ['of several members', [gzipSync(`${LINES.slice(0, 7).join('\n')}\n`), gzipSync(LINES.slice(7).join('\n'))]],
    ['of several members, with zero padding', [gzipSync(text.slice(0, 999)), gzipSync(text.slice(999)), Buffer.alloc(3)]],
  ])('%s gives its lines, and nothing is said', async (_what, parts) => {
    expect(await read(...parts)).toEqual({ lines: LINES, said: [] });
  });

  it.each<[string, readonly Uint8Array[], RegExp]>([
    ['bytes behind its end', [gzip, Buffer.from('<html>not found</html>')], /incorrect header check/],
    ['many bytes behind its end', [gzip, Buffer.alloc(200_000, 'x')], /incorrect header check/],
    ['a wrong check sum', [changedAt(gzip, -5)], /incorrect data check/],
    ['a wrong length', [changedAt(gzip, -1)], /incorrect length check/],
  ])('with %s gives every line, the last without a line end too, and the reason is said', async (_what, parts, reason) => {
    const { lines, said } = await read(...parts);
    expect(lines).toEqual(LINES);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^1 torn-gzip .*the lines before the damage are used/);
    expect(said[0]).toMatch(reason);
  });

  it('whose text fits into the buffers of zlib gives it all the same', async () => {
    const { lines, said } = await read(gzipSync('one\ntwo\nthree'), Buffer.from('garbage'));
    expect(lines).toEqual(['one', 'two', 'three']);
    expect(said).toHaveLength(1);
  });

  it('that is cut gives its whole lines, and not the torn one', async () => {
    const { lines, said } = await read(gzip.subarray(0, gzip.length - 300));
    expect(lines.length).toBeGreaterThan(2_000);
    expect(lines).toEqual(LINES.slice(0, lines.length));
    expect(said[0]).toMatch(/torn-gzip .*unexpected end of file/);
  });

  it('that is cut within its only line gives what there is: JSON in one line is read row by row', async () => {
    const { lines } = await read(gzipSync(`{"candles": [${LINES.join(',')}]}`).subarray(0, 8_000));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{"candles": \[line 0 0,line 1 2654435761,/);
  });

  it('that is damaged anywhere gives all that the bytes before the damage make', async () => {
    const positions = fc.integer({ min: 20, max: gzip.length - 80 });
    await fc.assert(
      fc.asyncProperty(positions, fc.integer({ min: 700, max: 70_000 }), async (at, chunkBytes) => {
        const damaged = Buffer.from(gzip);
        damaged.fill(0xff, at, at + 64);
        const before = gunzipSync(gzip.subarray(0, at), { finishFlush: constants.Z_SYNC_FLUSH }).toString();
        const read = await textOf(damaged, chunkBytes);
        expect(read.isTorn).toBe(true);
        expect(read.text.startsWith(before)).toBe(true);
      }),
      { numRuns: 12 },
    );
  });

  it('that gives nothing at all is refused, with the reason', async () => {
    const file = fileOf(gzip.subarray(0, 10), Buffer.alloc(50, 0xff));
    const reading = recordingFeed([file], SECONDS_FEED, BTCUSDT).evidence({ tally: new Tally() })[Symbol.asyncIterator]().next();
    await expect(reading).rejects.toThrow(RecordingError);
    await expect(reading).rejects.toThrow(/holds nothing that can be read, its gzip is torn or damaged \(.+\); fetch it again/);
  });
});
