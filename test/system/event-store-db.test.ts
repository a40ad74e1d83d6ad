/** The same recordings leave the same on an embedded tape and on one in EventStoreDB. */

import { expect, it } from 'vitest';
import { EventStoreServer } from '../servers/event-store/server.ts';
import { contentsOf, differencesOf, digestsOf } from '../support/digests.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';

const [CANDLES, FRAMES] = [400, 1_500];
const LONG_ENOUGH_MS = 60_000;

it('a tape in EventStoreDB holds what an embedded one holds, and so do its read models', {
  timeout: LONG_ENOUGH_MS,
}, async () => {
  const expected = await withRecordedTape(CANDLES, FRAMES, contentsOf);
  const server = await EventStoreServer.start();
  try {
    const actual = await withRecordedTape(CANDLES, FRAMES, contentsOf, {
      eventStore: `esdb://127.0.0.1:${server.port}?tls=false`,
      decided: async () => {
        await expect
          .poll(() => server.log.records.length, { timeout: LONG_ENOUGH_MS })
          .toBeGreaterThanOrEqual(expected.tape.length);
      },
    });
    expect(differencesOf(expected, actual)).toEqual([]);
    expect(digestsOf(actual)).toEqual(digestsOf(expected));
  } finally {
    await server.stop();
  }
});
