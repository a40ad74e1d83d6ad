import { describe, expect, test } from 'vitest';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { StoreError } from '../../src/ports.ts';
import { TestClock } from '../contracts/event-store.ts';
import { TemporaryFolder } from './temporary-folder.ts';

const folder = new TemporaryFolder();
const clock = new TestClock();

describe('an address', () => {
  test.each([`sqlite:${folder.newFile()}`, 'memory:'])('of a store that is known opens it', async (address) => {
    const tape = await openEventStore(address, clock);
    expect(await tape.head()).toBe('0');
    expect(tape.exclusively).toBeDefined();
    await tape.close();
    const models = await openReadStore(address.replace('store.db', 'read.db'));
    expect(await models.checkpoint('orders')).toBe('0');
    await models.close();
  });

  test.each([
    ['mongodb://alice:secret@host/db', '"mongodb:..."'],
    ['alice:secret@host', 'which has no scheme'],
    ['sqlite:', '"sqlite:..."'],
    ['', 'which has no scheme'],
  ])('of a store that is not, %s, is refused without its secrets', async (address, shown) => {
    const message = `the address of the event store, ${shown}, is not known: use "sqlite:FILE" or "memory:"`;
    await expect(openEventStore(address, clock)).rejects.toThrow(new StoreError(message));
    await expect(openReadStore(address)).rejects.toThrow(StoreError);
  });
});
