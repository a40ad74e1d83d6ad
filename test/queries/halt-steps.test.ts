import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { openMemoryReadStore } from '../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../src/ports/errors.ts';
import { stepsOfHalt } from '../../src/queries/halt-steps.ts';
import { alteredReads } from '../support/altered-stores.ts';

const halt = { scope: { all: true }, atLastPrice: true } as const;

function stepsWith(error?: Error): Promise<number> {
  const reads = openMemoryReadStore();
  const failing = error && alteredReads(reads, { checkpoint: () => Promise.reject(error) });
  return stepsOfHalt(openMemoryEventStore({ time: systemTime, hasLock: true }), failing ?? reads, halt);
}

it('a halt that closes at the last price takes no more events where nothing is held', async () => {
  expect(await stepsWith()).toBe(0);
});

it('a halt does not wait for a read store that is away: it takes as many events as it may need', async () => {
  expect(await stepsWith(new StoreUnavailableError('read store', 'it is away'))).toBe(500);
});

it('a read store that a person has to mend is told', async () => {
  await expect(stepsWith(new StoreError('it is damaged'))).rejects.toThrow('it is damaged');
});
