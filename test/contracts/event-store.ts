/** What every event store must do. One suite, run against each adapter. */

import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import { feedStream } from '../../src/domain/streams.ts';
import { isIsoTime, isoTime } from '../../src/domain/time.ts';
import type { Time } from '../../src/ports/clock.ts';
import { StoreError } from '../../src/ports/errors.ts';
import {
  type EventStore,
  type EventStoreTraits,
  type ExpectedRevision,
  PartialOverlapError,
  type ReadQuery,
  type SubscribeOptions,
  type Subscription,
  type TailWindow,
  WrongExpectedRevisionError,
} from '../../src/ports/event-store.ts';
import { comparePositions, type RecordedEvent, START } from '../../src/tape/envelope.ts';
import { HARD_SYMBOLS } from '../support/fixtures.ts';
import { type SetTime, timeAt } from '../support/test-time.ts';
import { causedBy, DAY, recovered, run, stale } from './tape-events.ts';

/** Opens an empty store; everything it needs is cleared away by the test file that hands it in. */
export type OpenEventStore = (time: Time) => Promise<EventStore>;

/** In what stores differ; else they are as an embedded one is. */
export interface Differences {
  readonly traits?: EventStoreTraits;
  /** Events are recorded by the clock that is handed in, not by a server's. */
  readonly hasGivenClock?: boolean;
  /** It keeps the tape's end in memory for those who follow it. */
  readonly hasTail?: boolean;
}

