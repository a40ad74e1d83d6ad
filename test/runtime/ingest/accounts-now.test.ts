import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { feedRecovered } from '../../../src/domain/feed/evidence.ts';
import { noSettings } from '../../../src/domain/settings/in-force.ts';
import type { FeedSettings } from '../../../src/domain/settings/settings.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { nowOfAccounts } from '../../../src/runtime/ingest/accounts-now.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import type { RecordedEvent } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { smallSettings, tickingClock } from '../../support/small-market.ts';

const NOON_MS = Date.UTC(2024, 7, 8, 12);
const OTHER = { venue: 'testvenue', symbol: 'CCCBBB' };

/** Two feeds, of which the tape holds the second up to noon; the strategies are of these accounts, on these symbols. */
async function given(strategies: readonly (readonly [account: string, symbol: string])[], orders: readonly string[] = []) {
  const settings = noSettings();
  const { feeds, strategies: small } = smallSettings(1, 1, 2);
  const [feed, strategy] = [feeds[0] as FeedSettings, small[0]];
  if (strategy === undefined) throw new Error('there is a strategy');
  settings.feeds.set('testvenue.AAABBB', feed);
  settings.feeds.set('testvenue.CCCBBB', { ...feed, ...OTHER });
  for (const [account, symbol] of strategies) {
    settings.strategies.set(`${account}-${symbol}`, { ...strategy, account, symbol, settingsHash: 'x' });
  }
  const tape = openMemoryEventStore({ time: tickingClock(), hasLock: false });
  const origin = { actor: 'ingest', codeVersion: 'test' };
  await new EvidenceRecorder(tape, systemTime).record([feedRecovered(OTHER, 'ended', NOON_MS)], origin);
  // Of an approved order only these fields count.
  const approved = orders.map((account) => ({ type: 'OrderApproved', data: { account, ...OTHER } }) as unknown as RecordedEvent);
  const events: EventStore = alteredEvents(tape, {
    read: async (query) => (query.categories?.includes('order') ? approved : tape.read(query)),
  });
  return (await nowOfAccounts(events, settings))(feed);
}

const AT_NOON = { account: 'paper', time: NOON_MS };

it('is told by the other feeds of an account that uses one, by its strategies and by its orders', async () => {
  expect(await given([['paper', 'AAABBB']])).toBeUndefined();
  expect(
    await given([
      ['paper', 'AAABBB'],
      ['paper', 'CCCBBB'],
    ]),
  ).toEqual(AT_NOON);
  expect(await given([['paper', 'AAABBB']], ['paper'])).toEqual(AT_NOON);
  expect(
    await given(
      [
        ['paper', 'AAABBB'],
        ['other', 'CCCBBB'],
      ],
      ['other'],
    ),
  ).toBeUndefined();
});
