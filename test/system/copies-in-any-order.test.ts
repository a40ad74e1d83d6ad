/**
 * Across the network, copies of decisions land lane by lane, in whichever order between lanes: streams and read models are
 * those of an embedded tape all the same.
 */

import { expect, it } from 'vitest';
import { systemTime } from '../../src/adapters/system-time.ts';
import { ENGINE_STREAM } from '../../src/domain/streams.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { isDecision, type RecordedEvent } from '../../src/tape/envelope.ts';
import { alteredEvents, withoutLock } from '../support/altered-stores.ts';
import { contentsOf, differencesOf, digestsOf } from '../support/digests.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { counts } from '../support/scale.ts';
import { seeded } from '../support/seeded.ts';

const [CANDLES, FRAMES] = [400, 1_500];
const LONG_ENOUGH_MS = 60_000;
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? 1);

/** A tape without a lock, on which each append of a decision takes some turns of the event loop, or many. */
function slow(store: EventStore, seed: number): EventStore {
  const random = seeded(seed);
  return alteredEvents(withoutLock(store), {
    append: async (stream, expected, events) => {
      const isOfEngine = stream === ENGINE_STREAM || events.some(isDecision);
      for (let turns = isOfEngine ? 30 * random() ** 3 : 0; turns > 0; turns--) await systemTime.nextLoop();
      return store.append(stream, expected, events);
    },
  });
}

/** How many copies lie behind others that were decided after them. */
function overtaken(tape: readonly RecordedEvent[]): number {
  const decided = tape.flatMap((event) => (event.type === 'CascadeDecided' ? event.data.decisions.map(({ id }) => id) : []));
  const numbers = new Map(decided.map((id, index) => [id, index]));
  const copies = tape.filter(isDecision).map(({ id }) => numbers.get(id) ?? 0);
  let latest = 0;
  return copies.filter((number) => {
    latest = Math.max(latest, number);
    return number < latest;
  }).length;
}

it(`leaves the streams and read models of an embedded tape (TAPEDECK_TEST_SEED=${SEED})`, { timeout: 300_000 }, async () => {
  const expected = await withRecordedTape(CANDLES, FRAMES, contentsOf);
  for (let number = 0; number < counts.copyOrders; number++) {
    const actual = await withRecordedTape(CANDLES, FRAMES, contentsOf, {
      altered: (store) => slow(store, SEED + number),
      decided: async (events) => {
        const length = async () => (await events.read({ limit: expected.tape.length + 1 })).length;
        await expect.poll(length, { timeout: LONG_ENOUGH_MS }).toBe(expected.tape.length);
      },
    });
    expect(overtaken(actual.tape)).toBeGreaterThan(20);
    expect({ seed: SEED + number, differences: differencesOf(expected, actual) }).toEqual({
      seed: SEED + number,
      differences: [],
    });
    expect(digestsOf(actual)).toEqual(digestsOf(expected));
  }
});
