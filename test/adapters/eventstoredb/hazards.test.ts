/** How a client of EventStoreDB loses or doubles events when it is used as its first example shows, and that ours does not. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEventStoreDb } from '../../../src/adapters/eventstoredb/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import { type EventStore, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { Watcher } from '../../contracts/event-store.ts';
import { recovered, run } from '../../contracts/tape-events.ts';
import type { AppendFault } from '../../servers/event-store/faults.ts';
import type { EventStoreServer } from '../../servers/event-store/server.ts';
import { addressOf, givenGate, givenServer, givenStore, givenWire, LONG_TIMEOUTS, SHORT_TIMEOUTS } from './given-server.ts';

describe('an append', () => {
  const lost: [AppendFault, string][] = [
    ['silent', 'D: to which the server never answers, and which it did not write'],
    ['commit-silent', 'D: to which the server never answers, but which it wrote'],
    ['half-close', 'E: on which the server ends its answers, and which it did not write'],
    ['commit-half-close', 'E: on which the server ends its answers, but which it wrote'],
    ['cut', 'on which the connection breaks before it is written'],
    ['commit-cut', 'on which the connection breaks after it is written'],
    ['commit-internal', "C': on which the server fails in a way that the client keeps its channel for"],
    ['commit-timeout', 'on which the server gives up waiting for its own replicas'],
  ];
  test.each(lost)('(%s) %s, is sent again with the same ids, and there once', async (fault) => {
    const server = await givenServer();
    const store = givenStore(addressOf(server));
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    server.faults.appends.push(fault);
    const appended = await store.append('feed-a', 1, run('feed-a', 2, 4));
    const read = await store.read({ stream: 'feed-a', limit: 100 });
    expect(read.map(({ id }) => id)).toEqual(run('feed-a', 0, 4).map(({ id }) => id));
    expect(appended).toEqual({ revision: 4, position: read.at(-1)?.position, isRepeated: false });
    expect(server.log.records).toHaveLength(5);
  });

  test('has a known outcome after faults in a row, for others that wait at the same time as well', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server));
    server.faults.appends.push('commit-silent', 'cut', 'commit-half-close', 'commit-cut', 'silent', 'commit-internal');
    const streams = Array.from({ length: 12 }, (_, index) => `feed-${index}`);
    await Promise.all(streams.map((stream) => store.append(stream, 'no-stream', run(stream, 0, 2))));
    for (const stream of streams) expect(await store.read({ stream, limit: 10 })).toHaveLength(3);
    expect(server.log.records).toHaveLength(36);
  });

  test('among more than a stream takes at once, when the server takes nothing any more, ends no process', async () => {
    const server = await givenServer();
    const wire = await givenWire(server.port);
    const store = givenStore(addressOf(wire), { ...SHORT_TIMEOUTS, callMs: 1_000 });
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
    wire.freeze();
    const streams = Array.from({ length: 100 }, (_, index) => `feed-b${index}`);
    // Promises that the client rejects and nobody has would fail this test's run.
    await Promise.all(streams.map((stream) => store.append(stream, 'no-stream', run(stream, 0, 40))));
    expect(server.log.records).toHaveLength(100 * 41 + 1);
    expect(store.connection.clients).toBeGreaterThan(1);
  });

  test('beyond as many as may wait says that the store is away, so that whoever can wait does', async () => {
    const server = await givenServer();
    const wire = await givenWire(server.port);
    const store = givenStore(addressOf(wire), { ...SHORT_TIMEOUTS, callMs: 1_000 });
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
    wire.freeze();
    const waiting = Array.from({ length: 1_000 }, (_, index) => recovered('feed-a', index + 1)).map((event, index) =>
      store.append('feed-a', index, [event]),
    );
    await expect(store.append('feed-b', 'no-stream', run('feed-b', 0, 0))).rejects.toBeInstanceOf(StoreUnavailableError);
    await Promise.all(waiting);
    expect(server.log.records).toHaveLength(1_001);
  });

  test("C': replaces the client after an error that is no refusal, and only then", async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), LONG_TIMEOUTS);
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
    await expect(store.append('feed-a', 7, run('feed-a', 8, 8))).rejects.toBeInstanceOf(WrongExpectedRevisionError);
    expect(store.connection.clients).toBe(1);
    server.faults.appends.push('commit-internal');
    await store.append('feed-a', 0, run('feed-a', 1, 1));
    expect(store.connection.clients).toBe(2);
  });

  test('G: is refused with the revision that the stream is at, however high', async () => {
    const store = givenStore(addressOf(await givenServer()));
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 41));
    const refusal = await store.append('feed-a', 3, [recovered('feed-a', 99)]).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ expected: 3, actual: 41 });
  });

  test('of what another process wrote under the same ids says that it was there', async () => {
    const server = await givenServer();
    const first = givenStore(addressOf(server));
    const written = await first.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    await first.close();
    const second = givenStore(addressOf(server));
    expect(await second.append('feed-a', 'no-stream', run('feed-a', 0, 1))).toEqual({ ...written, isRepeated: true });
  });

  test('that the server refuses as too large says what to do, and is not made again', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), LONG_TIMEOUTS);
    const large = Array.from({ length: 6 }, (_, number) => {
      const event = recovered('feed-a', number);
      return { ...event, data: { ...event.data, symbol: 'x'.repeat(200 * 1024) } } as typeof event;
    });
    await expect(store.append('feed-a', 'no-stream', large)).rejects.toThrow(
      /takes at most 1048576 bytes in one append.*MaxAppendSize/,
    );
    expect(server.log.records).toHaveLength(0);
    expect(store.connection.clients).toBe(1);
  });

  test('gives up in the end, saying that the store is away', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), { ...SHORT_TIMEOUTS, totalMs: 200 });
    server.faults.refuse = 'unavailable';
    const failure = await store.append('feed-a', 'no-stream', run('feed-a', 0, 0)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreUnavailableError);
    expect(failure).toMatchObject({ backend: 'event store', message: expect.stringMatching(/outcome is unknown.*\d+ attempts/) });
  });
});

describe('F: a thread', () => {
  test('has one client, however many open the same address', async () => {
    const server = await givenServer();
    const stores = [1, 2, 3].map(() => givenStore(addressOf(server), LONG_TIMEOUTS));
    await Promise.all(stores.map((store, index) => store.append(`feed-${index}`, 'no-stream', run(`feed-${index}`, 0, 0))));
    expect(server.connections).toBe(1);
    await stores[0]?.close();
    expect(await stores[1]?.read({ limit: 10 })).toHaveLength(3);
  });

  test('has no client for a second address', async () => {
    givenStore(addressOf(await givenServer()));
    const other = addressOf(await givenServer());
    expect(() => openEventStoreDb(other, systemTime)).toThrow(
      new StoreError('a thread has one EventStoreDB: close the store at the first address before another is opened'),
    );
  });
});

describe('a subscription', () => {
  async function following(server: EventStoreServer) {
    const store = givenStore(addressOf(server), LONG_TIMEOUTS);
    const watcher = new Watcher(store, { after: START });
    await watcher.until('caught up 0');
    await expect.poll(() => server.subscriptions).toBe(1);
    return { store, watcher };
  }

  /** Appends one event after the other, and lets the subscription go wrong in between. */
  async function append(store: EventStore, count: number, between: (number: number) => void): Promise<void> {
    for (let number = 0; number < count; number++) {
      await store.append('feed-a', number === 0 ? 'no-stream' : number - 1, [recovered('feed-a', number)]);
      between(number);
    }
  }

  test.each(['cleanly', 'cut', 'stall'] as const)(
    'C: that ends (%s) goes on where it was, without loss or double',
    async (how) => {
      const server = await givenServer();
      const { store, watcher } = await following(server);
      await append(store, 60, (number) => {
        if (number % 20 === 10) server.failSubscriptions(how);
      });
      await watcher.until('caught up 60');
      expect(watcher.events.map(({ revision }) => revision)).toEqual(Array.from({ length: 60 }, (_, revision) => revision));
      expect(store.tail.subscriptions).toBeGreaterThan(1);
    },
  );

  /** Appends in hundreds while the one who follows has not taken the first event yet. */
  async function appendBehindGate(server: EventStoreServer, maxKept: number) {
    const store = givenStore(addressOf(server), LONG_TIMEOUTS, { maxKept });
    const gate = givenGate();
    const seen: number[] = [];
    const onEvents = async (events: readonly RecordedEvent[]): Promise<void> => {
      await gate.passed;
      seen.push(...events.map(({ revision }) => revision));
    };
    const caughtUp = Promise.withResolvers<void>();
    store.subscribe({ after: START, onEvents, onCaughtUp: () => seen.length === 1_000 && caughtUp.resolve() });
    await expect.poll(() => server.subscriptions).toBe(1);
    for (let first = 0; first < 1_000; first += 100) {
      await store.append('feed-a', first === 0 ? 'no-stream' : first - 1, run('feed-a', first, first + 99));
    }
    const finish = async (): Promise<void> => {
      gate.open();
      await caughtUp.promise;
      expect(seen).toEqual(Array.from({ length: 1_000 }, (_, revision) => revision));
    };
    return { store, finish };
  }

  test('that breaks in the middle of what it hands over, again and again, resumes after the last event that came', async () => {
    const server = await givenServer();
    server.faults.cutSubscriptionsEvery = 41;
    const { store, finish } = await appendBehindGate(server, 2_000);
    await expect.poll(() => store.tail.kept.events, { timeout: 10_000 }).toBe(1_000);
    await finish();
  });

  test('A: tells positions of what it has handed over, not of what has come: whoever starts again from one misses nothing', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), LONG_TIMEOUTS);
    const seen: number[] = [];
    let saved = START;
    const until = async (count: number): Promise<void> => {
      const gate = givenGate();
      const subscription = store.subscribe({
        after: saved,
        onEvents: async (events, position) => {
          await gate.passed;
          seen.push(...events.map(({ revision }) => revision));
          saved = position;
          // Killed with more of it in memory.
          void subscription.close();
        },
      });
      await expect.poll(() => server.subscriptions).toBe(1);
      const last = (await store.read({ stream: 'feed-a', isBackward: true, limit: 1 }))[0]?.revision ?? -1;
      for (let first = last + 1; first < count; first += 200) {
        await store.append('feed-a', first === 0 ? 'no-stream' : first - 1, run('feed-a', first, first + 199));
      }
      await expect.poll(() => store.tail.kept.events, { timeout: 10_000 }).toBe(count);
      gate.open();
      await subscription.ended;
    };
    for (const count of [600, 1_200, 1_200, 1_200, 1_200]) {
      if (seen.length < count) await until(count);
    }
    expect(seen).toEqual(Array.from({ length: 1_200 }, (_, revision) => revision));
  });

  test('that is slow goes back to reading, and what is kept for it is bounded', async () => {
    const { store, finish } = await appendBehindGate(await givenServer(), 200);
    const oldest = (await store.read({ limit: 1 }))[0]?.position as string;
    await expect.poll(() => store.tail.next(oldest, 1), { timeout: 10_000 }).toBeUndefined();
    await expect.poll(() => store.tail.kept.events, { timeout: 10_000 }).toBeGreaterThan(100);
    expect(store.tail.kept.events).toBeLessThanOrEqual(200);
    await finish();
  });

  test('is one for all who follow, each with his categories and from his position', async () => {
    const server = await givenServer();
    const { store, watcher } = await following(server);
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 9));
    await store.append('order-b', 'no-stream', run('order-b', 0, 9));
    const [, , third] = await store.read({ limit: 3 });
    const orders = new Watcher(store, { after: START, categories: ['order'] });
    const late = new Watcher(store, { after: third?.position as string });
    for (const each of [watcher, orders, late]) await each.until('caught up 20');
    await store.append('feed-a', 9, run('feed-a', 10, 10));
    for (const each of [watcher, orders, late]) await each.until('caught up 21');
    expect(server.subscriptions).toBe(1);
    expect([watcher, orders, late].map(({ events }) => events.length)).toEqual([21, 10, 18]);
  });

  test('comes through what the server would have to search for too long', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), { ...SHORT_TIMEOUTS, totalMs: 200 });
    for (let first = 0; first < 1_000; first += 250) {
      await store.append('feed-a', first === 0 ? 'no-stream' : first - 1, run('feed-a', first, first + 249));
    }
    await store.append('order-b', 'no-stream', run('order-b', 0, 2));
    server.faults.longestSearch = 600;
    const watcher = new Watcher(store, { after: START, categories: ['order'] });
    await watcher.until('caught up 1003');
    expect(watcher.events.map(({ stream, revision }) => `${stream} ${revision}`)).toEqual([
      'order-b 0',
      'order-b 1',
      'order-b 2',
    ]);
  });

  test('is closed at once while the server searches or is away, and leaves no client behind', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), { ...LONG_TIMEOUTS, searchMs: 60_000 });
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 99));
    server.faults.longestSearch = 50;
    store.subscribe({ after: START, categories: ['order'], onEvents: () => undefined });
    const searching = store.read({ categories: ['order'], limit: 1 }).catch((error: unknown) => error);
    await expect.poll(() => server.subscriptions).toBe(1);
    const begun = performance.now();
    await store.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(await searching).toEqual(new StoreError('the tape in EventStoreDB is closed'));
    expect(store.connection.clients).toBe(1);
  });

  test('says that it has caught up on a busy tape, of a server that does not say so, after it was broken', async () => {
    const server = await givenServer({ version: '22.10.2', traits: { hasCaughtUp: false } });
    const store = givenStore(addressOf(server), LONG_TIMEOUTS, { settleMs: 200, silenceMs: 300 });
    let [told, isOver] = [0, false];
    store.subscribe({ after: START, onEvents: () => undefined, onCaughtUp: () => told++ });
    await expect.poll(() => server.subscriptions).toBe(1);
    const busy = (async () => {
      for (let number = 0; !isOver; number++) {
        await store.append('feed-a', number === 0 ? 'no-stream' : number - 1, [recovered('feed-a', number)]);
      }
    })();
    server.failSubscriptions('cut');
    await expect.poll(() => store.tail.subscriptions, { timeout: 10_000 }).toBe(2);
    const before = told;
    await expect.poll(() => told, { timeout: 10_000 }).toBeGreaterThan(before);
    isOver = true;
    await busy;
  });

  test("hands over nothing of the server's own", async () => {
    const server = await givenServer();
    const { store, watcher } = await following(server);
    const own = {
      id: crypto.randomUUID(),
      type: '$statsCollected',
      isJson: true,
      data: Buffer.from('{}'),
      metadata: Buffer.of(),
    };
    server.log.append('$stats-127.0.0.1', 'any', [own]);
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 0));
    server.log.append('$stats-127.0.0.1', 'any', [own]);
    await watcher.until('caught up 1');
    expect(watcher.events).toHaveLength(1);
    expect(await store.head()).toBe(watcher.events[0]?.position);
  });

  test('waits for a server that is away, and appends meanwhile are written once', async () => {
    const server = await givenServer();
    const { store, watcher } = await following(server);
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    server.faults.refuse = 'unavailable';
    server.failSubscriptions('cut');
    const appending = store.append('feed-a', 1, run('feed-a', 2, 3));
    await new Promise((resolve) => setTimeout(resolve, 300));
    server.faults.refuse = undefined;
    expect(await appending).toMatchObject({ revision: 3 });
    await watcher.until('caught up 4');
    expect(watcher.events.map(({ revision }) => revision)).toEqual([0, 1, 2, 3]);
  });
});

