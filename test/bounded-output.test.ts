import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemTime } from '../src/adapters/system-time.ts';
import { BoundedOutput, type OutputOptions } from '../src/bounded-output.ts';
import { TemporaryFolder } from './support/temporary-folder.ts';
import { quickened } from './support/test-time.ts';
import { until } from './support/until.ts';

const temporary = new TemporaryFolder();
const gap: OutputOptions['gap'] = (dropped) => `gap ${dropped}\n`;
/** Waits are ten times as short. */
const time = quickened(systemTime, 10);

function opened(path: string, flags: number): number {
  const fd = openSync(path, flags);
  onTestFinished(() => closeSync(fd));
  return fd;
}

/** A pipe with both its ends; who writes to it waits where `isBlocking`. */
function pipe(isBlocking = false) {
  const path = join(temporary.newFolder(), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = opened(path, constants.O_RDWR | constants.O_NONBLOCK);
  const writer = opened(path, isBlocking ? constants.O_RDWR : constants.O_RDWR | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(65_536);
  const read = (): string => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer));
    } catch {
      return '';
    }
  };
  return { writer, read };
}

/** Lines of 100 bytes that say which they are. */
const line = (index: number): string => `${String(index).padEnd(99, '.')}\n`;

describe('a bounded output', () => {
  it('writes everything, in order, to what takes it', async () => {
    const file = join(temporary.newFolder(), 'file');
    const output = new BoundedOutput(opened(file, constants.O_CREAT | constants.O_WRONLY), time, { gap });
    const long = `${'é'.repeat(10_000)}\n`;
    const texts = [...Array.from({ length: 300 }, (_, index) => line(index)), long, line(300)];
    for (const text of texts) output.write(text);
    await output.flush(10_000);
    expect(readFileSync(file, 'utf8')).toBe(texts.join(''));
    expect(output.dropped).toBe(0);
  });

  it('drops nothing of a burst, or of long turns of the event loop, where a plain file takes it', async () => {
    const file = join(temporary.newFolder(), 'file');
    const fd = opened(file, constants.O_CREAT | constants.O_WRONLY);
    const output = new BoundedOutput(fd, time, { gap });
    const burst = Array.from({ length: 30_000 }, (_, index) => line(index));
    for (const text of burst) output.write(text);
    await output.flush(100_000);
    const slow = new BoundedOutput(fd, time, { gap, mostWaiting: 50_000 });
    const turns = Array.from({ length: 50 }, (_, turn) => Array.from({ length: 90 }, (_, index) => line(turn * 90 + index)));
    for (const texts of turns) {
      for (const text of texts) slow.write(text);
      // A write ends meanwhile, and the next one begins with the next turn.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
      await new Promise(setImmediate);
    }
    await slow.flush(100_000);
    expect([output.dropped, slow.dropped]).toEqual([0, 0]);
    expect(readFileSync(file, 'utf8')).toBe([...burst, ...turns.flat()].join(''));
  });

  it('drops and counts what does not fit while nobody reads, and says how much was dropped when it goes on', async () => {
    const { writer, read } = pipe();
    const output = new BoundedOutput(writer, time, { gap, mostWaiting: 10_000 });
    // A pipe holds 64 KiB.
    const [fitting, written] = [600, 1_500];
    for (let index = 0; index < fitting; index++) {
      output.write(line(index));
      if (index % 40 === 0) await output.flush(100_000);
    }
    await output.flush(100_000);
    expect(output.dropped).toBe(0);
    for (let index = fitting; index < written; index++) output.write(line(index));
    expect(output.dropped).toBeGreaterThan(700);
    expect(output.waiting).toBeLessThanOrEqual(10_000);
    const { dropped } = output;
    let text = '';
    await until(() => {
      text += read();
      return text.includes('gap') && output.waiting === 0;
    });
    output.write('the end\n');
    await until(() => {
      text += read();
      return text.endsWith('the end\n');
    });
    const lines = text.trimEnd().split('\n');
    expect(lines.slice(-2)).toEqual([`gap ${dropped}`, 'the end']);
    const kept = lines.slice(0, -2);
    // Whole lines, without one that was left out before the gap.
    expect(kept).toEqual(kept.map((_, index) => line(index).trimEnd()));
    expect(kept.length + dropped).toBe(written);
  });

  it('goes on where nothing can be written, as on a full disk', async () => {
    // It is tried again for ever, so it stays open.
    const output = new BoundedOutput(openSync('/dev/full', 'w'), time, { gap, mostWaiting: 1_000 });
    for (let index = 0; index < 100; index++) output.write(line(index));
    await output.flush(100);
    expect(output.dropped).toBeGreaterThanOrEqual(89);
    output.writeRest();
    expect(output.isHung).toBe(false);
  });

  it('leaves the event loop free while a write hangs, and says that it does', async () => {
    const { writer, read } = pipe(true);
    const output = new BoundedOutput(writer, quickened(systemTime, 100), { gap });
    for (let index = 0; index < 1_000; index++) output.write(line(index));
    await until(() => output.isHung);
    expect(output.waiting).toBeGreaterThan(10_000);
    let text = '';
    await until(() => {
      text += read();
      return text.length === 100_000;
    });
    expect(text).toBe(Array.from({ length: 1_000 }, (_, index) => line(index)).join(''));
    await output.flush(10_000);
    expect(output.isHung).toBe(false);
  });

  it('writes at the end of the process what still waits', async () => {
    const { writer, read } = pipe();
    const output = new BoundedOutput(writer, time, { gap });
    for (const index of [0, 1, 2]) output.write(line(index));
    output.writeRest();
    let text = '';
    await until(() => {
      text += read();
      return text.length === 300;
    });
    expect(text.split('\n').sort().join('\n')).toBe(`\n${[0, 1, 2].map((index) => line(index).trimEnd()).join('\n')}`);
  });
});
