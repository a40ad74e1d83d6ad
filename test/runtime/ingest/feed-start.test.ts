import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import {
  barClosed,
  barCorrected,
  depthSampled,
  type EvidenceDraft,
  feedRecovered,
  feedStale,
} from '../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import type { Bar } from '../../../src/domain/market/events.ts';
import { instrumentKey, noSettings, type SettingsInForce } from '../../../src/domain/settings/in-force.ts';
import type { FeedSettings, StrategySettings } from '../../../src/domain/settings/settings.ts';
import { isoTime, SECOND_MS } from '../../../src/domain/time.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { startFeeds } from '../../../src/runtime/ingest/feed-start.ts';
import { heldUpTo } from '../../../src/runtime/ingest/held-evidence.ts';
import { ingest } from '../../../src/runtime/ingest/ingest.ts';
import { lateFeeds } from '../../../src/runtime/ingest/late-feeds.ts';
import { evidenceId } from '../../../src/tape/envelope.ts';
import { barOf } from '../../support/fixtures.ts';
import { feedOf } from '../../support/ingest-role.ts';
import { factsOf, smallSettings, tickingClock, wholeTape } from '../../support/small-market.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'test' };
/** Ten seconds before the end of a day, so that a session lies in the streams of two. */
const BEGIN_MS = Date.UTC(2024, 7, 8, 23, 59, 50);

/** A session as frames make it: a bar comes some time after its end, beside samples that are later, and may be corrected. */
function sessionOf(symbol: string, beginMs: number, steps: readonly string[]): EvidenceDraft[] {
  const market = { venue: 'testvenue', symbol };
  const drafts = [feedRecovered(market, 'ended', beginMs)];
  let now = beginMs;
  let openMs = Math.floor(beginMs / SECOND_MS) * SECOND_MS;
  const bar = () => {
    const times = { openTime: isoTime(openMs), closeTime: isoTime(openMs + SECOND_MS) };
    return barOf({ ...market, interval: '1s', ...times, firstTradeId: 1, lastTradeId: 1 });
  };
  for (const [index, step] of steps.entries()) {
    if (step === 'sample') {
      now += 300;
      const levels = { bids: [['100', '1']] as [string, string][], asks: [['101', '1']] as [string, string][] };
      drafts.push(depthSampled({ ...market, eventTime: isoTime(now), updateId: index + 1, ...levels }, null));
    } else if (step === 'bar') {
      drafts.push(barClosed(bar()));
      openMs += SECOND_MS;
    } else if (step === 'correction') {
      drafts.push(barCorrected({ ...bar(), openTime: isoTime(openMs - SECOND_MS), closeTime: isoTime(openMs) }, index));
    } else {
      drafts.push(feedStale(market, 'gap', now, now), feedRecovered(market, 'gap', now + 1));
      now += 1;
    }
  }
  return [...drafts, feedStale(market, 'ended', now + 950, now)];
}

const newTape = (): EventStore => openMemoryEventStore({ time: tickingClock(), hasLock: false });

function record(events: EventStore, drafts: readonly EvidenceDraft[]): Promise<unknown> {
  return new EvidenceRecorder(events, systemTime).record(drafts, ORIGIN);
}

const marketOf = (drafts: readonly EvidenceDraft[]) => ({ ...(drafts[0] as EvidenceDraft).data, bars: '1s' as const });

const SMALL = smallSettings(1, 1, 2);
function settingsOf(drafts: readonly EvidenceDraft[]): FeedSettings {
  const { venue, symbol, bars } = marketOf(drafts);
  return { ...(SMALL.feeds[0] as FeedSettings), venue, symbol, bars };
}

/** Settings in force in which strategies of one account are on all of the feeds. */
function inOneAccount(run: readonly { readonly market: FeedSettings }[]): SettingsInForce {
  const settings = noSettings();
  for (const { market } of run) {
    const { venue, symbol } = market;
    settings.feeds.set(instrumentKey(venue, symbol), market);
    const strategy = { ...(SMALL.strategies[0] as StrategySettings), name: symbol, venue, symbol, settingsHash: 'x' };
    settings.strategies.set(symbol, strategy);
  }
  return settings;
}

async function* inBatches(drafts: readonly EvidenceDraft[], size = 7) {
  for (let from = 0; from < drafts.length; from += size) yield drafts.slice(from, from + size);
}

async function play(events: EventStore, ...feeds: readonly (readonly EvidenceDraft[])[]) {
  const recorder = new EvidenceRecorder(events, systemTime);
  const starts = feeds.map((drafts) => ({ market: marketOf(drafts), evidence: inBatches(drafts) }));
  return ingest(recorder.record.bind(recorder), await startFeeds(events, starts), ORIGIN);
}

const steps = fc.array(fc.constantFrom('sample', 'sample', 'sample', 'bar', 'bar', 'correction', 'gap'), { maxLength: 80 });

