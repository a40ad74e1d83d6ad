/** Across the network what waits is decided in groups: several cascades in one append, then their copies. */

import { expect, it } from 'vitest';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import type { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { addressOf, givenServer, givenStore, LONG_TIMEOUTS } from '../../adapters/eventstoredb/given-server.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { chattyEngine } from '../../support/chatty-engine.ts';
import { factsOf, minuteBars, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { dyingAfter, INGEST, record, runnerOn, tapeWith } from './given-engine.ts';

const makeEngine = (): Engine => chattyEngine('one');

function engineOn(store: EventStore): EngineRunner {
  return runnerOn(store, { makeEngine });
}

/** The same, taken in in step on a tape with a lock. */
async function cleanRun(count: number): Promise<Record<string, unknown[]>> {
  const store = await tapeWith({ hasLock: true }, 1, 1, 2);
  const bars = minuteBars(zigzag(count));
  for (let from = 0; from < count; from += 500) await engineOn(store).inStep(bars.slice(from, from + 500), INGEST);
  return factsOf(await wholeTape(store));
}

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
  await engineOn(store).catchUp();
  await record(store, minuteBars(zigzag(400)));
  const appends: [string, number][] = [];
  await engineOn(counted(store, appends)).catchUp();
  const facts = factsOf(await wholeTape(store));
  expect(facts).toEqual(await cleanRun(400));
  const groups = appends.filter(([stream]) => stream === ENGINE_STREAM);
  expect(groups.reduce((sum, [, events]) => sum + events, 0)).toBeGreaterThanOrEqual(400);
  expect(groups).toHaveLength(1);
});

it('does not wait for a group: a single piece of evidence is decided by itself, at once', async () => {
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  const appends: [string, number][] = [];
  const runner = engineOn(counted(store, appends));
  await runner.catchUp();
  const bars = minuteBars(zigzag(5));
  for (const bar of bars) {
    await record(store, [bar]);
    await runner.catchUp();
  }
  expect(appends.filter(([stream]) => stream === ENGINE_STREAM).map(([, events]) => events)).toEqual([1, 1, 1, 1, 1, 1]);
  expect(factsOf(await wholeTape(store))).toEqual(await cleanRun(5));
});

it('leaves the copies of a group at most to whoever takes over, whichever append a kill came before', {
  timeout: 120_000,
}, async () => {
  // More cascades than a group takes.
  const bars = minuteBars(zigzag(600));
  const expected = await cleanRun(600);
  let isThrough = false;
  // Prime, so that it comes to all places of the lanes.
  for (let appends = 0; !isThrough; appends += 61) {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    await record(store, bars);
    const outcome = engineOn(dyingAfter(store, appends)).catchUp();
    isThrough = await outcome.then(
      () => true,
      () => false,
    );
    await engineOn(store).catchUp();
    expect(factsOf(await wholeTape(store))).toEqual(expected);
  }
});

const TAPES: readonly (readonly [string, () => Promise<EventStore>])[] = [
  ['in memory', () => tapeWith({ hasLock: false }, 1, 1, 2)],
  [
    'in EventStoreDB',
    async () => {
      const store = givenStore(addressOf(await givenServer()), LONG_TIMEOUTS);
      await applySettings(store, smallSettings(1, 1, 2), { clock: tickingClock(), actor: 'test', codeVersion: 'one' });
      return store;
    },
  ],
];

it.each(TAPES.flatMap(([where, open]) => [0, 4, 9].map((copies) => [where, copies, open] as const)))(
  'is one tape %s when a process is frozen between its cascades and their copies, after %i of those',
  async (_where, frozenAfter, open) => {
    const store = await open();
    const bars = minuteBars(zigzag(90));
    const [asleep, thaw] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let copies = Number.NaN;
    const frozen = engineOn(
      alteredEvents(store, {
        append: async (stream, expected, events) => {
          if (stream === ENGINE_STREAM && events.length > 1) copies = 0;
          else if (copies++ >= frozenAfter) {
            asleep.resolve();
            await thaw.promise;
          }
          return store.append(stream, expected, events);
        },
      }),
    );
    await frozen.catchUp();
    await record(store, bars.slice(0, 40));
    const thawing = frozen.catchUp();
    await asleep.promise;
    const other = engineOn(store);
    await other.catchUp();
    await record(store, bars.slice(40, 60));
    await other.catchUp();
    thaw.resolve();
    await thawing;
    await record(store, bars.slice(60));
    await Promise.all([frozen.catchUp(), other.catchUp()]);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun(90));
  },
);

it('keeps what was decided before a piece of evidence on which an engine fails', async () => {
  const bars = minuteBars(zigzag(60));
  const store = await tapeWith({ hasLock: false }, 1, 1, 2);
  await record(store, bars);
  const failing = (): Engine => {
    const engine = makeEngine();
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
  await engineOn(store).catchUp();
  expect(factsOf(await wholeTape(store))).toEqual(await cleanRun(60));
});
