/** What a process keeps in memory of a tape in EventStoreDB is bounded, in events and in bytes, and everybody can see it. */

import { expect, onTestFinished, test } from 'vitest';
import { type EventStoreDbTape, openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import type { TailLimits } from '../../../src/adapters/eventstoredb/tail.ts';
import { openMemoryReadStore } from '../../../src/adapters/memory/read-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { withEventIndex } from '../../../src/queries/indexed-tape.ts';
import { MeteredEventStore } from '../../../src/runtime/process/metered-event-store.ts';
import { type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { pause } from '../../../src/waiting.ts';
import { recovered, run } from '../../contracts/tape-events.ts';
import { figures } from '../../support/figures.ts';
import { addressOf, closeAfterwards, givenGate, givenServer, givenStore, LONG_TIMEOUTS } from './given-server.ts';

const TIMEOUT = { timeout: 20_000 };

/** A tape that somebody follows, as the system has it, and what a scrape shows of it. */
async function givenFollowed(limits: Partial<TailLimits>) {
  const server = await givenServer();
  const store = givenStore(addressOf(server), LONG_TIMEOUTS, limits);
  const metrics = makeMetrics();
  const tape = new MeteredEventStore(withEventIndex(store, openMemoryReadStore()), metrics, systemTime);
  let seen = 0;
  tape.subscribe({
    after: START,
    onEvents: (events) => {
      seen += events.length;
    },
  });
  await expect.poll(() => server.subscriptions).toBe(1);
  const shown = async (name: string, unit: 'events' | 'bytes') =>
    (await figures(metrics)).get(`tapedeck_${name}{thread="main",unit="${unit}"}`);
  return { store, shown, handedOver: () => seen };
}

async function append(store: EventStoreDbTape, from: number, to: number): Promise<void> {
  await store.append('feed-a', from === 0 ? 'no-stream' : from - 1, run('feed-a', from, to));
}

test('grows with the tape up to its limit, then the oldest go', async () => {
  const { store, shown, handedOver } = await givenFollowed({ maxKept: 200 });
  expect(await shown('tape_tail', 'events')).toBe(0);
  expect(await shown('tape_tail_limit', 'events')).toBe(200);
  await append(store, 0, 119);
  await expect.poll(() => shown('tape_tail', 'events'), TIMEOUT).toBe(120);
  expect(await shown('tape_tail', 'bytes')).toBeGreaterThan(120 * JSON.stringify(recovered('feed-a', 0).data).length);
  await append(store, 120, 199);
  await expect.poll(() => shown('tape_tail', 'events'), TIMEOUT).toBe(200);
  // The next one has a fifth of them go, rounded up.
  await append(store, 200, 200);
  await expect.poll(() => shown('tape_tail', 'events'), TIMEOUT).toBe(160);
  await append(store, 201, 400);
  await expect.poll(handedOver, TIMEOUT).toBe(401);
  expect(await shown('tape_tail', 'events')).toBeLessThanOrEqual(200);
});

test('has a limit in bytes as well, for events that are large', async () => {
  const { store, shown, handedOver } = await givenFollowed({ maxKeptBytes: 1_000_000 });
  expect(await shown('tape_tail_limit', 'bytes')).toBe(1_000_000);
  let most = 0;
  for (let number = 0; number < 60; number++) {
    const event = recovered('feed-a', number);
    const large = { ...event, data: { ...event.data, symbol: 'x'.repeat(40_000) } } as typeof event;
    await store.append('feed-a', number === 0 ? 'no-stream' : number - 1, [large]);
    await expect.poll(handedOver, TIMEOUT).toBe(number + 1);
    most = Math.max(most, (await shown('tape_tail', 'bytes')) as number);
  }
  // 24 of them fit, with what each takes besides.
  expect(most).toBeGreaterThan(900_000);
  expect(most).toBeLessThanOrEqual(1_000_000);
  expect(await shown('tape_tail', 'events')).toBeLessThanOrEqual(24);
});

test('hands over what is wanted in whole batches, however much of it lies between', async () => {
  const server = await givenServer();
  const store = givenStore(addressOf(server), LONG_TIMEOUTS);
  const gate = givenGate();
  const batches: string[][] = [];
  const onEvents = async (events: readonly RecordedEvent[]): Promise<void> => {
    batches.push(events.map(({ stream, revision }) => `${stream} ${revision}`));
    await gate.passed;
  };
  store.subscribe({ after: START, categories: ['order'], onEvents });
  await expect.poll(() => server.subscriptions).toBe(1);
  await store.append('order-b', 'no-stream', run('order-b', 0, 0));
  await expect.poll(() => batches.length, TIMEOUT).toBe(1);
  for (let from = 0; from < 800; from += 400) {
    await append(store, from, from + 399);
    await store.append('order-b', from / 4, run('order-b', from / 4 + 1, from / 4 + 100));
  }
  await expect.poll(() => store.tail.kept.events, TIMEOUT).toBe(1_001);
  gate.open();
  await expect.poll(() => batches.length, TIMEOUT).toBe(2);
  expect(batches[1]).toEqual(Array.from({ length: 200 }, (_, index) => `order-b ${index + 1}`));
});

test('looks for the end of a tape that grows as soon as before, however often it was not there yet', async () => {
  const [settleMs, silenceMs] = [7, 60_000];
  const server = await givenServer({ traits: { hasCaughtUp: false } });
  const looks: number[] = [];
  const time: Time = {
    ...systemTime,
    after: (ms, call, options) => {
      if (options?.isAwaited === false) looks.push(ms);
      return systemTime.after(ms, call, options);
    },
  };
  const tailLimits = { maxKept: 2_000, maxKeptBytes: 32_000_000, settleMs, silenceMs };
  const store = openEventStoreDb(addressOf(server), time, { timeouts: LONG_TIMEOUTS, tailLimits });
  closeAfterwards(store);
  store.subscribe({ after: START, onEvents: () => undefined });
  await expect.poll(() => server.subscriptions).toBe(1);
  // From now on it does not know whether it is at the end, and there is always more than a subscription tells of.
  server.failSubscriptions('cut');
  server.faults.answerAfterMs = 300;
  let isOver = false;
  const appending = (async () => {
    for (let number = 0; !isOver; number++) {
      const stream = `feed-${number}`;
      store.append(stream, 'no-stream', run(stream, 0, 0)).catch(() => undefined);
      await pause(systemTime, 20);
    }
  })();
  onTestFinished(async () => {
    isOver = true;
    await appending;
  });
  await expect
    .poll(() => {
      const unsettled = looks.slice(looks.lastIndexOf(silenceMs) + 1);
      return unsettled.lastIndexOf(settleMs) > unsettled.indexOf(2 * settleMs) && unsettled.includes(2 * settleMs);
    }, TIMEOUT)
    .toBe(true);
});
