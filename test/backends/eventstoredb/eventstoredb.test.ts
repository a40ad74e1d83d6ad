/** The contract of event stores on the EventStoreDB at TAPEDECK_TEST_EVENT_STORE, which may hold other events already. */

import { randomUUID } from 'node:crypto';
import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { tapeSince } from './tape-since.ts';

const address = process.env.TAPEDECK_TEST_EVENT_STORE ?? '';
let runs = 0;
const name = randomUUID().slice(0, 8);

describeEventStore(
  'the tape in a real EventStoreDB',
  async () => tapeSince(openEventStoreDb(address, systemTime), `${name}x${++runs}`),
  {
    hasGivenClock: false,
    hasTail: true,
    traits: { hasLock: false, hasOwnIndex: false },
  },
);
