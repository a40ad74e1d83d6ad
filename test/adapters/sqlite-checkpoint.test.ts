/** What is committed leaves the log without a commit that waits for it. */

import { existsSync, rmSync, statSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { openSqliteEventStore } from '../../src/adapters/event-store/sqlite.ts';
import { openSqliteReadStore } from '../../src/adapters/read-store/sqlite.ts';
import { SqliteCheckpoint } from '../../src/adapters/sqlite-checkpoint.ts';
import { TestClock } from '../contracts/event-store.ts';
import { run } from '../contracts/tape-events.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const folder = new TemporaryFolder();
/** With nothing but its schema a file has some pages. */
const SMALL_BYTES = 150_000;
/** More than lies between two checkpoints, and far less than a log at which SQLite makes one by itself. */
const EVENTS = 1_000;
const WAIT = { timeout: 20_000, interval: 20 };

let close: () => Promise<void>;
afterEach(() => close());

test('events come from the log into the tape while it is in use', async () => {
  const file = folder.newFile();
  const store = await openSqliteEventStore(file, new TestClock());
  close = () => store.close();
  expect(statSync(file).size).toBeLessThan(SMALL_BYTES);
  for (let from = 0; from < EVENTS; from += 100) {
    await store.append('feed-a', from === 0 ? 'no-stream' : from - 1, run('feed-a', from, from + 99));
  }
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(SMALL_BYTES), WAIT);
  await store.append('feed-a', EVENTS - 1, run('feed-a', EVENTS, EVENTS));
  expect(await store.head()).toBe(String(EVENTS + 1));
});

test('documents come from the log into the read store while it is in use', async () => {
  const file = folder.newFile();
  const store = await openSqliteReadStore(file);
  close = () => store.close();
  await store.prepare([{ name: 'things', indexes: [] }]);
  expect(statSync(file).size).toBeLessThan(SMALL_BYTES);
  const writes = Array.from({ length: EVENTS }, (_, index) => {
    return { collection: 'things', key: `${index}`, document: { _position: '1', text: 'x'.repeat(500) } };
  });
  await store.commit('things', writes, '1');
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(SMALL_BYTES), WAIT);
});

test('a file that was removed is not made anew', async () => {
  const file = folder.newFile();
  const store = await openSqliteReadStore(file);
  const checkpoint = new SqliteCheckpoint(file);
  close = async () => {
    await checkpoint.close();
    await store.close();
  };
  rmSync(file);
  const failed = new Promise((resolve) => process.once('worker', (worker) => worker.once('exit', resolve)));
  checkpoint.wrote(EVENTS);
  expect(await failed).toBe(1);
  expect(existsSync(file)).toBe(false);
});
