/** A process that is to end does not wait for an EventStoreDB that is away: its calls fail, soon, as they would have later. */

import { expect, test } from 'vitest';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import { run } from '../../contracts/tape-events.ts';
import { addressOf, givenServer, givenStore, SHORT_TIMEOUTS } from './given-server.ts';

/** Longer than any test may take. */
const FOR_EVER = 600_000;

test('an append that has no answer fails with an unknown outcome', async () => {
  const server = await givenServer();
  const store = givenStore(addressOf(server), { ...SHORT_TIMEOUTS, callMs: FOR_EVER, totalMs: FOR_EVER });
  await store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
  server.faults.appends.push('commit-silent');
  const appended = store.append('feed-a', 0, run('feed-a', 1, 1));
  while (server.log.records.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  store.hasten();
  await expect(appended).rejects.toThrow(StoreUnavailableError);
});

test('a read that is made again and again is made for the last time', async () => {
  const server = await givenServer();
  server.faults.refuse = 'unavailable';
  const store = givenStore(addressOf(server), {
    ...SHORT_TIMEOUTS,
    totalMs: FOR_EVER,
    backoff: { firstMs: FOR_EVER, longestMs: FOR_EVER },
  });
  const read = store.head();
  await new Promise((resolve) => setTimeout(resolve, 50));
  store.hasten();
  await expect(read).rejects.toThrow(StoreUnavailableError);
});

test('what the server answers is done as ever', async () => {
  const store = givenStore(addressOf(await givenServer()));
  store.hasten();
  await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
  expect(await store.read({ stream: 'feed-a', limit: 10 })).toHaveLength(3);
});

test('a server that answers nothing is let go of: no connection stays open', async () => {
  const server = await givenServer();
  server.faults.isSilent = true;
  const store = givenStore(addressOf(server));
  const read = store.head();
  while (server.connections < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  store.hasten();
  await expect(read).rejects.toThrow(StoreUnavailableError);
  await store.close();
  await expect.poll(() => server.sessions, { timeout: 5_000 }).toBe(0);
});