describe('a run that is begun again', () => {
  it('leaves the tape of one run, wherever it was cut off: nothing of it is older, and no feed is late', async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, fc.integer({ min: 0, max: 5_000 }), fc.nat(), async (one, other, later, cut) => {
        const feeds = [sessionOf('AAABBB', BEGIN_MS, one), sessionOf('CCCDDD', BEGIN_MS + later, other)] as const;
        const clean = newTape();
        await play(clean, ...feeds);
        const whole = await wholeTape(clean);
        const tape = newTape();
        const byId = new Map(feeds.flat().map((draft) => [evidenceId(draft.type, draft.key), draft]));
        const merged = whole.map(({ id }) => byId.get(id) as EvidenceDraft);
        await record(tape, merged.slice(0, cut % (whole.length + 1)));
        const run = feeds.map((drafts) => ({ market: settingsOf(drafts), source: feedOf(drafts) }));
        expect(await lateFeeds(tape, inOneAccount(run), run)).toEqual([null, null]);
        const sums = await play(tape, ...feeds);
        expect(sums.map(({ older, differing }) => older + differing)).toEqual([0, 0]);
        expect(factsOf(await wholeTape(tape))).toEqual(factsOf(whole));
      }),
      { numRuns: 100 },
    );
  });

  it('goes on with a session of which there is more now, though its end is on the tape', async () => {
    await fc.assert(
      fc.asyncProperty(steps, steps, async (first, more) => {
        const [begun, whole] = [sessionOf('AAABBB', BEGIN_MS, first), sessionOf('AAABBB', BEGIN_MS, [...first, ...more])];
        const tape = newTape();
        await play(tape, begun);
        const [sums] = await play(tape, whole);
        expect(sums).toMatchObject({ older: 0, differing: 0 });
      }),
    );
  });
});

describe('a recording that is older than what the tape holds of its feed', () => {
  const session = (from: number, count: number) =>
    sessionOf(
      'AAABBB',
      BEGIN_MS + from * SECOND_MS,
      Array<string[]>(count).fill(['sample', 'sample', 'bar', 'sample', 'bar']).flat(),
    );

  it('is refused before anything is recorded, with the time up to which the tape holds the feed', async () => {
    const tape = newTape();
    await play(tape, session(3_600, 3));
    const head = await tape.head();
    // Nine samples, 300 ms apart.
    await expect(play(tape, session(0, 3))).rejects.toThrow(
      'the recording of testvenue AAABBB begins at 2024-08-08T23:59:50.000Z, but the tape holds this feed up to 2024-08-09T00:59:56.000Z, and nothing of',
    );
    await expect(play(tape, session(0, 3))).rejects.toThrow(/TAPEDECK_DATA/);
    expect(await tape.head()).toBe(head);
  });

  it('is refused with the whole run, and what was begun of the others is ended', async () => {
    const tape = newTape();
    await play(tape, session(3_600, 3));
    const head = await tape.head();
    const ended: string[] = [];
    async function* watched(name: string, drafts: readonly EvidenceDraft[]) {
      try {
        yield* inBatches(drafts);
      } finally {
        ended.push(name);
      }
    }
    const [other, older] = [sessionOf('CCCDDD', BEGIN_MS, ['sample']), session(0, 3)];
    const starts = [
      { market: marketOf(other), evidence: watched('other', other) },
      { market: marketOf(older), evidence: watched('older', older) },
    ];
    await expect(startFeeds(tape, starts)).rejects.toThrow('begins at');
    expect(ended.toSorted()).toEqual(['older', 'other']);
    expect(await tape.head()).toBe(head);
  });

  it('is taken in where one of its first 500 pieces is there: the rest that is older is dropped and counted', async () => {
    const whole = session(0, 120);
    const tape = newTape();
    const late = whole.slice(450);
    await record(tape, [feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'gap', BEGIN_MS), ...late.slice(0, 50)]);
    const held = (await heldUpTo(tape, marketOf(whole))) as number;
    expect(held).toBe(Math.max(...late.slice(0, 50).map(({ occurredAt }) => Date.parse(occurredAt))));
    const [sums] = await play(tape, whole);
    expect(sums).toMatchObject({ older: 450, already: 50, recorded: whole.length - 500 });
    expect(sums?.firstOlder).toMatch(/^FeedRecovered /);
    // One piece further on and it is of another time.
    const other = newTape();
    await record(other, [feedRecovered({ venue: 'testvenue', symbol: 'AAABBB' }, 'gap', BEGIN_MS), ...whole.slice(500, 550)]);
    await expect(play(other, whole)).rejects.toThrow('begins at');
  });

  it('is told from the feed alone, whatever else is on the tape', async () => {
    const tape = newTape();
    await play(tape, session(0, 3));
    await play(tape, sessionOf('CCCDDD', BEGIN_MS + 9_999 * SECOND_MS, Array<string>(600).fill('sample')));
    expect(await heldUpTo(tape, { venue: 'testvenue', symbol: 'EEEFFF', bars: '1s' })).toBeNull();
    const [sums] = await play(tape, session(1_000, 3));
    expect(sums).toMatchObject({ older: 0, already: 0 });
  });
});

describe('What is history', () => {
  const market = { venue: 'testvenue', symbol: 'AAABBB' };
  const noIds = { firstTradeId: null, lastTradeId: null };

  /** Of a feed whose first pieces are its beginning and that bar. */
  async function isHistory(bar: Partial<Bar>): Promise<boolean | undefined> {
    const drafts = [feedRecovered(market, 'ended', BEGIN_MS), barClosed(barOf({ ...market, ...bar }))];
    const evidence = feedOf(drafts).evidence({ tally: new Tally() });
    const [started] = await startFeeds(newTape(), [{ evidence, market: marketOf(drafts) }]);
    await started?.evidence.return?.();
    return started?.isHistory;
  }

  it('is candles, and no bars of trades, whether these have ids that count up or none', async () => {
    expect(await isHistory({ ...noIds, complete: true })).toBe(true);
    expect(await isHistory({ firstTradeId: 1, lastTradeId: 2, complete: true })).toBe(false);
    expect(await isHistory({ ...noIds, complete: false })).toBe(false);
  });
});
