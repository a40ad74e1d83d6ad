import { expect, test } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { recovered } from '../../contracts/tape-events.ts';
import { addressOf, givenServer, givenStore } from './given-server.ts';

describeEventStore('the tape in EventStoreDB', async () => openEventStoreDb(addressOf(await givenServer()), systemTime), {
  hasGivenClock: false,
  hasTail: true,
  traits: { hasLock: false, hasOwnIndex: false },
});

test('events are JSON to the server, for its own pages and projections', async () => {
  const server = await givenServer();
  const event = recovered('feed-a', 0);
  await givenStore(addressOf(server)).append('feed-a', 'no-stream', [event]);
  const [record] = server.log.records;
  expect(record).toMatchObject({ type: event.type, isJson: true });
  expect(Buffer.from(record?.data ?? []).toString()).toBe(JSON.stringify(event.data));
});
