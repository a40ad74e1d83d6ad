/** What the end of a run waits for, and what it tells meanwhile. */

import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { type SettlingProgress, untilSettled } from '../../../src/runtime/ingest/run-end.ts';
import { START } from '../../../src/tape/envelope.ts';
import { DAY, recovered, run } from '../../contracts/tape-events.ts';
import { timeAt } from '../../support/test-time.ts';

/** A tape of three pieces of evidence and a decision, an engine and one read model that stand where the test puts them. */
async function given() {
  const events = openMemoryEventStore({ time: timeAt(DAY), hasLock: false });
  await events.append('feed-a', 'no-stream', run('feed-a', 0, 2));
  const last = await events.head();
  const decision = recovered('reports-paper', 0);
  const metadata = { ...decision.metadata, reactor: 'paper', evidence: decision.id, index: '0' };
  await events.append('reports-paper', 'no-stream', [{ ...decision, metadata } as typeof decision]);
  const at = { engine: START, taken: 0, checkpoint: START, isRead: false };
  const told: SettlingProgress[] = [];
  const asked: string[] = [];
  const stop = new AbortController();
  const end = {
    time: systemTime,
    events,
    engine: {
      get reached() {
        return { position: at.engine, taken: at.taken };
      },
    },
    decidedUpTo: async () => at.checkpoint,
    projections: new Map([
      [
        'orders',
        {
          waitFor: async (position: string) => {
            asked.push(position);
            return at.isRead;
          },
        },
      ],
    ]),
  };
  let isSettled = false;
  const settling = (engine: typeof end.engine | null = end.engine) =>
    untilSettled({ ...end, engine }, 3, (progress) => told.push(progress), stop.signal).then(() => {
      isSettled = true;
    });
  return { at, last, events, told, asked, stop, settling, isSettled: () => isSettled };
}

describe('the end of a run', () => {
  it('waits until the last evidence is decided, and then until all of the tape is read', async () => {
    const { at, last, events, told, asked, settling, isSettled } = await given();
    at.taken = 1;
    const settled = settling();
    await expect.poll(() => told).toContainEqual({ decided: 1, undecided: 2, readModel: null });
    expect(asked).toEqual([]);
    [at.engine, at.taken] = [last, 3];
    await expect.poll(() => told.at(-1), { timeout: 5_000 }).toEqual({ decided: 3, undecided: 0, readModel: 'orders' });
    expect(asked).toContain(await events.head());
    expect(isSettled()).toBe(false);
    at.isRead = true;
    await settled;
  });

  it('goes by what another instance has decided, where this one stands by', async () => {
    const { at, last, settling, told } = await given();
    [at.checkpoint, at.isRead] = [last, true];
    await settling();
    expect(told).toEqual([]);
  });

  it('waits for no engine where the process has none', async () => {
    const { at, settling, told } = await given();
    at.isRead = true;
    await settling(null);
    expect(told).toEqual([]);
  });

  it('is not waited for when the process is to end', async () => {
    const { at, last, settling, stop, told } = await given();
    const settled = settling();
    await expect.poll(() => told.length).toBe(1);
    stop.abort();
    await settled;
    at.engine = last;
    await settling();
  });
});
