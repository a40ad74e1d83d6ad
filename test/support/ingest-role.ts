/** What the ingest of a system in a test is given, and when it is done. */

import { openFeed } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import type { EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { Feed } from '../../src/ports/feed.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { projectionsOn } from '../../src/projections/projections.ts';
import { recordingPath } from '../../src/requests/settings-file.ts';
import type { IngestTerms } from '../../src/runtime/ingest/ingest-part.ts';
import { followProjections } from '../../src/runtime/projections/followed.ts';

const MAX_WAIT_MS = 60_000;

/** The feeds of the settings are opened by `open`; `ended` resolves when all are on the tape. */
export function givenIngest(open: IngestTerms['openFeed']): { readonly ingest: IngestTerms; readonly ended: Promise<void> } {
  const { promise: ended, resolve: finished } = Promise.withResolvers<void>();
  const listener = { progress: () => {}, done: () => {}, settling: () => {}, elsewhere: () => {}, finished };
  return { ingest: { openFeed: open, signal: new AbortController().signal, listener }, ended };
}

/** The recordings that a settings file names. */
export function recordingsOf(settingsFile: string): IngestTerms['openFeed'] {
  return (feed, instrument) => openFeed(feed, instrument, (recording) => recordingPath(settingsFile, recording));
}

/** A feed of just that evidence. */
export function feedOf(drafts: readonly EvidenceDraft[]): Feed {
  return {
    async *evidence() {
      yield drafts;
    },
  };
}

/** Waits until every read model has all that is on the tape now. */
export async function projected(events: EventStore, reads: ReadStore): Promise<void> {
  const followed = await followProjections(projectionsOn(events), events, reads, { time: systemTime, isAcross: false });
  const head = await events.head();
  try {
    for (const projection of followed.projections.values()) {
      if (!(await projection.waitFor(head, MAX_WAIT_MS))) throw new Error('a projection did not catch up');
    }
  } finally {
    await followed.close();
  }
}
