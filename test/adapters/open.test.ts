import { describe, expect, test } from 'vitest';
import {
  canBeShared,
  openEventStore,
  openLeases,
  openReadStore,
  openReadStoreToRead,
  openTapeToRead,
} from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../src/ports/errors.ts';
import { DAY, recovered } from '../contracts/tape-events.ts';
import { TemporaryFolder } from '../support/temporary-folder.ts';
import { timeAt } from '../support/test-time.ts';

const folder = new TemporaryFolder();
const clock = timeAt(DAY);

describe('an address', () => {
  test.each([`sqlite:${folder.newFile()}`, 'memory:'])('of a store that is known opens it', async (address) => {
    const tape = await openEventStore(address, clock);
    expect(await tape.head()).toBe('0');
    expect(tape.traits).toEqual({ hasLock: true, hasOwnIndex: true });
    await tape.close();
    const models = await openReadStore(address.replace('store.db', 'read.db'), systemTime);
    expect(await models.checkpoint('orders')).toBe('0');
    await models.close();
  });

  test.each([
    ['mongodb://alice:secret@host/db', '"mongodb:..."'],
    ['alice:secret@host', 'which has no scheme'],
    ['sqlite:', '"sqlite:..."'],
    ['', 'which has no scheme'],
  ])('of a store that is not, %s, is refused without its secrets', async (address, shown) => {
    const message = `the address of the event store, ${shown}, is not known: use "sqlite:FILE", "esdb://..." or "memory:"`;
    await expect(openEventStore(address, clock)).rejects.toThrow(new StoreError(message));
    if (!address.startsWith('mongodb:')) await expect(openReadStore(address, systemTime)).rejects.toThrow(/"mongodb:\/\/\.\.\."/);
  });

  test('of MongoDB opens read models and leases there, and waits for nobody', async () => {
    const address = 'mongodb://127.0.0.1:1/models?serverSelectionTimeoutMS=50';
    for (const open of [openReadStore, openReadStoreToRead]) {
      const models = await open(address, systemTime);
      await expect(models.checkpoint('orders')).rejects.toThrow(StoreUnavailableError);
      await models.close();
    }
    const leases = await openLeases(address, systemTime);
    await expect(leases.read()).rejects.toThrow(/MongoDB at 127\.0\.0\.1:1\/models does not serve the leases now/);
    await leases.close();
  });
});

describe('stores that are opened to read', () => {
  const collection = { name: 'notes@1', indexes: [['sequence']] };
  const note = { _position: '1', sequence: 1 };

  test('show what others write, as it comes, and write nothing', async () => {
    const file = folder.newFile();
    const [tape, models] = [
      await openEventStore(`sqlite:${file}`, clock),
      await openReadStore(`sqlite:${file}-models`, systemTime),
    ];
    const [events, reads] = [
      await openTapeToRead(`sqlite:${file}`, clock),
      await openReadStoreToRead(`sqlite:${file}-models`, systemTime),
    ];
    const seen: string[] = [];
    const subscription = events.subscribe({ after: '0', onEvents: (batch) => void seen.push(...batch.map(({ id }) => id)) });
    const event = recovered('feed-binance.BTCUSDT', 1);
    await tape.append(event.stream, 'no-stream', [event]);
    await expect.poll(() => seen).toEqual([event.id]);
    expect(await events.byId(event.id)).toMatchObject({ id: event.id, position: '1' });

    await models.prepare([collection]);
    await models.commit('notes@1', [{ collection: 'notes@1', key: 'one', document: note }], '1');
    expect((await reads.load('notes@1', ['one'])).get('one')).toEqual(note);
    await expect(reads.commit('notes@1', [], '2')).rejects.toThrow(/cannot be written/);
    await subscription.close();
    for (const store of [events, reads, tape, models]) await store.close();
  });

  test('must be there', async () => {
    const absent = `sqlite:${folder.newFile()}`;
    await expect(openTapeToRead(absent, clock)).rejects.toThrow(StoreError);
    await expect(openReadStoreToRead(absent, systemTime)).rejects.toThrow(StoreError);
  });

  test('are files: what is in memory is of one thread', async () => {
    await expect(openTapeToRead('memory:', clock)).rejects.toThrow(StoreError);
    expect(canBeShared({ eventStore: 'sqlite:a', readStore: 'sqlite:b' })).toBe(true);
    expect(canBeShared({ eventStore: 'sqlite:a', readStore: 'memory:' })).toBe(false);
  });
});
