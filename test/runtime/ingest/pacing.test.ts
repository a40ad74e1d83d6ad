import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { barClosed, type EvidenceDraft, feedRecovered, feedStale } from '../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { epochMs, isoTime } from '../../../src/domain/time.ts';
import type { Time } from '../../../src/ports/clock.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { type PieceOutcome, sumOf } from '../../../src/runtime/engine/in-step.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import type { EvidenceSink } from '../../../src/runtime/ingest/evidence-sink.ts';
import { startFeeds } from '../../../src/runtime/ingest/feed-start.ts';
import { ingest } from '../../../src/runtime/ingest/ingest.ts';
import { Pacing } from '../../../src/runtime/ingest/pacing.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { feedOf } from '../../support/ingest-role.ts';
import { minuteBars, tickingClock } from '../../support/small-market.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'test' };

/** Minute bars as a session makes them: of trades. */
function sessionOf(count: number): EvidenceDraft[] {
  return minuteBars(Array.from({ length: count }, () => 100)).map((draft, index) =>
    draft.type === 'BarClosed' ? { ...draft, data: { ...draft.data, firstTradeId: index, lastTradeId: index } } : draft,
  );
}

/** A pacing whose time passes by waiting alone; `commits` are `[ms since the start, pieces]`. */
function givenPacing({ speed = 1, msPerCommit = 0 } = {}) {
  const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
  const commits: [number, number][] = [];
  const controller = new AbortController();
  let now = 5_000;
  const time: Time = {
    ...systemTime,
    monotonic: () => now,
    after: (ms, call) => {
      now += ms;
      return systemTime.after(0, call);
    },
  };
  let reads = 0;
  const read: EventStore['read'] = (query) => {
    reads++;
    return store.read(query);
  };
  const pacing = new Pacing({ speed, signal: controller.signal, time });
  const take: EvidenceSink = async (drafts) => {
    commits.push([now - 5_000, drafts.length]);
    now += msPerCommit;
    const pieces = drafts.map((): PieceOutcome => ({ fate: 'recorded', dropped: null, decisions: 0 }));
    return { ...sumOf(pieces), pieces };
  };
  const options = { pacing, signal: controller.signal };
  return {
    commits,
    controller,
    store,
    reads: () => reads,
    play: async (...feeds: readonly (readonly EvidenceDraft[])[]) => {
      const starts = feeds.map((drafts) => ({
        market: { ...(drafts[0] as EvidenceDraft).data, bars: '1m' as const },
        evidence: feedOf(drafts).evidence({ tally: new Tally() }),
      }));
      return ingest(take, await startFeeds({ read }, starts), ORIGIN, options);
    },
  };
}

describe('a session that is played', () => {
  it('gives each piece when its own time has come', async () => {
    const { play, commits } = givenPacing();
    await play(sessionOf(3));
    expect(commits).toEqual([
      [0, 1],
      [60_000, 1],
      [120_000, 1],
    ]);
  });

  it('goes as many times faster as it is told', async () => {
    const { play, commits } = givenPacing({ speed: 200 });
    await play(sessionOf(3));
    expect(commits.map(([ms]) => ms)).toEqual([0, 300, 600]);
  });

  it('takes what became due during a commit in one, and so does not fall behind', async () => {
    const { play, commits } = givenPacing({ msPerCommit: 150_000 });
    await play(sessionOf(7));
    expect(commits).toEqual([
      [0, 1],
      [150_000, 2],
      [300_000, 3],
      [450_000, 1],
    ]);
  });

  it('goes on where it was cut off: what is on the tape comes at once', async () => {
    const { play, commits, store } = givenPacing();
    const drafts = sessionOf(5);
    const [first] = drafts;
    if (first === undefined) throw new Error('there is a first');
    const recorded = drafts
      .slice(0, 3)
      .map(({ type, stream, key, data, occurredAt }) => makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }));
    await store.append(first.stream, 'no-stream', recorded);
    await play(drafts);
    expect(commits).toEqual([
      [0, 4],
      [60_000, 1],
    ]);
  });

  it('reads what is on the tape in pages, and not piece by piece', async () => {
    const { play, commits, store, reads } = givenPacing();
    const drafts = sessionOf(1_201);
    const recorded = drafts.slice(0, 1_200);
    await new EvidenceRecorder(store, systemTime).record(recorded, ORIGIN);
    const streams = new Set(recorded.map(({ stream }) => stream));
    await play(drafts);
    expect(commits.reduce((pieces, [, count]) => pieces + count, 0)).toBe(1_201);
    expect(commits.every(([ms]) => ms === 0)).toBe(true);
    // At most one more for each stream than it has full pages, and one look at how far the tape is with the feed.
    expect(reads()).toBeLessThanOrEqual(Math.floor(1_200 / 500) + streams.size + 1);
  });

  it('hands out history at once, whatever its times', async () => {
    const { play, commits } = givenPacing();
    await play(minuteBars([100, 101, 102]));
    expect(commits).toEqual([[0, 3]]);
  });

  /** The same bars of another symbol, so many minutes later; with the feed's first and last word. */
  function sessionOn(symbol: string, drafts: readonly EvidenceDraft[], minutes: number): EvidenceDraft[] {
    const bars = drafts.flatMap((draft) => {
      if (draft.type !== 'BarClosed') return [];
      const [openTime, closeTime] = [draft.data.openTime, draft.data.closeTime].map((time) =>
        isoTime(epochMs(time) + minutes * 60_000),
      ) as [string, string];
      return [barClosed({ ...draft.data, symbol, openTime, closeTime })];
    });
    const market = { venue: 'testvenue', symbol };
    const [first, last] = [epochMs(bars[0]?.occurredAt ?? ''), epochMs(bars.at(-1)?.occurredAt ?? '')];
    return [feedRecovered(market, 'ended', first), ...bars, feedStale(market, 'ended', last, last)];
  }

  it('is one with others of the same time, at one pace', async () => {
    const { play, commits } = givenPacing();
    await play(sessionOn('A', sessionOf(3), 0), sessionOn('B', sessionOf(3), 1));
    expect(commits.filter(([, pieces]) => pieces > 0).map(([ms]) => ms)).toEqual([0, 60_000, 120_000, 120_000, 180_000]);
  });

  it('begins at once where none is playing, however long ago the last one ended', async () => {
    const { play, commits } = givenPacing();
    await play(sessionOn('A', sessionOf(2), 0), sessionOn('B', sessionOf(2), 10_000));
    expect(commits.map(([ms]) => ms)).toEqual([0, 60_000, 60_000, 120_000]);
  });

  it('has history beside it, which comes with the next of the session', async () => {
    const { play, commits } = givenPacing();
    const history = sessionOn('H', minuteBars(Array.from({ length: 6 }, () => 100)), -2);
    await play(sessionOn('A', sessionOf(2), 0), history);
    // Three bars of history come by the time at which the session begins, the others after its second bar, at its end.
    expect(commits).toEqual([
      [0, 6],
      [60_000, 2],
      [60_000, 4],
    ]);
  });

  it('stops within a wait when it is told to, without what is not due', async () => {
    const { play, commits, controller } = givenPacing();
    controller.abort();
    await play(sessionOf(3));
    expect(commits).toEqual([]);
  });
});
