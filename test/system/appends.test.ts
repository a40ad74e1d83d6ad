/** What is appended to the tape of a running system, as the API does. */

import { expect, it } from 'vitest';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { ENGINE_CHECKPOINT, ENGINE_CHECKPOINTS } from '../../src/runtime/engine/engine-checkpoint.ts';
import { startSystem } from '../../src/system.ts';
import { makeEvidence } from '../../src/tape/envelope.ts';
import { minuteBars, smallSettings, tickingClock, wholeTape } from '../support/small-market.ts';

const SAVE_MS = 60;

/** `reads`, where saving the engine's checkpoint takes its time. */
function slowToSave(reads: ReadStore): ReadStore {
  return {
    prepare: (collections) => reads.prepare(collections),
    load: (collection, keys) => reads.load(collection, keys),
    loadText: (collection, key) => reads.loadText(collection, key),
    commit: async (projection, writes, position) => {
      if (projection === ENGINE_CHECKPOINT) await new Promise((resolve) => setTimeout(resolve, SAVE_MS));
      return reads.commit(projection, writes, position);
    },
    checkpoint: (projection) => reads.checkpoint(projection),
    find: (query) => reads.find(query),
    findTexts: (query) => reads.findTexts(query),
    drop: (projection, collections) => reads.drop(projection, collections),
    close: () => reads.close(),
  };
}

it('is decided on when the append is answered, and the engine has done with it when the system is closed', async () => {
  const clock = tickingClock();
  const [events, reads] = [await openEventStore('memory:', clock), await openReadStore('memory:', systemTime)];
  await applySettings(events, smallSettings(1, 1, 2, '3m'), { clock, actor: 'test', codeVersion: 'one' });
  const log = makeLogger('silent');
  const system = await startSystem({
    events,
    reads: slowToSave(reads),
    time: clock,
    log,
    codeVersion: 'one',
    mayRollBack: false,
  });
  const bars = minuteBars(Array.from({ length: 4 }, () => 100)).map(({ type, stream, key, data, occurredAt }) =>
    makeEvidence(type, stream, key, data, { occurredAt, actor: 'test', codeVersion: 'one' }),
  );
  const stream = bars[0]?.stream as string;
  const { position } = await system.events.append(stream, 'no-stream', bars);
  expect((await wholeTape(events)).filter(({ stream }) => stream.startsWith('rollups-'))).not.toEqual([]);
  await system.close();
  expect(await reads.checkpoint(ENGINE_CHECKPOINT)).toBe(position);
  // What a build that takes over next may rely on is that of this one.
  const [activation] = (await wholeTape(events)).filter(({ type }) => type === 'EngineActivated');
  const saved = await reads.load(ENGINE_CHECKPOINTS.name, [activation?.id as string]);
  expect([...saved.values()]).toEqual([{ _position: position }]);
  await reads.close();
  await events.close();
});
