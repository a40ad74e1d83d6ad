import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { addressOf, givenServer } from './given-server.ts';

describeEventStore('the tape in EventStoreDB', async () => openEventStoreDb(addressOf(await givenServer()), systemTime), {
  hasGivenClock: false,
  hasTail: true,
  traits: { hasLock: false, hasOwnIndex: false },
});
