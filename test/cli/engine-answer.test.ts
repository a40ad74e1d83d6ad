/** When a command says that the engine has processed what it put on the tape. */

import { expect, it } from 'vitest';
import { openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { engineAnswered } from '../../src/cli/engine-answer.ts';
import type { OpenStores } from '../../src/cli/stores.ts';
import { ENGINE_STREAM } from '../../src/domain/streams.ts';
import { chattyOn, dyingAfter, record, tapeWith } from '../runtime/engine/given-engine.ts';
import { minuteBars, wholeTape, zigzag } from '../support/small-market.ts';

it('is not before the copies of the decisions are in their streams, where what is read next comes from', {
  timeout: 20_000,
}, async () => {
  const events = await tapeWith({ hasLock: false }, 1, 1, 2);
  await chattyOn(events).catchUp();
  await record(events, minuteBars(zigzag(6)));
  const bars = (await wholeTape(events)).filter(({ stream }) => stream.startsWith('bars-'));
  const [last] = bars.slice(-1);
  if (last === undefined) throw new Error('no bars');
  const stores = { events, reads: await openReadStore('memory:', systemTime), time: systemTime } as OpenStores;
  // The cascades are recorded in one append, and then the process is gone.
  await expect(chattyOn(dyingAfter(events, 1)).catchUp()).rejects.toThrow('killed');
  expect(await events.read({ stream: ENGINE_STREAM, correlationId: last.id, limit: 1 })).toHaveLength(1);
  expect(await engineAnswered(stores, last.id, last.position)).toBe(false);
  await chattyOn(events).catchUp();
  expect(await engineAnswered(stores, last.id, last.position)).toBe(true);
});
