/** What is committed leaves the log without a commit that waits for it. */

import { once } from 'node:events';
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import type { Worker } from 'node:worker_threads';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { SqliteCheckpoint } from '../../../src/adapters/sqlite/checkpoint.ts';
import { openSqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { openSqliteReadStore } from '../../../src/adapters/sqlite/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { DAY, run } from '../../contracts/tape-events.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { timeAt } from '../../support/test-time.ts';

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
  const store = await openSqliteEventStore(file, timeAt(DAY));
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
  const store = await openSqliteReadStore(file, systemTime);
  close = () => store.close();
  await store.prepare([{ name: 'things', indexes: [] }]);
  expect(statSync(file).size).toBeLessThan(SMALL_BYTES);
  const writes = Array.from({ length: EVENTS }, (_, index) => {
    return { collection: 'things', key: `${index}`, document: { _position: '1', text: 'x'.repeat(500) } };
  });
  await store.commit('things', writes, '1');
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(SMALL_BYTES), WAIT);
});

test('a file that was removed or replaced is let alone and told of, and one that is back is gone on with', async () => {
  const [file, other] = [folder.newFile(), folder.newFile()];
  const store = await openSqliteReadStore(file, systemTime);
  await (await openSqliteReadStore(other, systemTime)).close();
  const checkpoint = new SqliteCheckpoint(file);
  close = async () => {
    await checkpoint.close();
    await store.close();
  };
  await store.prepare([{ name: 'things', indexes: [] }]);
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  onTestFinished(() => {
    process.off('warning', warned);
  });
  const tried = async (): Promise<unknown> => {
    const begun = once(process, 'worker');
    checkpoint.noteWritten(EVENTS);
    const [thread] = await begun;
    return new Promise((resolve) => (thread as Worker).once('exit', resolve));
  };
  renameSync(file, `${file}.away`);
  expect(await tried()).toBe(1);
  expect(existsSync(file)).toBe(false);
  copyFileSync(other, file);
  const replaced = readFileSync(file);
  expect(await tried()).toBe(1);
  expect(readFileSync(file)).toEqual(replaced);
  renameSync(`${file}.away`, file);
  const size = statSync(file).size;
  await store.commit('things', [{ collection: 'things', key: 'a', document: { _position: '1', text: 'x'.repeat(50_000) } }], '1');
  checkpoint.noteWritten(EVENTS);
  await vi.waitFor(() => expect(statSync(file).size).toBeGreaterThan(size), WAIT);
  expect(warnings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^the log of .* could not be brought into the file .*the file was removed or replaced/),
  ]);
});
