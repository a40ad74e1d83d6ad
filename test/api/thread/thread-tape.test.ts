import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openSqliteEventStore, openSqliteTapeToRead } from '../../../src/adapters/sqlite/event-store.ts';
import { ThreadTape } from '../../../src/api/thread/thread-tape.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { DAY } from '../../contracts/tape-events.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { timeAt } from '../../support/test-time.ts';

const folder = new TemporaryFolder();

/** Read over a connection of its own, appended to over the other one. */
describeEventStore(
  "a thread's tape",
  async (clock) => {
    const file = folder.newFile();
    const main = await openSqliteEventStore(file, clock);
    const tape = new ThreadTape(await openSqliteTapeToRead(file, clock), main.append.bind(main));
    const close = async (): Promise<void> => {
      await main.close();
      await tape.close();
    };
    return alteredEvents(tape, { close });
  },
  { traits: { hasLock: false, hasOwnIndex: true } },
);

it('a tape of a thread has the tail of its own connection, and no lock', () => {
  const tail = { kept: { events: 1, bytes: 2 }, keptLimit: { events: 3, bytes: 4 } };
  const inner = alteredEvents(openMemoryEventStore({ time: timeAt(DAY), hasLock: true }), { tail, maxWaiting: 5 });
  const tape = new ThreadTape(inner, inner.append.bind(inner));
  expect(tape).toMatchObject({ traits: { hasLock: false, hasOwnIndex: true }, tail, maxWaiting: null });
});