export function describeEventStore(name: string, open: OpenEventStore, differences: Differences = {}): void {
  const { traits = { hasLock: true, hasOwnIndex: true }, hasGivenClock = true, hasTail = false } = differences;
  describe(`${name}, an event store`, () => {
    let store: EventStore;
    let clock: SetTime;

    beforeEach(async () => {
      clock = timeAt(DAY);
      store = await open(clock);
    });
    afterEach(() => store.close());

    describe('append', () => {
      test('writes events in order and hands them back as they were, with their place', async () => {
        const events = run('feed-a', 0, 2);
        const appended = await store.append('feed-a', 'no-stream', events);
        const read = await store.read({ stream: 'feed-a', limit: 10 });
        expect(appended).toEqual({ revision: 2, position: read[2]?.position, isRepeated: false });
        expect(read.map(withoutPlace)).toEqual(events);
        expect(read.map((event) => event.revision)).toEqual([0, 1, 2]);
      });

      test('keeps streams apart whose names have characters of any script, and of any meaning elsewhere', async () => {
        const streams = HARD_SYMBOLS.map((symbol) => feedStream('binance', symbol));
        for (const stream of streams) await store.append(stream, 'no-stream', run(stream, 0, 1));
        for (const stream of streams) {
          const read = await store.read({ stream, limit: 10 });
          expect(read.map(withoutPlace)).toEqual(run(stream, 0, 1));
        }
        const all = await store.read({ categories: ['feed'], limit: 100 });
        expect([...new Set(all.map(({ stream }) => stream))]).toEqual(streams);
      });

      test('goes on after the last revision', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        expect(await store.append('feed-a', 1, run('feed-a', 2, 3))).toMatchObject({ revision: 3, isRepeated: false });
      });

      test('of the same events again succeeds without writing, with their first revision and position', async () => {
        const first = await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
        const head = await store.head();
        expect(await store.append('feed-a', 'no-stream', run('feed-a', 0, 2))).toEqual({ ...first, isRepeated: true });
        expect(await store.head()).toBe(head);
      });

      test('of the same events again succeeds even when the stream has moved on', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
        const second = await store.append('feed-a', 2, run('feed-a', 3, 4));
        await store.append('feed-a', 4, run('feed-a', 5, 6));
        expect(await store.append('feed-a', 2, run('feed-a', 3, 4))).toEqual({ ...second, isRepeated: true });
        expect(await store.append('feed-a', 'no-stream', run('feed-a', 0, 0))).toMatchObject({ revision: 0, isRepeated: true });
        expect(await store.read({ stream: 'feed-a', limit: 100 })).toHaveLength(7);
      });

      test('compares ids only: other data under the same id is not written', async () => {
        const event = recovered('feed-a', 0);
        await store.append('feed-a', 'no-stream', [event]);
        const changed = { ...event, data: { ...event.data, symbol: 'ETHUSDT' } } as TapeEvent;
        expect(await store.append('feed-a', 'no-stream', [changed])).toMatchObject({ isRepeated: true });
        expect(await store.byId(event.id)).toMatchObject({ data: { symbol: 'BTCUSDT' } });
      });

      test('of another event at a revision that is taken is refused with the actual revision', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
        expect(await refusal(store.append('feed-a', 0, [recovered('feed-a', 9)]))).toEqual([0, 2]);
        expect(await refusal(store.append('feed-a', 'no-stream', [recovered('feed-a', 9)]))).toEqual(['no-stream', 2]);
      });

      test('beyond the end of the stream is refused', async () => {
        expect(await refusal(store.append('feed-a', 0, [recovered('feed-a', 1)]))).toEqual([0, 'no-stream']);
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        expect(await refusal(store.append('feed-a', 2, [recovered('feed-a', 1)]))).toEqual([2, 1]);
      });

      test('whose first events are there and whose later ones are others is a partial overlap', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 3));
        const mixed = [recovered('feed-a', 1), recovered('feed-a', 9)];
        await expect(store.append('feed-a', 0, mixed)).rejects.toBeInstanceOf(PartialOverlapError);
      });

      test('whose first events are there and whose later ones lie beyond the end is a partial overlap', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 3));
        await expect(store.append('feed-a', 1, run('feed-a', 2, 4))).rejects.toBeInstanceOf(PartialOverlapError);
        expect(await store.read({ stream: 'feed-a', limit: 100 })).toHaveLength(4);
      });

      test('takes an id again at another revision or in another stream', async () => {
        const event = recovered('feed-a', 0);
        await store.append('feed-a', 'no-stream', [event]);
        await store.append('feed-a', 0, [event]);
        await store.append('feed-b', 'no-stream', [{ ...event, stream: 'feed-b' }]);
        expect(await store.read({ limit: 10 })).toHaveLength(3);
        expect(await store.byId(event.id)).toMatchObject({ stream: 'feed-a', revision: 0 });
      });

      test('of nothing, of too much, of a revision that is none, or for another stream is our own mistake', async () => {
        await expect(store.append('feed-a', 'no-stream', [])).rejects.toThrow(/no events/);
        await expect(store.append('feed-a', 'no-stream', run('feed-a', 0, 500))).rejects.toThrow(/501 events are more than 500/);
        await expect(store.append('feed-a', 'no-stream', [recovered('feed-b', 0)])).rejects.toThrow(/meant for stream "feed-b"/);
        await expect(store.append('feed-a', -1, [recovered('feed-a', 0)])).rejects.toThrow(/-1 is not a revision/);
        await expect(store.append('feed-a', 'no-stream', [ofBytes(256 * 1024 + 1)])).rejects.toThrow(
          /262145 bytes, more than 262144/,
        );
        expect(await store.head()).toBe(START);
      });

      test('takes 500 events, and an event of 256 KiB, counted in bytes', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 499));
        await store.append('feed-a', 499, [ofBytes(256 * 1024)]);
        expect(await store.read({ stream: 'feed-a', limit: 1000 })).toHaveLength(501);
      });

      test('is not changed by what happens to the event after the call', async () => {
        const event = structuredClone(recovered('feed-a', 0));
        const appending = store.append('feed-a', 'no-stream', [event]);
        (event.data as { symbol: string }).symbol = 'CHANGED';
        await appending;
        expect(await store.byId(event.id)).toMatchObject({ data: { symbol: 'BTCUSDT' } });
      });

      test('of many at once: each succeeds or fails by itself', async () => {
        const outcomes = await Promise.allSettled([
          store.append('feed-a', 'no-stream', run('feed-a', 0, 1)),
          store.append('feed-a', 7, [recovered('feed-a', 8)]),
          store.append('feed-a', 1, run('feed-a', 2, 3)),
          store.append('feed-a', 'no-stream', [recovered('feed-a', 9)]),
          store.append('feed-b', 'no-stream', run('feed-b', 0, 0)),
          store.append('feed-a', 'no-stream', run('feed-a', 0, 1)),
        ]);
        expect(outcomes.map(({ status }) => status)).toEqual([
          'fulfilled',
          'rejected',
          'fulfilled',
          'rejected',
          'fulfilled',
          'fulfilled',
        ]);
        expect(await store.read({ stream: 'feed-a', limit: 10 })).toHaveLength(4);
      });

      test('of two at once after the same revision: one is refused', async () => {
        const outcomes = await Promise.allSettled([
          store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]),
          store.append('feed-a', 'no-stream', [recovered('feed-a', 1)]),
        ]);
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        expect(await store.read({ limit: 10 })).toHaveLength(1);
      });
    });

    describe('what is recorded', () => {
      if (hasGivenClock)
        test("carries the store's time, which never runs back", async () => {
          await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
          clock.ms -= 60_000;
          await store.append('feed-b', 'no-stream', [recovered('feed-b', 0)]);
          clock.ms = DAY + 5;
          await store.append('feed-a', 0, [recovered('feed-a', 1)]);
          const times = (await store.read({ limit: 10 })).map((event) => event.recordedAt);
          expect(times).toEqual([isoTime(DAY), isoTime(DAY), isoTime(DAY + 5)]);
        });
      else
        test("carries the server's time, the same whenever it is read", async () => {
          await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
          const [first] = await store.read({ limit: 1 });
          expect(isIsoTime(first?.recordedAt as string)).toBe(true);
          expect(await store.read({ stream: 'feed-a', limit: 1 })).toEqual([first]);
        });

      test('of an older version is read in the shape of today', async () => {
        const event = stale('feed-a', 0);
        const { lastEventTime: _, ...older } = event.data as Record<string, unknown>;
        await store.append('feed-a', 'no-stream', [{ ...event, schemaVersion: 1, data: older } as unknown as TapeEvent]);
        expect(await store.byId(event.id)).toMatchObject({ schemaVersion: 2, data: { lastEventTime: null } });
      });

      test('of a type that this build does not know is an error, not silence', async () => {
        const event = { ...recovered('feed-a', 0), type: 'FromTheFuture' } as unknown as TapeEvent;
        await store.append('feed-a', 'no-stream', [event]);
        await expect(store.read({ limit: 1 })).rejects.toThrow(/unknown event type "FromTheFuture"/);
      });

      test('has positions that rise', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 11));
        await store.append('feed-b', 'no-stream', run('feed-b', 0, 0));
        const positions = (await store.read({ limit: 100 })).map((event) => event.position);
        expect(comparePositions(START, positions[0] as string)).toBeLessThan(0);
        for (const [index, position] of positions.slice(1).entries()) {
          expect(comparePositions(positions[index] as string, position)).toBeLessThan(0);
        }
        expect(await store.head()).toBe(positions.at(-1));
      });

      test('is found by id', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 3));
        expect(await store.byId(recovered('feed-a', 2).id)).toMatchObject({ stream: 'feed-a', revision: 2 });
        expect(await store.byId(recovered('feed-a', 4).id)).toBeUndefined();
      });
    });

    describe('read', () => {
      let all: RecordedEvent[];

      beforeEach(async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 4));
        await store.append('bars-a', 'no-stream', [stale('bars-a', 50), recovered('bars-a', 51)]);
        await store.append('feed-b', 'no-stream', [stale('feed-b', 2), recovered('feed-b', 3)]);
        await store.append('feed-a', 4, [causedBy(recovered('feed-a', 60), recovered('feed-a', 1).id), stale('feed-a', 7)]);
        await store.append('plain', 'no-stream', [recovered('plain', 3)]);
        all = await store.read({ limit: 1000 });
      });

      test('gives the whole tape in order, and from its end', async () => {
        expect(all).toHaveLength(12);
        expect(await store.read({ limit: 1000, isBackward: true })).toEqual([...all].reverse());
      });

      const queries: [string, Partial<ReadQuery>][] = [
        ['a stream', { stream: 'feed-a' }],
        ['a stream that is not there', { stream: 'feed-z' }],
        ['a category', { categories: ['feed'] }],
        ['categories', { categories: ['bars', 'feed', 'bars'] }],
        ['a category that is a whole name', { categories: ['plain'] }],
        ['no category', { categories: [] }],
        ['a type', { types: ['FeedStale'] }],
        ['types', { types: ['FeedStale', 'FeedRecovered'] }],
        ['no type', { types: [] }],
        ['a correlation', { correlationId: recovered('feed-a', 1).id }],
        ['ids that begin so', { idBeginning: recovered('feed-a', 1).id.slice(0, 4) }],
        ['a whole id in a category', { idBeginning: recovered('feed-a', 1).id, categories: ['feed'] }],
        ['ids that begin as none does', { idBeginning: 'zz' }],
        ['a time from', { from: isoTime(DAY + 3000) }],
        ['up to a time', { to: isoTime(DAY + 3000) }],
        ['a stretch of time', { from: isoTime(DAY + 2000), to: isoTime(DAY + 50_000) }],
        ['a stream, a type and a time', { stream: 'feed-a', types: ['FeedRecovered'], from: isoTime(DAY + 2000) }],
        ['categories and types', { categories: ['feed', 'plain'], types: ['FeedRecovered'] }],
        ['a correlation in a category', { correlationId: recovered('feed-a', 1).id, categories: ['bars'] }],
        ['types in a stretch of time', { types: ['FeedStale'], from: isoTime(DAY + 7000), to: isoTime(DAY + 50_001) }],
      ];

      // Stores may read a long tape by other ways than the end of one.
      const tapes = [
        ['short', 0],
        ['long', 150],
      ] as const;
      const cases = tapes.flatMap(([tape, more]) => queries.map(([what, query]) => [what, tape, query, more] as const));

      test.each(cases)('finds %s on a %s tape, forward and backward, page by page and from any position', async (...given) => {
        const [, , query, more] = given;
        const begin = all;
        // Each page of a long one costs a search of it where a server looks through the whole.
        const pageSize = more > 0 ? 20 : 2;
        if (more > 0) {
          await store.append('bars-b', 'no-stream', run('bars-b', 0, more - 1));
          all = await store.read({ limit: 1000 });
        }
        const expected = all.filter((event) => isWanted(event, query));
        for (const isBackward of [false, true]) {
          const inOrder = isBackward ? [...expected].reverse() : expected;
          expect(await store.read({ ...query, isBackward, limit: 1000 })).toEqual(inOrder);
          expect(await pages(store, { ...query, isBackward, limit: pageSize })).toEqual(inOrder);
          for (const { position } of begin) {
            const isBeyond = (event: RecordedEvent): boolean =>
              comparePositions(event.position, position) * (isBackward ? -1 : 1) > 0;
            expect(await store.read({ ...query, isBackward, after: position, limit: 1000 })).toEqual(inOrder.filter(isBeyond));
          }
        }
      });

      test('of nothing gives nothing, of nonsense an error', async () => {
        expect(await store.read({ limit: 0 })).toEqual([]);
        expect(await store.read({ after: START, isBackward: true, limit: 5 })).toEqual([]);
        await expect(store.read({ limit: -1 })).rejects.toThrow(/-1 is not a limit/);
        await expect(store.read({ after: 'x', limit: 1 })).rejects.toThrow(/"x" is not a position/);
      });
    });

    test('keeps streams as a plain list would (property)', async () => {
      const streams = ['feed-a', 'feed-b', 'order-c'];
      const step = fc.record({
        stream: fc.constantFrom(...streams),
        expected: fc.integer({ min: -1, max: 6 }),
        first: fc.integer({ min: 0, max: 7 }),
        count: fc.integer({ min: 1, max: 3 }),
      });
      let round = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
          round += 1;
          const model = new Map<string, string[]>();
          const before = await store.head();
          let count = 0;
          for (const { stream: base, expected, first, count: many } of steps) {
            const stream = `${base}${round}`;
            const events = run(stream, first, first + many - 1);
            const wanted = modelAppend(
              model,
              stream,
              expected,
              events.map((event) => event.id),
            );
            const outcome = await store.append(stream, expected < 0 ? 'no-stream' : expected, events).then(
              (appended) => (appended.isRepeated ? `already ${appended.revision}` : `wrote ${appended.revision}`),
              (error: Error) => error.constructor.name,
            );
            expect(outcome).toBe(wanted);
            if (wanted.startsWith('wrote')) count += many;
          }
          for (const [stream, ids] of model) {
            const read = await store.read({ stream, limit: 1000 });
            expect(read.map((event) => event.id)).toEqual(ids);
            expect(read.map((event) => event.revision)).toEqual(ids.map((_, revision) => revision));
          }
          expect(await store.read({ after: before, limit: 1000 })).toHaveLength(count);
        }),
        { numRuns: 40 },
      );
    });

    describe('subscribe', () => {
      test('hands over what is there, then what comes, and says each time that it has caught up', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        const watcher = new Watcher(store, { after: START });
        await watcher.until('caught up 2');
        await store.append('feed-a', 1, [recovered('feed-a', 2)]);
        await watcher.until('caught up 3');
        expect(watcher.log).toEqual(['events 2 at 2', 'caught up 2', 'events 1 at 3', 'caught up 3']);
        await watcher.subscription.close();
      });

      test('says on an empty tape that it has caught up', async () => {
        const watcher = new Watcher(store, { after: START });
        await watcher.until(`caught up ${START}`);
        expect(watcher.log).toEqual([`caught up ${START}`]);
      });

      test('says nothing when nothing new was written', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        const watcher = new Watcher(store, { after: START });
        await watcher.until('caught up 2');
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
        await store.append('feed-a', 1, [recovered('feed-a', 2)]);
        await watcher.until('caught up 3');
        expect(watcher.log).toEqual(['events 2 at 2', 'caught up 2', 'events 1 at 3', 'caught up 3']);
      });

      test('begins after its position', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 4));
        const [, , third] = await store.read({ limit: 10 });
        const watcher = new Watcher(store, { after: third?.position as string });
        await watcher.until('caught up 5');
        expect(watcher.events.map((event) => event.revision)).toEqual([3, 4]);
      });

      test('hands over only the categories asked for, and its position moves past the others', async () => {
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
        await store.append('order-x', 'no-stream', run('order-x', 0, 0));
        const watcher = new Watcher(store, { after: START, categories: ['feed'] });
        await watcher.until('caught up 4');
        await store.append('order-y', 'no-stream', run('order-y', 0, 0));
        await watcher.until('caught up 5');
        expect(watcher.log).toEqual(['events 3 at 4', 'caught up 4', 'caught up 5']);
      });

      test('hands over a long tape in batches of at most 500, each named by its last event', async () => {
        for (let first = 0; first < 1200; first += 400) {
          await store.append('feed-a', first === 0 ? 'no-stream' : first - 1, run('feed-a', first, first + 399));
        }
        const watcher = new Watcher(store, { after: START });
        await watcher.until('caught up 1200');
        expect(watcher.log).toEqual(['events 500 at 500', 'events 500 at 1000', 'events 200 at 1200', 'caught up 1200']);
        expect(watcher.events.map((event) => event.revision)).toEqual(Array.from({ length: 1200 }, (_, index) => index));
      });

      test('waits for a handler before it calls the next, and close waits for it too', async () => {
        const gate = Promise.withResolvers<void>();
        let running = 0;
        let most = 0;
        let calls = 0;
        const watcher = new Watcher(store, {
          after: START,
          onEvents: async () => {
            calls += 1;
            running += 1;
            most = Math.max(most, running);
            await gate.promise;
            running -= 1;
          },
        });
        await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
        await store.append('feed-a', 0, [recovered('feed-a', 1)]);
        while (calls === 0) await turn();
        let isClosed = false;
        const closing = watcher.subscription.close().then(() => {
          isClosed = true;
        });
        await turn();
        expect(isClosed).toBe(false);
        gate.resolve();
        await closing;
        expect({ most, running, calls }).toEqual({ most: 1, running: 0, calls: 1 });
        await store.append('feed-a', 1, [recovered('feed-a', 2)]);
        await turn();
        expect(calls).toBe(1);
        await watcher.subscription.ended;
      });

      test('ends with the error of a handler', async () => {
        await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
        const onEvents = (): never => {
          throw new Error('cannot handle this');
        };
        const subscription = store.subscribe({ after: START, onEvents });
        await expect(subscription.ended).rejects.toThrow('cannot handle this');
        await subscription.close();
      });

      test('from a position past the end says that it is of another tape', async () => {
        const subscription = store.subscribe({ after: '999', onEvents: () => {} });
        await expect(subscription.ended).rejects.toThrow(/past the end of the tape/);
      });

      test('loses and doubles nothing while events are appended (many at once)', async () => {
        const watcher = new Watcher(store, { after: START, categories: ['feed'] });
        const writers = ['feed-a', 'feed-b', 'order-c'].map(async (stream) => {
          for (let number = 0; number < 60; number++) {
            await store.append(stream, number === 0 ? 'no-stream' : number - 1, [recovered(stream, number)]);
          }
        });
        await Promise.all(writers);
        await watcher.until('caught up 180');
        expect(watcher.events).toEqual(await store.read({ categories: ['feed'], limit: 1000 }));
      });

      test('appends from within a handler come after', async () => {
        const watcher = new Watcher(store, {
          after: START,
          onEvents: async (events) => {
            const last = events.at(-1)?.revision as number;
            if (last < 5) await store.append('feed-a', last, [recovered('feed-a', last + 1)]);
          },
        });
        await store.append('feed-a', 'no-stream', [recovered('feed-a', 0)]);
        await watcher.until('caught up 6');
        expect(watcher.events.map((event) => event.revision)).toEqual([0, 1, 2, 3, 4, 5]);
      });
    });

    describe('tells', () => {
      test('what it can do', () => expect(store.traits).toEqual(traits));

      test('what it keeps in memory for those who follow it, if anything', async () => {
        if (!hasTail) return expect(store.tail).toBeNull();
        const watcher = new Watcher(store, { after: START });
        await watcher.until('caught up 0');
        await store.append('feed-a', 'no-stream', run('feed-a', 0, 3));
        await watcher.until('caught up 4');
        const { kept, keptLimit } = store.tail as TailWindow;
        for (const unit of ['events', 'bytes'] as const) {
          expect(kept[unit]).toBeGreaterThan(0);
          expect(kept[unit]).toBeLessThanOrEqual(keptLimit[unit]);
        }
      });

      test('how many writes may wait, where it has a queue for them', () => {
        if (store.maxWaiting === null) return;
        expect(store.maxWaiting).toBeGreaterThan(0);
        expect(Number.isSafeInteger(store.maxWaiting)).toBe(true);
      });
    });

    test('at finds the event at a revision of a stream, and nothing where there is none', async () => {
      await store.append('feed-b', 'no-stream', run('feed-b', 0, 1));
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 2));
      expect(await store.at('feed-a', 1)).toEqual((await store.read({ stream: 'feed-a', limit: 5 }))[1]);
      expect(await store.at('feed-b', 0)).toMatchObject({ id: recovered('feed-b', 0).id, stream: 'feed-b', revision: 0 });
      expect(await store.at('feed-a', 3)).toBeUndefined();
      expect(await store.at('feed-c', 0)).toBeUndefined();
    });

    test('hasten changes nothing as long as the store is in reach', async () => {
      await store.append('feed-a', 'no-stream', run('feed-a', 0, 1));
      store.hasten();
      store.hasten();
      expect(await store.read({ stream: 'feed-a', limit: 5 })).toHaveLength(2);
    });

    describe('close', () => {
      test('finishes what was appended and ends subscriptions', async () => {
        const watcher = new Watcher(store, { after: START });
        const appending = store.append('feed-a', 'no-stream', run('feed-a', 0, 3));
        await store.close();
        expect(await appending).toMatchObject({ revision: 3 });
        await watcher.subscription.ended;
      });

      test('is final: whoever comes later is told, and closing twice is nothing', async () => {
        await store.close();
        await store.close();
        await expect(store.append('feed-a', 'no-stream', run('feed-a', 0, 0))).rejects.toBeInstanceOf(StoreError);
        await expect(store.read({ limit: 1 })).rejects.toBeInstanceOf(StoreError);
        await expect(store.at('feed-a', 0)).rejects.toBeInstanceOf(StoreError);
      });
    });
  });
}

