/** Across the network what waits is decided in groups: several cascades in one append, then their copies. */

import { expect, it, vi } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import type { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { chattyEngine } from '../../support/chatty-engine.ts';
import { factsOf, minuteBars, wholeTape, zigzag } from '../../support/small-market.ts';
import { chattyInStep, chattyOn, decideWithOneFrozen, dyingAfter, record, runnerOn, tapeWith } from './given-engine.ts';

/** Tells `appends` the stream of each append and the number of its events. */
function counted(store: EventStore, appends: [string, number][]): EventStore {
  return alteredEvents(store, {
    append: (stream, expected, events) => {
      appends.push([stream, events.length]);
      return store.append(stream, expected, events);
    },
  });
}

it('records the cascades of a page at once, and what is recorded is the same', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  await chattyOn(store).catchUp();
  await record(store, minuteBars(zigzag(400)));
  const appends: [string, number][] = [];
  await chattyOn(counted(store, appends)).catchUp();
  const facts = factsOf(await wholeTape(store));
  expect(facts).toEqual(await chattyInStep(400));
  const groups = appends.filter(([stream]) => stream === ENGINE_STREAM);
  expect(groups.reduce((sum, [, events]) => sum + events, 0)).toBeGreaterThanOrEqual(400);
  expect(groups).toHaveLength(1);
});

it('has not come to evidence before all that was decided on it is recorded and copied', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  const seen: (readonly [string | undefined, string])[] = [];
  const runner: EngineRunner = chattyOn(
    alteredEvents(store, {
      append: async (stream, expected, events) => {
        seen.push([runner.reached?.position, stream]);
        const appended = await store.append(stream, expected, events);
        seen.push([runner.reached?.position, stream]);
        return appended;
      },
    }),
  );
  await runner.catchUp();
  const before = runner.reached?.position;
  await record(store, minuteBars(zigzag(30)));
  seen.length = 0;
  await runner.catchUp();
  expect(seen.length).toBeGreaterThan(20);
  expect(new Set(seen.map(([position]) => position))).toEqual(new Set([before]));
  const bars = (await wholeTape(store)).filter(({ stream }) => stream.startsWith('bars-'));
  expect(runner.reached?.position).toBe(bars.at(-1)?.position);
});

it('does not wait for a group: a single piece of evidence is decided by itself, at once', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  const appends: [string, number][] = [];
  const runner = chattyOn(counted(store, appends));
  await runner.catchUp();
  const bars = minuteBars(zigzag(5));
  for (const bar of bars) {
    await record(store, [bar]);
    await runner.catchUp();
  }
  expect(appends.filter(([stream]) => stream === ENGINE_STREAM).map(([, events]) => events)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(5));
});

it('decides on what is handed over without reading, and reads where something lies between', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  let reads = 0;
  const runner = chattyOn(
    alteredEvents(store, {
      read: (query) => {
        reads++;
        return store.read(query);
      },
    }),
  );
  await runner.catchUp();
  await record(store, minuteBars(zigzag(40)));
  const bars = (await wholeTape(store)).filter(({ stream }) => stream.startsWith('bars-'));
  const handOver = (from: number, to: number) =>
    runner.catchUp({ after: bars[from - 1]?.position ?? START, events: bars.slice(from, to) });
  reads = 0;
  await handOver(0, 10);
  // Of these, some are taken in already.
  await handOver(5, 20);
  expect([reads, runner.reached?.position]).toEqual([0, bars[19]?.position]);
  await handOver(30, 35);
  expect(reads).toBeGreaterThan(0);
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(40));
});

