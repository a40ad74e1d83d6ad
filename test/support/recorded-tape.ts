/** The head of both shipped recordings, taken in step onto a tape in memory, with read models beside it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore, openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import type { Time } from '../../src/ports/clock.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings } from '../../src/requests/settings-file.ts';
import { startSystem } from '../../src/system.ts';
import { givenIngest, projected, recordingsOf } from './ingest-role.ts';
import { writeRecordedHeads } from './recorded-heads.ts';
import { tickingClock } from './small-market.ts';

export interface RecordedTapeOptions {
  readonly time?: Time;
  /** Address of the tape; `memory:` without. */
  readonly eventStore?: string;
  /** What the system is given in place of the tape. */
  readonly altered?: (events: EventStore) => EventStore;
  /** How long the tape grows by what is decided, where that is not in step with what is taken in. */
  readonly decided?: (events: EventStore) => Promise<void>;
}

/** Hands the stores to `work` when everything is decided and projected. */
export async function withRecordedTape<T>(
  candles: number,
  frames: number,
  work: (events: EventStore, reads: ReadStore) => Promise<T>,
  { time = tickingClock(), eventStore = 'memory:', altered = (same) => same, decided }: RecordedTapeOptions = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
  const [events, reads] = [altered(await openEventStore(eventStore, time)), await openReadStore('memory:', systemTime)];
  try {
    const settingsFile = writeRecordedHeads(folder, candles, frames);
    const proposed = await loadSettings(settingsFile);
    const settle = async () =>
      (await applySettings(events, proposed, { clock: time, actor: 'test', codeVersion: 'test' })).settings;
    const { ingest, ended } = givenIngest(recordingsOf(settingsFile));
    const system = await startSystem(
      { events, reads, time, log: makeLogger('silent'), codeVersion: 'test', mayRollBack: false, settle, ingest },
      new Set(['engine', 'ingest', 'projections']),
    );
    await Promise.race([ended, system.ended]);
    await decided?.(events);
    await projected(events, reads);
    await system.close();
    return await work(events, reads);
  } finally {
    await events.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
