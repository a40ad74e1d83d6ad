import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { openSqliteReadStore } from '../../src/adapters/sqlite/read-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { Time } from '../../src/ports/clock.ts';
import type { EventStore, ReadQuery } from '../../src/ports/event-store.ts';
import { ForwardingEventStore } from '../../src/ports/forwarding.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { eventIndex } from '../../src/projections/event-index.ts';
import { PROJECTIONS, projectionsOn } from '../../src/projections/projections.ts';
import { withEventIndex } from '../../src/queries/indexed-tape.ts';
import { startProjection } from '../../src/runtime/projections/host.ts';
import type { RecordedEvent } from '../../src/tape/envelope.ts';
import { describeEventStore } from '../contracts/event-store.ts';
import { causedBy, recovered, run, stale } from '../contracts/tape-events.ts';
import { alteredEvents } from '../support/altered-stores.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { timeAt } from '../support/test-time.ts';

const clock = timeAt(1_800_000_000_000);
const folder = new TemporaryFolder();

/** A tape that finds events by stream alone: whoever asks for more is told so. */
class PlainTape extends ForwardingEventStore {
  override readonly traits = { hasLock: false, hasOwnIndex: false };

  override async read(query: ReadQuery): Promise<RecordedEvent[]> {
    const { stream, types, correlationId, from, to } = query;
    const isSearchOfAll = stream === undefined && (types ?? correlationId ?? from ?? to) !== undefined;
    if (isSearchOfAll && query.after === undefined) throw new Error('it would look through the whole tape');
    return super.read(query);
  }

  override async byId(): Promise<never> {
    throw new Error('it would look through the whole tape');
  }
}

/** With an index that is kept up while the contract's tests append: it lags by as much as it likes. */
async function indexed(given: Time, reads: ReadStore): Promise<EventStore> {
  const store = openMemoryEventStore({ time: given, hasLock: false });
  const whole = alteredEvents(new PlainTape(store), { read: (query) => store.read(query), byId: (id) => store.byId(id) });
  const projection = await startProjection(eventIndex, whole, reads, { time: clock });
  projection.ended.catch(() => undefined);
  const close = async (): Promise<void> => {
    await projection.close();
    await store.close();
  };
  return alteredEvents(withEventIndex(whole, reads), { close });
}

const INDEXED = { traits: { hasLock: false, hasOwnIndex: false } };

describeEventStore('a tape with an index in memory', (given) => indexed(given, openMemoryReadStore()), INDEXED);
describeEventStore(
  'a tape with an index in SQLite',
  async (given) => indexed(given, await openSqliteReadStore(folder.newFile(), systemTime)),
  INDEXED,
);

describe('a tape with an index of its events', () => {
  async function given(appended: (store: EventStore) => Promise<unknown>) {
    const store = openMemoryEventStore({ time: clock, hasLock: false });
    const reads = openMemoryReadStore();
    await appended(store);
    const projection = await startProjection(eventIndex, new PlainTape(store), reads, { time: clock });
    await projection.waitFor(await store.head(), 5_000);
    await projection.close();
    return { store, reads, tape: withEventIndex(new PlainTape(store), reads) };
  }

  it('answers by id, type, correlation and time without looking through the tape', async () => {
    const root = recovered('feed-a', 0);
    const { tape } = await given(async (store) => {
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 9));
      await store.append('order-b', 'no-stream', [
        causedBy(stale('order-b', 50), root.id),
        causedBy(stale('order-b', 51), root.id),
      ]);
    });
    expect(await tape.byId(root.id)).toMatchObject({ stream: 'feed-a', revision: 0 });
    expect(await tape.byId(recovered('feed-a', 77).id)).toBeUndefined();
    const followed = await tape.read({ correlationId: root.id, limit: 10 });
    expect(followed.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual(['feed-a 0', 'order-b 0', 'order-b 1']);
    const stales = await tape.read({ types: ['FeedStale'], isBackward: true, limit: 1 });
    expect(stales.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual(['order-b 1']);
    const last = await tape.read({
      from: '2024-08-08T00:00:05.000Z',
      to: '2024-08-08T00:00:51.000Z',
      isBackward: true,
      limit: 3,
    });
    expect(last.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual(['order-b 0', 'feed-a 9', 'feed-a 8']);
  });

  it('answers with what the index does not have yet', async () => {
    const { store, tape } = await given((store) => store.append('feed-a', 'no-stream', run('feed-a', 0, 4)));
    await store.append('feed-a', 4, run('feed-a', 5, 6));
    expect(await tape.byId(recovered('feed-a', 6).id)).toMatchObject({ revision: 6 });
    const since = { from: '2024-08-08T00:00:03.000Z' };
    expect((await tape.read({ ...since, limit: 10 })).map(({ revision }) => revision)).toEqual([3, 4, 5, 6]);
    expect((await tape.read({ ...since, isBackward: true, limit: 3 })).map(({ revision }) => revision)).toEqual([6, 5, 4]);
  });

  it('notices an index of another tape', async () => {
    const { reads } = await given((store) => store.append('feed-a', 'no-stream', run('feed-a', 0, 4)));
    const other = openMemoryEventStore({ time: clock, hasLock: false });
    await other.append('feed-a', 'no-stream', run('feed-a', 20, 29));
    const tape = withEventIndex(new PlainTape(other), reads);
    await expect(tape.byId(recovered('feed-a', 0).id)).rejects.toThrow(/index of events has .* at revision 0 of "feed-a"/);
  });

  it('has one where the store needs it, and none where it does not', () => {
    const store = openMemoryEventStore({ time: clock, hasLock: true });
    expect(withEventIndex(store, openMemoryReadStore())).toBe(store);
    expect(projectionsOn(store)).toBe(PROJECTIONS);
    expect(projectionsOn(new PlainTape(store)).map(({ name }) => name)).toContain('event-index');
  });
});
