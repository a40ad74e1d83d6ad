/** What every feed must do. */

import { describe, expect, it } from 'vitest';
import type { EvidenceDraft } from '../../src/domain/feed/evidence.ts';
import { Tally } from '../../src/domain/feed/tally.ts';
import type { Feed, FeedReading } from '../../src/ports/feed.ts';

async function readAll(feed: Feed, reading: Partial<FeedReading> = {}): Promise<EvidenceDraft[]> {
  const drafts: EvidenceDraft[] = [];
  for await (const batch of feed.evidence({ tally: new Tally(), ...reading })) drafts.push(...batch);
  return drafts;
}

/** `given` makes a feed whose source gives several batches, all of them usable. */
export function feedContract(name: string, given: () => Feed): void {
  describe(`a feed (${name})`, () => {
    it('gives the same evidence from the beginning each time that it is read, under keys of its own', async () => {
      const feed = given();
      const first = await readAll(feed);
      expect(first.length).toBeGreaterThan(1);
      expect(await readAll(feed)).toEqual(first);
      expect(new Set(first.map(({ type, key }) => `${type} ${key}`)).size).toBe(first.length);
    });

    it('begins and ends with evidence of its own state', async () => {
      const drafts = await readAll(given());
      expect(drafts[0]).toMatchObject({ type: 'FeedRecovered' });
      expect(drafts.at(-1)).toMatchObject({ type: 'FeedStale', data: { reason: 'ended' } });
    });

    it('tells a meter what came in, and gives the same evidence without one', async () => {
      let frames = 0;
      const noteFrames = (more: number): void => {
        frames += more;
      };
      const meter = { noteFrames, noteTime: () => {}, monotonic: () => 0 };
      const feed = given();
      expect(await readAll(feed, { meter })).toEqual(await readAll(feed));
      expect(frames).toBeGreaterThan(0);
    });

    it('ends after the batch in hand when it is told to, and does not say that its source ended', async () => {
      const feed = given();
      const stop = new AbortController();
      const drafts: EvidenceDraft[] = [];
      for await (const batch of feed.evidence({ tally: new Tally(), signal: stop.signal })) {
        drafts.push(...batch);
        stop.abort();
      }
      const all = await readAll(feed);
      expect(drafts.length).toBeLessThan(all.length);
      expect(drafts).toEqual(all.slice(0, drafts.length));
      expect(drafts.at(-1)?.type).not.toBe('FeedStale');
    });

    it('gives nothing when it was told to end before', async () => {
      expect(await readAll(given(), { signal: AbortSignal.abort() })).toEqual([]);
    });
  });
}
