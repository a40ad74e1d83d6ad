/**
 * On a server of the oldest version, which never says that a subscription has caught up and gives events of streams no
 * position; and one test after the other on the same server, as the contract is run on real ones. A search that finds
 * nothing reads all that earlier tests have left, so that the cost grows with the square of the tests on a server.
 */

import { afterAll } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { tapeSince } from '../../backends/eventstoredb/tape-since.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { EventStoreServer } from '../../servers/event-store/server.ts';
import { counts } from '../../support/scale.ts';
import { addressOf } from './given-server.ts';

const VERSION = { version: '22.10.2', traits: { hasCaughtUp: false, hasStreamPositions: false } } as const;
let server: EventStoreServer | undefined;
let runs = 0;
afterAll(() => server?.stop());

/** A new one when the one before has had its runs. */
async function serverOfRun(run: number): Promise<EventStoreServer> {
  if (server === undefined || run % counts.runsOnOneServer === 0) {
    await server?.stop();
    server = await EventStoreServer.start(VERSION);
  }
  return server;
}

describeEventStore(
  'the tape in EventStoreDB 22.10',
  async () => {
    const run = runs++;
    return tapeSince(openEventStoreDb(addressOf(await serverOfRun(run)), systemTime), `run${run}`);
  },
  {
    hasGivenClock: false,
    hasTail: true,
    traits: { hasLock: false, hasOwnIndex: false },
  },
);
