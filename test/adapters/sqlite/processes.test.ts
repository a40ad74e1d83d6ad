/** One tape, several connections and processes, and what is left when one of them is killed. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { openSqliteEventStore, SqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { openTapeFile } from '../../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import { type LockingEventStore, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { START } from '../../../src/tape/envelope.ts';
import { Watcher } from '../../contracts/event-store.ts';
import { DAY, recovered, run } from '../../contracts/tape-events.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { timeAt } from '../../support/test-time.ts';

const folder = new TemporaryFolder();

function open(file: string): Promise<LockingEventStore> {
  return openSqliteEventStore(file, timeAt(DAY));
}

function startAppending(file: string, stream: string, batches = 0): ChildProcess {
  const program = join(import.meta.dirname, 'append-forever.ts');
  return spawn(process.execPath, [program, file, stream, String(batches)], { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** Waits for so many lines of a child's output; the last one as a number. */
async function lines(child: ChildProcess, count: number): Promise<number> {
  let last = -1;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    last = Number(line);
    seen += 1;
    if (seen >= count) break;
  }
  return last;
}

describe('two connections to one tape', () => {
  test('see what the other appends, and are held to its revisions', async () => {
    const file = folder.newFile();
    const [one, other] = await Promise.all([open(file), open(file)]);
    await one.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    await other.append('feed-a', 1, [recovered('feed-a', 2)]);
    await expect(one.append('feed-a', 1, [recovered('feed-a', 9)])).rejects.toBeInstanceOf(WrongExpectedRevisionError);
    expect(await one.append('feed-a', 2, [recovered('feed-a', 3)])).toMatchObject({ revision: 3, position: '4' });
    expect(await other.append('feed-a', 1, [recovered('feed-a', 2)])).toMatchObject({ revision: 2, isRepeated: true });
    const seen = await other.exclusively((tape) => [tape.revisionOf('feed-a'), tape.at('feed-a', 3)?.id]);
    expect(seen).toEqual([3, recovered('feed-a', 3).id]);
    await Promise.all([one.close(), other.close()]);
  });

  test('may make a new file at the same time', async () => {
    const file = folder.newFile();
    const stores = await Promise.all(Array.from({ length: 5 }, () => open(file)));
    await Promise.all(stores.map((store, index) => store.append(`feed-${index}`, 'no-stream', run(`feed-${index}`, 0, 2))));
    expect(await stores[0]?.read({ limit: 100 })).toHaveLength(15);
    await Promise.all(stores.map((store) => store.close()));
  });

  test('waits, before it opens a new file, for one that is just making it', async () => {
    const file = folder.newFile();
    mkdirSync(dirname(file));
    const maker = new DatabaseSync(file);
    maker.exec('BEGIN EXCLUSIVE');
    const opening = open(file);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    maker.exec('ROLLBACK');
    maker.close();
    const store = await opening;
    expect(await store.head()).toBe(START);
    await store.close();
  });

  test("give times that never run back, though one's clock is behind", async () => {
    const file = folder.newFile();
    const behind = timeAt(DAY);
    const [one, other] = [await open(file), await openSqliteEventStore(file, behind)];
    behind.ms -= 10_000;
    const first = await one.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
    await other.append('feed-a', 0, [recovered('feed-a', 1)]);
    const [a, b] = await one.read({ limit: 2 });
    expect(b?.recordedAt).toBe(a?.recordedAt);
    expect(first.position).toBe('1');
    await Promise.all([one.close(), other.close()]);
  });

  test('wait for the lock while the process goes on, and take it when it is free', async () => {
    const file = folder.newFile();
    const store = await open(file);
    const locker = new DatabaseSync(file);
    locker.exec('BEGIN IMMEDIATE');
    let isDone = false;
    const appending = store.append('feed-a', 'no-stream', run('feed-a', 0, 0)).then((appended) => {
      isDone = true;
      return appended;
    });
    const working = store.exclusively((tape) => tape.revisionOf('feed-a'));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    expect(isDone).toBe(false);
    expect(await store.read({ limit: 5 })).toEqual([]);
    locker.exec('ROLLBACK');
    locker.close();
    expect(await appending).toMatchObject({ revision: 0 });
    expect(await working).toBe(0);
    await store.close();
  });

  test('do not wait for ever: a lock that is not let go is an absence that says so, and may pass', async () => {
    const file = folder.newFile();
    const store = new SqliteEventStore(await openTapeFile(file, systemTime), { file, time: timeAt(DAY), lockWaitMs: 30 });
    const locker = new DatabaseSync(file);
    locker.exec('BEGIN IMMEDIATE');
    const outcomes = await Promise.allSettled([
      store.append('feed-a', 'no-stream', run('feed-a', 0, 0)),
      store.exclusively(() => 1),
    ]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
      expect((outcome as PromiseRejectedResult).reason.message).toContain(`${file} is locked by another process`);
    }
    locker.exec('ROLLBACK');
    locker.close();
    expect(await store.append('feed-a', 'no-stream', run('feed-a', 0, 0))).toMatchObject({ revision: 0, isRepeated: false });
    await store.close();
  });
});

describe('two processes on one tape', () => {
  test("are told of each other's appends", async () => {
    const file = folder.newFile();
    const store = await open(file);
    const watcher = new Watcher(store, { after: START });
    await watcher.until('caught up 0');
    const child = startAppending(file, 'feed-child', 20);
    const exited = once(child, 'exit');
    for (let number = 0; number < 20; number++) {
      await store.append('feed-own', number === 0 ? 'no-stream' : number - 1, [recovered('feed-own', number)]);
    }
    await watcher.until('caught up 160');
    expect((await exited)[0]).toBe(0);
    expect(watcher.events).toEqual(await store.read({ limit: 1000 }));
    expect(watcher.events.filter(({ stream }) => stream === 'feed-child')).toHaveLength(140);
    await store.close();
  });

  test('race for the same revisions: every event is there once, in one order', async () => {
    const file = folder.newFile();
    const stores = await Promise.all([open(file), open(file)]);
    const child = startAppending(file, 'feed-a', 30);
    const exited = once(child, 'exit');
    for (let batch = 0; batch < 30; batch++) {
      const first = batch * 7;
      const expected = first === 0 ? 'no-stream' : first - 1;
      await Promise.all(stores.map((store) => store.append('feed-a', expected, run('feed-a', first, first + 6))));
    }
    expect((await exited)[0]).toBe(0);
    const events = await stores[0]?.read({ stream: 'feed-a', limit: 1000 });
    expect(events?.map(({ id }) => id)).toEqual(run('feed-a', 0, 209).map(({ id }) => id));
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('a process that is killed in the middle', () => {
  test.each([1, 2, 5, 9, 20])('after %i answered appends leaves all of those, and only whole appends', async (answers) => {
    const file = folder.newFile();
    const child = startAppending(file, 'feed-a');
    const exited = once(child, 'exit');
    const answered = await lines(child, answers);
    child.kill('SIGKILL');
    await exited;
    const store = await open(file);
    const events = await store.read({ stream: 'feed-a', limit: 100_000 });
    expect(events.length).toBeGreaterThanOrEqual(answered + 1);
    expect(events.length % 7).toBe(0);
    expect(events.map(({ id }) => id)).toEqual(run('feed-a', 0, events.length - 1).map(({ id }) => id));
    const last = events.length - 1;
    expect(await store.append('feed-a', last, [recovered('feed-a', last + 1)])).toMatchObject({ isRepeated: false });
    await store.close();
    const db = new DatabaseSync(file);
    expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    db.close();
  });
});
