import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { addressOf, givenServer } from './given-server.ts';

// It never says that a subscription has caught up, and gives events of streams no position.
const options = { version: '22.10.2', traits: { caughtUp: false, streamPositions: false } };
describeEventStore('the tape in EventStoreDB 22.10', async () => openEventStoreDb(addressOf(await givenServer(options))), {
  ownClock: false,
});