it('records the next group while the copies of the last one are on their way, and no other', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  const thaw = Promise.withResolvers<void>();
  const [groups, copies]: [number[], string[]] = [[], []];
  const runner = chattyOn(
    alteredEvents(store, {
      append: async (stream, expected, events) => {
        if (stream === ENGINE_STREAM) groups.push(events.length);
        else await thaw.promise.then(() => copies.push(stream));
        return store.append(stream, expected, events);
      },
    }),
  );
  await runner.catchUp();
  groups.length = 0;
  await record(store, minuteBars(zigzag(3)));
  const bars = (await wholeTape(store)).filter(({ stream }) => stream.startsWith('bars-'));
  const arriving = { take: () => bars.splice(0, 1), arrived: () => Promise.resolve() };
  const catchingUp = runner.catchUp({ after: START, events: arriving.take(), arriving });
  await vi.waitFor(() => expect(groups).toEqual([1, 1]));
  for (let turns = 0; turns < 20; turns++) await systemTime.nextLoop();
  expect([groups, copies]).toEqual([[1, 1], []]);
  thaw.resolve();
  await catchingUp;
  expect(groups).toEqual([1, 1, 1]);
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(3));
});

it('leaves the copies of a group at most to whoever takes over, whichever append a kill came before', {
  timeout: 120_000,
}, async () => {
  // More cascades than a group takes.
  const bars = minuteBars(zigzag(600));
  const expected = await chattyInStep(600);
  let isThrough = false;
  // Prime, so that it comes to all places of the lanes.
  for (let appends = 0; !isThrough; appends += 61) {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    await record(store, bars);
    const outcome = chattyOn(dyingAfter(store, appends)).catchUp();
    isThrough = await outcome.then(
      () => true,
      () => false,
    );
    await chattyOn(store).catchUp();
    expect(factsOf(await wholeTape(store))).toEqual(expected);
  }
});

it.each([0, 4, 9])(
  'is one tape when a process is frozen between its cascades and their copies, after %i of those',
  async (copies) => {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    await decideWithOneFrozen(store, copies);
    expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(90));
  },
);

it('keeps what was decided before a piece of evidence on which an engine fails', async () => {
  const bars = minuteBars(zigzag(60));
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  await record(store, bars);
  const failing = (): Engine => {
    const engine = chattyEngine('one');
    const decide = engine.decide.bind(engine);
    let left = 47;
    engine.decide = (evidence) => {
      if (evidence.type === 'BarClosed' && left-- === 0) throw new Error('a bug');
      return decide(evidence);
    };
    return engine;
  };
  await expect(runnerOn(store, { makeEngine: failing }).catchUp()).rejects.toThrow('a bug');
  const tape = await wholeTape(store);
  const decided = new Set(tape.flatMap((event) => (event.type === 'CascadeDecided' ? [event.data.evidenceId] : [])));
  expect([...decided]).toEqual(
    tape
      .filter(({ stream }) => stream.startsWith('bars-'))
      .slice(0, 47)
      .map(({ id }) => id),
  );
  await chattyOn(store).catchUp();
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(60));
});

it.each([
  ['less', 10],
  ['more', 150],
])('finds that another process has decided %s than its first group holds, and goes on from there', async (_what, bars) => {
  // With so much text a group has a third of the bars.
  const text = '€'.repeat(4_000);
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  await record(store, minuteBars(zigzag(150)));
  const recorded = (await wholeTape(store)).filter(({ stream }) => stream.startsWith('bars-'));
  const hidden = new Set(recorded.slice(bars).map(({ id }) => id));
  const seenByOther = alteredEvents(store, {
    read: async (query) => (await store.read(query)).filter(({ id }) => !hidden.has(id)),
  });
  let hasOvertaken = false;
  const overtaken = alteredEvents(store, {
    append: async (stream, expected, events) => {
      if (stream === ENGINE_STREAM && events.length > 1 && !hasOvertaken) {
        hasOvertaken = true;
        await chattyOn(seenByOther, text).catchUp();
      }
      return store.append(stream, expected, events);
    },
  });
  await chattyOn(overtaken, text).catchUp();
  expect(hasOvertaken).toBe(true);
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(150, text));
});
