/**
 * Runs the engine on a tape that others record on, until standard input ends. Arguments: file of the tape, and
 * `locked` or `unlocked`: without the store's lock the engine races by exact revisions alone.
 */

import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { startEngineLoop } from '../../src/runtime/engine/engine-loop.ts';
import { makeEngineRunner } from '../../src/system.ts';
import { withoutLock } from '../support/altered-stores.ts';

const [file = '', lock = 'locked'] = process.argv.slice(2);
const store = await openEventStore(`sqlite:${file}`, systemTime);
const events: EventStore = lock === 'locked' ? store : withoutLock(store);
const reads = await openReadStore('memory:', systemTime);
const runner = makeEngineRunner({
  events,
  reads,
  time: systemTime,
  log: makeLogger('silent'),
  codeVersion: 'test',
  mayRollBack: false,
});
const loop = await startEngineLoop(runner, events);
process.stdout.write('ready\n');
process.stdin.resume();
await Promise.race([loop.ended, new Promise((resolve) => process.stdin.once('end', resolve))]);
await loop.close();
await runner.catchUp();
await reads.close();
await store.close();
