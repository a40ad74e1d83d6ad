/**
 * On a server of the oldest version, which never says that a subscription has caught up and gives events of streams no
 * position; and one test after the other on the same server, as the contract is run on real ones.
 */

import { afterAll } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { tapeSince } from '../../backends/eventstoredb/tape-since.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { EventStoreServer } from '../../servers/event-store/server.ts';
import { addressOf } from './given-server.ts';

const server = await EventStoreServer.start({ version: '22.10.2', traits: { hasCaughtUp: false, hasStreamPositions: false } });
afterAll(() => server.stop());
let runs = 0;

describeEventStore(
  'the tape in EventStoreDB 22.10',
  async () => tapeSince(openEventStoreDb(addressOf(server), systemTime), `run${++runs}`),
  {
    hasGivenClock: false,
    hasTail: true,
    traits: { hasLock: false, hasOwnIndex: false },
  },
);
