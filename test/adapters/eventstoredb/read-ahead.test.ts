import { expect, test } from 'vitest';
import type { ReadBack } from '../../../src/adapters/eventstoredb/events.ts';
import { MAX_READINGS, type PageRead, ReadAhead } from '../../../src/adapters/eventstoredb/read-ahead.ts';
import { run } from '../../contracts/tape-events.ts';
import { SimulatedTime } from '../../support/simulated-time.ts';
import { addressOf, givenServer, givenStore, LONG_TIMEOUTS } from './given-server.ts';

/** A tape of so many events, read in pages of ten under names; `asked` is what was asked of the server. */
class Tape {
  readonly asked: string[] = [];
  readonly #size: () => number;
  readonly #textOf: (name: string) => string;

  constructor(size: () => number, textOf: (name: string) => string = () => '') {
    this.#size = size;
    this.#textOf = textOf;
  }

  page(name: string, from = 0): PageRead {
    const key = `${name} ${from}`;
    const read = (asked: number): ReadBack[] => {
      this.asked.push(asked === 10 ? key : `${key} x${asked / 10}`);
      const count = Math.max(0, Math.min(asked, this.#size() - from));
      return Array.from({ length: count }, (_, index) => ({
        stored: { revision: from + index, data: this.#textOf(name) },
      })) as never;
    };
    return {
      key,
      size: 10,
      read: async () => {
        const events = read(10);
        return { events, isFull: events.length === 10 };
      },
      readMany: async (count) => read(count),
      next: (events) => this.page(name, (events.at(-1)?.stored.revision ?? 0) + 1),
    };
  }
}

async function readTo(ahead: ReadAhead, tape: Tape, name: string, pages: readonly number[]): Promise<number[]> {
  const revisions: number[] = [];
  for (const from of pages) {
    for (const { stored } of (await ahead.page(tape.page(name, from))).events) revisions.push(stored.revision);
  }
  return revisions;
}

const tens = (count: number): number[] => Array.from({ length: count }, (_, page) => page * 10);

test('the pages behind two that follow one another are asked for before anybody wants them, and once', async () => {
  const tape = new Tape(() => 1_000);
  const ahead = new ReadAhead(new SimulatedTime());
  expect(await readTo(ahead, tape, 'a', tens(100))).toEqual(Array.from({ length: 1_000 }, (_, index) => index));
  expect(tape.asked.slice(0, 5)).toEqual(['a 0', 'a 10', 'a 20 x4', 'a 60 x4', 'a 100 x4']);
  expect(tape.asked).toHaveLength(2 + 25);
  // One that goes on where none has ended.
  tape.asked.length = 0;
  await readTo(ahead, tape, 'b', [10]);
  expect(tape.asked).toEqual(['b 10']);
});

test('while pages that have come are taken, the ones behind them are on their way', async () => {
  const tape = new Tape(() => 1_000);
  const ahead = new ReadAhead(new SimulatedTime());
  await readTo(ahead, tape, 'a', [0, 10, 20]);
  expect(tape.asked).toEqual(['a 0', 'a 10', 'a 20 x4', 'a 60 x4']);
});

test.each([
  [23, 24, [0, 10], [20], ['a 20']],
  [45, 46, [0, 10, 20], [30, 40], ['a 40']],
])('a page that was not full is read again, for it may have grown (%i)', async (before, after, first, then, again) => {
  let size = before;
  const tape = new Tape(() => size);
  const ahead = new ReadAhead(new SimulatedTime());
  await readTo(ahead, tape, 'a', first);
  size = after;
  expect((await readTo(ahead, tape, 'a', then)).at(-1)).toBe(after - 1);
  expect(tape.asked).toEqual(['a 0', 'a 10', 'a 20 x4', ...again]);
});

test('a failure is told to whoever waits for the pages, and to nobody who comes later', async () => {
  const ahead = new ReadAhead(new SimulatedTime());
  const tape = new Tape(() => 1_000);
  let failed = Promise.withResolvers<never>();
  const failing = (from: number): PageRead => ({
    ...tape.page('a', from),
    next: () => (from < 10 ? failing(10) : { ...tape.page('a', 20), readMany: () => failed.promise }),
  });
  for (const from of [0, 10]) await ahead.page(failing(from));
  const waiting = ahead.page(tape.page('a', 20));
  failed.reject(new Error('the server is away'));
  await expect(waiting).rejects.toThrow('the server is away');

  failed = Promise.withResolvers();
  for (const from of [0, 10]) await ahead.page(failing(from));
  failed.reject(new Error('the server is away'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(await readTo(ahead, tape, 'a', [20])).toHaveLength(10);
});

test('pages are kept of few readings and not for long, and none is asked for behind one that is large', async () => {
  const time = new SimulatedTime();
  const ahead = new ReadAhead(time);
  const tape = new Tape(
    () => 1_000,
    (name) => 'x'.repeat(name === 'large' ? 200_000 : 0),
  );
  const names = Array.from({ length: 2 * MAX_READINGS + 1 }, (_, index) => `n${index}`);
  for (const name of names) await readTo(ahead, tape, name, [0, 10]);
  tape.asked.length = 0;
  await readTo(ahead, tape, 'n0', [20]);
  expect(tape.asked[0]).toBe('n0 20');
  tape.asked.length = 0;
  await readTo(ahead, tape, 'n5', [20]);
  expect(tape.asked).toEqual(['n5 60 x4']);

  await time.runUntil(5_000);
  tape.asked.length = 0;
  await readTo(ahead, tape, 'n5', [30]);
  expect(tape.asked[0]).toBe('n5 30');

  tape.asked.length = 0;
  await readTo(ahead, tape, 'large', [0, 10, 20]);
  expect(tape.asked).toEqual(['large 0', 'large 10', 'large 20']);
});

test('what was appended before a page is asked for is in it, though the page was read ahead', async () => {
  const server = await givenServer();
  const store = givenStore(addressOf(server), LONG_TIMEOUTS);
  const append = (from: number, to: number) =>
    store.append('feed-a', from === 0 ? 'no-stream' : from - 1, run('feed-a', from, to));
  for (let from = 0; from < 50; from += 10) await append(from, from + 9);
  for (const query of [{}, { stream: 'feed-a' }]) {
    let after: string | undefined;
    let read = 0;
    for (const isLast of [false, false, true]) {
      if (isLast) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        const { revision } = (await store.read({ isBackward: true, limit: 1 }))[0] as { revision: number };
        await append(revision + 1, revision + 3);
      }
      const page = await store.read({ ...query, after, limit: 20 });
      after = page.at(-1)?.position;
      read += page.length;
    }
    expect(read).toBe(server.log.records.length);
  }
});
