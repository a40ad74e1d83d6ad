/** The engine that decides in groups, on a tape in EventStoreDB, whatever its server does in the middle of them. */

import { expect, test } from 'vitest';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import { StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
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
  const store = await settled(givenStore(addressOf(server), { ...SHORT_TIMEOUTS, callMs: 100 }));
  const bars = minuteBars(zigzag(240));
  for (let from = 0; from < bars.length; from += 40) {
    await record(store, bars.slice(from, from + 40));
    // Between the appends of a group: for some the outcome is not known, and the process begins anew.
    for (let faults = 0; faults < counts.groupFaults; faults++) {
      server.faults.appends.push(FAULTS[Math.floor(random() * FAULTS.length)] as AppendFault);
    }
    for (const runner of [chattyOn(store), chattyOn(store)]) {
      await runner.catchUp().catch((error: unknown) => {
        if (!(error instanceof StoreUnavailableError)) throw error;
      });
    }
  }
  await chattyOn(store).catchUp();
  expect(factsOf(await wholeTape(store))).toEqual(await chattyInStep(bars.length));
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
