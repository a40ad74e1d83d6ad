import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { addressOf, givenServer } from './given-server.ts';

describeEventStore('the tape in EventStoreDB', async () => openEventStoreDb(addressOf(await givenServer())), {
  hasGivenClock: false,
  hasTail: true,
  traits: { hasLock: false, hasOwnIndex: false },
});
