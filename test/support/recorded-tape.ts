/** The head of both shipped recordings, taken in step onto a tape in memory, with read models beside it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEventStore, openReadStore, openRecording } from '../../src/adapters/open.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import { makeLogger } from '../../src/logging.ts';
import type { Time } from '../../src/ports/clock.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { applySettings } from '../../src/requests/settings-apply.ts';
import { loadSettings, recordingPath } from '../../src/requests/settings-file.ts';
import { startSystem } from '../../src/system.ts';
import type { System } from '../../src/system-dependencies.ts';
import { writeRecordedHeads } from './recorded-heads.ts';
import { tickingClock } from './small-market.ts';

const MAX_WAIT_MS = 20_000;

export interface RecordedTapeOptions {
  readonly time?: Time;
  /** Address of the tape; `memory:` without. */
  readonly eventStore?: string;
  /** How long the tape grows by what is decided, where that is not in step with what is taken in. */
  readonly decided?: (events: EventStore) => Promise<void>;
}

/** Hands the stores to `work` when everything is decided and projected. */
export async function withRecordedTape<T>(
  candles: number,
  frames: number,
  work: (events: EventStore, reads: ReadStore) => Promise<T>,
  { time = tickingClock(), eventStore = 'memory:', decided }: RecordedTapeOptions = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
  const [events, reads] = [await openEventStore(eventStore, time), await openReadStore('memory:')];
  const origin = { actor: 'ingest', codeVersion: 'test' };
  try {
    const settingsFile = writeRecordedHeads(folder, candles, frames);
    const { settings } = await applySettings(events, await loadSettings(settingsFile), {
      clock: time,
      actor: 'test',
      codeVersion: 'test',
    });
    const system = await startSystem({ events, reads, time, log: makeLogger('silent'), codeVersion: 'test', rollBack: false });
    for (const feed of settings.feeds.values()) {
      const instrument = settings.instruments.get(`${feed.venue}.${feed.symbol}`);
      if (instrument === undefined) throw new Error('the feed has an instrument');
      const files = feed.recordings.map((recording) => recordingPath(settingsFile, recording));
      for await (const drafts of openRecording(files, feed, instrument).evidence({ tally: new Tally() })) {
        for (let from = 0; from < drafts.length; from += 500) await system.take(drafts.slice(from, from + 500), origin);
      }
    }
    await decided?.(events);
    await projected(system, await events.head());
    await system.close();
    return await work(events, reads);
  } finally {
    await events.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until every read model has everything up to `position`. */
export async function projected(system: System, position: string): Promise<void> {
  for (const projection of system.projections.values()) {
    if (!(await projection.waitFor(position, MAX_WAIT_MS))) throw new Error('a projection did not catch up');
  }
}