/** The rules of appending, told by a list of ids: the outcome's name, and for a success its revision. */
function modelAppend(model: Map<string, string[]>, stream: string, expected: number, ids: readonly string[]): string {
  const there = model.get(stream) ?? [];
  if (expected === there.length - 1) {
    model.set(stream, [...there, ...ids]);
    return `wrote ${expected + ids.length}`;
  }
  const beside = there.slice(expected + 1, expected + 1 + ids.length);
  const same = ids.filter((id, index) => beside[index] === id).length;
  if (same === ids.length) return `already ${expected + ids.length}`;
  return beside[0] === ids[0] ? 'PartialOverlapError' : 'WrongExpectedRevisionError';
}

function isWanted(event: RecordedEvent, query: Partial<ReadQuery>): boolean {
  const category = event.stream.split('-')[0] as string;
  const { occurredAt, correlationId } = event.metadata;
  const tests = [
    query.stream === undefined || query.stream === event.stream,
    query.categories?.includes(category) ?? true,
    query.types?.includes(event.type) ?? true,
    query.idBeginning === undefined || event.id.startsWith(query.idBeginning),
    query.correlationId === undefined || query.correlationId === correlationId,
    query.from === undefined || occurredAt >= query.from,
    query.to === undefined || occurredAt < query.to,
  ];
  return tests.every((isTrue) => isTrue);
}

