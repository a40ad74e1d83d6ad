/** More recordings side by side than files may be open. */

import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { readLines } from '../../../src/adapters/recordings/lines.ts';
import { MOST_HELD_OPEN, readRaw } from '../../../src/adapters/recordings/raw-file.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { unless } from '../../support/unless.ts';

const OPEN_FILES = '/proc/self/fd';
const temporary = new TemporaryFolder();

/** Several chunks of lines, each line in them once. */
const TEXT = Array.from({ length: 30_000 }, (_, line) => `line ${line}\n`).join('');

function fileOf(name: string, content: string | Buffer): string {
  const file = join(temporary.path, name);
  writeFileSync(file, content);
  return file;
}

/** Begins to read as many files as are held open. */
async function holdAllOpen(): Promise<void> {
  for (let count = 0; count < MOST_HELD_OPEN; count++) {
    const reading = readRaw(fileOf(`held-${count}`, TEXT));
    await reading.next();
    onTestFinished(() => void reading.return(undefined));
  }
}

async function textOf(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all).toString();
}

const hasFolder = unless(existsSync(OPEN_FILES), 'this system has no folder of the files that are open');

it('holds so many open and no more, and reads the others whole', hasFolder, async () => {
  const before = readdirSync(OPEN_FILES).length;
  await holdAllOpen();
  const others = Array.from({ length: 50 }, (_, count) => readRaw(fileOf(`other-${count}`, TEXT)));
  const firsts = await Promise.all(others.map((reading) => reading.next()));
  expect(readdirSync(OPEN_FILES).length - before).toBeLessThanOrEqual(MOST_HELD_OPEN + 2);
  for (const [index, reading] of others.entries()) {
    const first = firsts[index]?.value as Buffer;
    expect(first.length).toBeLessThan(TEXT.length / 3);
    expect(first.toString() + (await textOf(reading))).toBe(TEXT);
  }
});

it('reads a gzip whole, too, and refuses to go on in another file under the same name', async () => {
  await holdAllOpen();
  const lines: number[] = [];
  for await (const { ends } of readLines(fileOf('some.gz', gzipSync(TEXT)), new Tally())) lines.push(ends.length);
  expect(lines.reduce((sum, count) => sum + count, 0)).toBe(30_000);
  const file = fileOf('replaced', TEXT);
  const reading = readRaw(file);
  await reading.next();
  renameSync(fileOf('new', TEXT.toUpperCase()), file);
  await expect(reading.next()).rejects.toThrow(/replaced": another file has taken its place while it was read; start again/);
});
