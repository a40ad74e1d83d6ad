/** The engine that decides in groups, on a tape in EventStoreDB, whatever its server does in the middle of them. */

import { expect, test } from 'vitest';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { isDecision, type RecordedEvent } from '../../../src/tape/envelope.ts';
import { chattyInStep, chattyOn, decideWithOneFrozen, record } from '../../runtime/engine/given-engine.ts';
import type { AppendFault } from '../../servers/event-store/faults.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { counts } from '../../support/scale.ts';
import { seeded } from '../../support/seeded.ts';
import { factsOf, minuteBars, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { addressOf, givenServer, givenStore, LONG_TIMEOUTS, SHORT_TIMEOUTS } from './given-server.ts';

const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? 1);
const FAULTS: readonly AppendFault[] = [
  'silent',
  'commit-silent',
  'half-close',
  'commit-half-close',
  'cut',
  'commit-cut',
  'commit-internal',
  'commit-timeout',
];

async function settled(store: EventStore): Promise<EventStore> {
  await applySettings(store, smallSettings(1, 1, 2), { clock: tickingClock(), actor: 'test', codeVersion: 'one' });
  return store;
}

/** In the order in which they lie on the tape; bars are made of one instrument here. */
function lanesOf(events: readonly { readonly id: string; readonly stream: string }[]): Record<string, string[]> {
  const isOfBars = ({ stream }: { readonly stream: string }): boolean => stream.startsWith('rollups-');
  const [bars, others] = [events.filter(isOfBars), events.filter((event) => !isOfBars(event))];
  return { bars: bars.map(({ id }) => id), others: others.map(({ id }) => id) };
}

/** All copies are there, and those of a lane lie on the tape in the order of their decisions. */
function expectCopied(tape: readonly RecordedEvent[]): void {
  const decided = tape.flatMap((event) => (event.type === 'CascadeDecided' ? event.data.decisions : []));
  expect(lanesOf(tape.filter(isDecision))).toEqual(lanesOf(decided));
}

test('the copies of a group are on their way together', async () => {
  const server = await givenServer();
  Object.assign(server.faults, { isColdOrderBroken: true, answerAfterMs: 2 });
  const store = await settled(givenStore(addressOf(server), LONG_TIMEOUTS));
  let [onTheirWay, most] = [0, 0];
  const counted = alteredEvents(store, {
    append: async (...args) => {
      most = Math.max(most, ++onTheirWay);
      try {
        return await store.append(...args);
      } finally {
        onTheirWay--;
      }
    },
  });
  const runner = chattyOn(counted);
  await runner.catchUp();
  for (const bar of minuteBars(zigzag(9))) {
    await record(store, [bar]);
    await runner.catchUp();
  }
  expect(most).toBeGreaterThan(2);
  const tape = await wholeTape(store);
  expect(factsOf(tape)).toEqual(await chattyInStep(9));
  expectCopied(tape);
});

test.each([0, 4, 9])(
  'a process that is frozen between its cascades and their copies, after %i of those, changes nothing',
  async (copies) => {
    const store = await settled(givenStore(addressOf(await givenServer()), LONG_TIMEOUTS));
    await decideWithOneFrozen(store, copies);
    expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(90));
  },
);

test(`faults in the middle of groups leave the tape of a run without any (TAPEDECK_TEST_SEED=${SEED})`, {
  timeout: 120_000,
}, async () => {
  const random = seeded(SEED);
  const server = await givenServer();
  Object.assign(server.faults, { isColdOrderBroken: true, answerAfterMs: 1 });
  const store = await settled(givenStore(addressOf(server), { ...SHORT_TIMEOUTS, callMs: 100 }));
  const bars = minuteBars(zigzag(240));
  const fault = (): AppendFault => FAULTS[Math.floor(random() * FAULTS.length)] as AppendFault;
  const faulty = alteredEvents(store, {
    append: (stream, ...args) => {
      if (stream !== ENGINE_STREAM && random() < 0.02) server.faults.appends.push(fault());
      return store.append(stream, ...args);
    },
  });
  for (let from = 0; from < bars.length; from += 40) {
    await record(store, bars.slice(from, from + 40));
    // Between the appends of a group: for some the outcome is not known, and the process begins anew.
    for (let faults = 0; faults < counts.groupFaults; faults++) {
      server.faults.appends.push(fault());
    }
    for (const runner of [chattyOn(faulty), chattyOn(faulty)]) {
      const failure = await runner.catchUp().catch((error: unknown) => error);
      if (failure === undefined) expectCopied(await wholeTape(store));
      else if (!(failure instanceof StoreUnavailableError)) throw failure;
    }
  }
  await chattyOn(store).catchUp();
  const tape = await wholeTape(store);
  expect(factsOf(tape)).toEqual(await chattyInStep(bars.length));
  expectCopied(tape);
});

test('groups and copies of large decisions are no larger than the server takes at once', async () => {
  const store = await settled(givenStore(addressOf(await givenServer()), LONG_TIMEOUTS));
  const [bars, text] = [minuteBars(zigzag(150)), '€'.repeat(4_000)];
  await record(store, bars);
  const groups: number[] = [];
  const counted = alteredEvents(store, {
    append: (stream, expected, events) => {
      if (stream === ENGINE_STREAM) groups.push(events.length);
      return store.append(stream, expected, events);
    },
  });
  await chattyOn(counted, text).catchUp();
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(bars.length, text));
  // 3.6 MB of decisions.
  expect(groups.length).toBeGreaterThan(3);
  expect(groups.length).toBeLessThan(9);
});