async function pages(store: EventStore, query: ReadQuery): Promise<RecordedEvent[]> {
  const found: RecordedEvent[] = [];
  for (;;) {
    const page = await store.read({ ...query, after: found.at(-1)?.position });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

async function refusal(appending: Promise<unknown>): Promise<[ExpectedRevision, ExpectedRevision]> {
  const error = await appending.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WrongExpectedRevisionError);
  const { expected, actual } = error as WrongExpectedRevisionError;
  return [expected, actual];
}

function withoutPlace({ revision: _r, position: _p, recordedAt: _t, ...event }: RecordedEvent): TapeEvent {
  return event as TapeEvent;
}

/** An event whose data and metadata have that many bytes as JSON; most of its letters have two. */
function ofBytes(bytes: number): TapeEvent {
  const event = recovered('feed-a', 0);
  const bare = Buffer.byteLength(JSON.stringify({ ...event.data, symbol: '' }) + JSON.stringify(event.metadata));
  const rest = bytes - bare;
  return { ...event, data: { ...event.data, symbol: 'é'.repeat(Math.floor(rest / 2)) + 'x'.repeat(rest % 2) } } as TapeEvent;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** A subscription that writes down what it is told. Positions in the log are counted from the tape's first event. */
export class Watcher {
  readonly log: string[] = [];
  readonly events: RecordedEvent[] = [];
  readonly subscription: Subscription;
  readonly #store: EventStore;
  readonly #positions: string[] = [];
  #told: (() => void) | undefined;
  #noted: Promise<void> = Promise.resolve();

  constructor(store: EventStore, options: Omit<SubscribeOptions, 'onEvents'> & Partial<SubscribeOptions>) {
    this.#store = store;
    this.subscription = store.subscribe({
      ...options,
      onEvents: async (events, position) => {
        this.events.push(...events);
        this.#note(`events ${events.length} at`, position);
        await options.onEvents?.(events, position);
      },
      onCaughtUp: (position) => this.#note('caught up', position),
    });
    // A test that means it to fail looks at `ended` itself.
    this.subscription.ended.catch(() => {});
  }

  async until(line: string): Promise<void> {
    while (!this.log.includes(line)) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  #note(what: string, position: string): void {
    const note = async (): Promise<void> => {
      await this.#noted;
      const more = await this.#store.read({ after: this.#positions.at(-1), limit: 10_000 });
      this.#positions.push(...more.map((event) => event.position));
      this.log.push(`${what} ${this.#positions.filter((known) => comparePositions(known, position) <= 0).length}`);
      this.#told?.();
    };
    // After the store is closed nobody waits for what was told.
    this.#noted = note().catch(() => {});
  }
}
