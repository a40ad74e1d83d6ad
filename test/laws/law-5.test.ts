/** Law 5: a checkpoint is only ever the position of work already committed, and losing it costs time, not truth. */

import { describe, expect, it } from 'vitest';
import { openReadStore } from '../../src/adapters/open.ts';
import { systemTime } from '../../src/adapters/system-time.ts';
import { makeLogger } from '../../src/logging.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import type { ReadStore } from '../../src/ports/read-store.ts';
import { PROJECTIONS } from '../../src/projections/projections.ts';
import { servingCollection } from '../../src/runtime/projections/builds.ts';
import { startSystem } from '../../src/system.ts';
import { comparePositions } from '../../src/tape/envelope.ts';
import { alteredReads } from '../support/altered-stores.ts';
import { projected } from '../support/ingest-role.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { tickingClock, wholeTape } from '../support/small-market.ts';

async function documentsIn(reads: ReadStore): Promise<unknown[]> {
  const documents: unknown[] = [];
  for (const projection of PROJECTIONS) {
    const collection = await servingCollection(reads, projection);
    const field = projection.indexes[0]?.[0] ?? '';
    documents.push(...(await reads.find({ collection, sort: { field, isDescending: false }, limit: 1_000 })));
  }
  return documents;
}

async function startOver(events: EventStore, reads: ReadStore): Promise<void> {
  const dependencies = {
    events,
    reads,
    time: tickingClock(),
    log: makeLogger('silent'),
    codeVersion: 'test',
    mayRollBack: false,
  };
  const system = await startSystem(dependencies);
  await projected(events, reads);
  await system.close();
}

describe('a checkpoint', () => {
  it('that is lost with everything beside the tape costs nothing but time', async () => {
    await withRecordedTape(150, 2_000, async (events, reads) => {
      const before = await wholeTape(events);
      const expected = await documentsIn(reads);
      expect(expected.length).toBeGreaterThan(150);
      const empty = await openReadStore('memory:', systemTime);
      await startOver(events, empty);
      expect(await documentsIn(empty)).toEqual(expected);
      expect(await wholeTape(events)).toEqual(before);
    });
  });

  it('that is lost alone changes no document, however often events come again', async () => {
    await withRecordedTape(150, 2_000, async (events, reads) => {
      const expected = await documentsIn(reads);
      const kept = new Map<string, string>();
      const forgetful = alteredReads(reads, {
        commit: (projection, writes, position) => {
          kept.set(projection, position);
          return reads.commit(projection, writes, position);
        },
        checkpoint: async (projection) => kept.get(projection) ?? '0',
      });
      await startOver(events, forgetful);
      expect(await documentsIn(reads)).toEqual(expected);
    });
  });

  it('is never ahead of what was committed with it', async () => {
    await withRecordedTape(150, 2_000, async (events) => {
      const inner = await openReadStore('memory:', systemTime);
      let committed = '0';
      const watched = alteredReads(inner, {
        commit: async (projection, writes, position) => {
          for (const { document } of writes) expect(comparePositions(document._position, position)).toBeLessThanOrEqual(0);
          committed = comparePositions(position, committed) > 0 ? position : committed;
          expect(comparePositions(position, await events.head())).toBeLessThanOrEqual(0);
          return inner.commit(projection, writes, position);
        },
      });
      await startOver(events, watched);
      expect(committed).toBe(await events.head());
    });
  });
});