test('B: nobody asks to be told of checkpoints: work that fails there ends the process, and stops the stream', () => {
  const folder = join(import.meta.dirname, '..', '..', '..', 'src', 'adapters', 'eventstoredb');
  const files = readdirSync(folder);
  expect(files.length).toBeGreaterThan(5);
  for (const name of files) {
    const code = readFileSync(join(folder, name), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
    expect(code, name).not.toContain('checkpointReached');
  }
});

describe('a cluster', () => {
  test('is written and read at its leader, and at the next one when that has stepped down', async () => {
    const [first, second] = [await givenServer(), await givenServer()];
    second.faults.leader = first.port;
    const store = givenStore(`esdb://127.0.0.1:${first.port},127.0.0.1:${second.port}?tls=false`);
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
    // What is committed is on the other node too; what a node holds that was the leader is of the past.
    second.log.append('feed-a', 'no-stream', first.log.records);
    [first.faults.leader, second.faults.leader] = [second.port, undefined];
    await store.append('feed-a', 1, run('feed-a', 2, 3));
    expect(second.log.records).toHaveLength(4);
    expect(await store.read({ stream: 'feed-a', limit: 10 })).toHaveLength(4);
    expect(await store.head()).toBe(String(second.log.records.at(-1)?.position));
  });
});

describe('a read', () => {
  test.each(['unavailable', 'internal', 'silent', 'cut-after-some'] as const)(
    'that fails (%s) is made again, whole',
    async (fault) => {
      const server = await givenServer();
      const store = givenStore(addressOf(server));
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 9));
      server.faults.reads.push(fault);
      expect(await store.read({ limit: 100 })).toHaveLength(10);
      server.faults.reads.push(fault);
      expect(await store.read({ stream: 'feed-a', limit: 100 })).toHaveLength(10);
    },
  );

  test('waits longer where the server has to search, and does not take it for one that is away', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server), { ...LONG_TIMEOUTS, callMs: 1_000, totalMs: 10 });
    await store.append('feed-a', 'no-stream', run('feed-a', 0, 9));
    server.faults.longestSearch = 5;
    const found = store.read({ categories: ['order'], limit: 1 }).then(
      () => 'answered',
      () => 'given up',
    );
    const meanwhile = new Promise((resolve) => setTimeout(resolve, 1_500, 'searching'));
    expect(await Promise.race([found, meanwhile])).toBe('searching');
    expect(await store.read({ limit: 100 })).toHaveLength(10);
    expect(store.connection.clients).toBe(1);
    await store.close();
    expect(await found).toBe('given up');
  });

  test('of what Tapedeck did not write says so', async () => {
    const server = await givenServer();
    const store = givenStore(addressOf(server));
    server.log.append('foreign', 'any', [
      { id: crypto.randomUUID(), type: 'Foreign', isJson: true, data: Buffer.from('{}'), metadata: Buffer.of() },
    ]);
    await expect(store.read({ limit: 1 })).rejects.toThrow(/event 0 of the stream "foreign".*not written by Tapedeck/);
  });
});
