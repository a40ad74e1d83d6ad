/** As the contract is run on real servers: on one that has other events already, one test after the other. */

import { openEventStoreDb } from '../../../src/adapters/event-store/eventstoredb.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { tapeSince } from '../../engines/eventstoredb/tape-since.ts';
import { EventStoreServer } from '../../support/event-store-server/server.ts';
import { addressOf } from './given-server.ts';

const server = await EventStoreServer.start();
let runs = 0;
describeEventStore(
  'the tape in a shared EventStoreDB',
  async () => tapeSince(openEventStoreDb(addressOf(server)), `run${++runs}`),
  {
    ownClock: false,
  },
);
