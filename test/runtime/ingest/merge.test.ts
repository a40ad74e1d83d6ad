import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Merged, mergeByTime } from '../../../src/runtime/ingest/merge.ts';

interface Piece {
  readonly feed: number;
  /** Its place in its feed. */
  readonly place: number;
  readonly time: number;
}

/** Feeds of pieces with times that mostly rise, each cut into batches, some of which are empty. */
const feedsArbitrary = fc
  .array(
    fc.record({
      steps: fc.array(fc.integer({ min: -3, max: 4 }), { maxLength: 30 }),
      begin: fc.integer({ min: 0, max: 20 }),
      cuts: fc.array(fc.nat(6), { minLength: 1, maxLength: 12 }),
    }),
    { maxLength: 6 },
  )
  .map((feeds) =>
    feeds.map(({ steps, begin, cuts }, feed) => {
      let time = begin;
      const pieces = steps.map((step, place): Piece => {
        time += step;
        return { feed, place, time };
      });
      const batches: Piece[][] = [];
      for (let from = 0, cut = 0; from < pieces.length; cut++) {
        const size = cut < 50 ? (cuts[cut % cuts.length] as number) : pieces.length;
        batches.push(pieces.slice(from, from + size));
        from += size;
      }
      return { pieces, batches };
    }),
  );

async function merged(feeds: readonly (readonly (readonly Piece[])[])[]): Promise<Merged<Piece>[]> {
  async function* source(batches: readonly (readonly Piece[])[]) {
    for (const batch of batches) {
      await Promise.resolve();
      yield batch;
    }
  }
  const all: Merged<Piece>[] = [];
  for await (const batch of mergeByTime(feeds.map(source), ({ time }) => time)) all.push(...batch);
  return all;
}

/** The same by sorting: each piece under the greatest time of its feed up to it, then by feed, then by its place. */
function sorted(feeds: readonly (readonly Piece[])[]): Piece[] {
  const keyed = feeds.flatMap((pieces) =>
    pieces.map((piece) => ({ piece, key: Math.max(...pieces.slice(0, piece.place + 1).map(({ time }) => time)) })),
  );
  return keyed
    .sort((a, b) => a.key - b.key || a.piece.feed - b.piece.feed || a.piece.place - b.piece.place)
    .map(({ piece }) => piece);
}

describe('feeds that are merged by time', () => {
  it('come as an independent sort gives them, however their batches fall', async () => {
    await fc.assert(
      fc.asyncProperty(feedsArbitrary, async (feeds) => {
        const run = await merged(feeds.map(({ batches }) => batches));
        const pieces = run.flatMap(({ piece }) => piece ?? []);
        expect(pieces).toEqual(sorted(feeds.map((feed) => feed.pieces)));
        const times = run.filter(({ piece }) => piece !== null).map(({ time }) => time);
        expect(times).toEqual(times.toSorted((a, b) => a - b));
      }),
      { numRuns: 500 },
    );
  });

  it('say once of each that it has come to its end, after all of its pieces', async () => {
    await fc.assert(
      fc.asyncProperty(feedsArbitrary, async (feeds) => {
        const run = await merged(feeds.map(({ batches }) => batches));
        const ends = run.flatMap(({ feed, piece }) => (piece === null ? [feed] : []));
        expect(ends.toSorted((a, b) => a - b)).toEqual(feeds.map((_, feed) => feed));
        for (const feed of ends) {
          const last = run.findLastIndex((item) => item.feed === feed);
          expect(run[last]?.piece).toBeNull();
        }
      }),
    );
  });

  it('are all ended when nobody wants more, or one of them fails', async () => {
    const ended: string[] = [];
    async function* source(name: string, fails: boolean) {
      try {
        yield [{ feed: 0, place: 0, time: 1 }];
        if (fails) throw new Error('torn');
        yield [{ feed: 0, place: 1, time: 2 }];
      } finally {
        ended.push(name);
      }
    }
    for await (const _ of mergeByTime([source('a', false), source('b', false)], ({ time }) => time)) break;
    expect(ended).toEqual(['a', 'b']);
    const failing = async () => {
      for await (const _ of mergeByTime([source('c', false), source('d', true)], ({ time }) => time));
    };
    await expect(failing()).rejects.toThrow('torn');
    expect(ended.toSorted()).toEqual(['a', 'b', 'c', 'd']);
  });
});
