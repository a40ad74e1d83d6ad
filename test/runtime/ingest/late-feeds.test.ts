import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { barClosed, type EvidenceDraft, feedRecovered, feedStale } from '../../../src/domain/feed/evidence.ts';
import { noSettings } from '../../../src/domain/settings/in-force.ts';
import type { FeedSettings, StrategySettings } from '../../../src/domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { isoTime, MINUTE_MS } from '../../../src/domain/time.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { runFeeds, warnings } from '../../../src/runtime/ingest/feed-run.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { barOf } from '../../support/fixtures.ts';
import { feedOf } from '../../support/ingest-role.ts';
import { smallSettings, tickingClock } from '../../support/small-market.ts';

const NOON_MS = Date.UTC(2024, 7, 8, 12);
const ORIGIN = { actor: 'ingest', codeVersion: 'old' };

/** Bars of a feed, the first of them `from` minutes after noon, and its end behind them. */
function session(symbol: string, from: number, count: number): EvidenceDraft[] {
  const market = { venue: 'testvenue', symbol };
  const at = (minute: number) => NOON_MS + minute * MINUTE_MS;
  const bars = Array.from({ length: count }, (_, index) => {
    const times = { openTime: isoTime(at(from + index)), closeTime: isoTime(at(from + index + 1)) };
    return barClosed(barOf({ ...market, ...times, close: '100' }));
  });
  return [feedRecovered(market, 'ended', at(from)), ...bars, feedStale(market, 'ended', at(from + count), at(from + count))];
}

/** What a build that takes feeds in one after the other leaves when it is cut off. */
const cut = (drafts: readonly EvidenceDraft[], count: number) => drafts.slice(0, count);

type Step = FeedSettings | readonly EvidenceDraft[];

const [{ feeds, strategies }] = [smallSettings(1, 1, 2)];
const feed = (symbol: string): FeedSettings => ({ ...(feeds[0] as FeedSettings), symbol });
const [A, B, C] = [feed('AAABBB'), feed('CCCBBB'), feed('EEEBBB')] as const;

/** A tape on which these feeds came in force, and these pieces were recorded, in this order; all are of one account. */
async function given(...steps: readonly Step[]) {
  const tape = openMemoryEventStore({ time: tickingClock(), hasLock: false });
  const recorder = new EvidenceRecorder(tape, systemTime);
  const settings = noSettings();
  let configured = 0;
  for (const step of steps) {
    if (!('symbol' in step)) {
      await recorder.record(step, ORIGIN);
      continue;
    }
    const event = makeEvidence('FeedConfigured', SETTINGS_STREAM, step.symbol, step, { ...ORIGIN, occurredAt: isoTime(NOON_MS) });
    await tape.append(SETTINGS_STREAM, configured === 0 ? 'no-stream' : configured - 1, [event]);
    configured++;
    settings.feeds.set(`testvenue.${step.symbol}`, step);
    const strategy = { ...(strategies[0] as StrategySettings), name: step.symbol, symbol: step.symbol, settingsHash: 'x' };
    settings.strategies.set(step.symbol, strategy);
  }
  const head = await tape.head();
  /** The lines that a run of these pieces says, feed by feed. */
  const run = async (...played: readonly (readonly [FeedSettings, readonly EvidenceDraft[]])[]) => {
    const run = played.map(([market, drafts]) => ({ market, source: feedOf(drafts) }));
    const outcomes = await runFeeds(recorder.record.bind(recorder), tape, run, { settings, codeVersion: 'test' });
    return outcomes.flatMap(warnings);
  };
  return { run, hasRecorded: async () => (await tape.head()) !== head };
}

const ADVICE =
  ', and would take it for old: give its strategies another account, or take all recordings in with a fresh TAPEDECK_DATA';
const late = (verb: string, symbol: string, at: string, now: string) =>
  `testvenue ${symbol} ${verb} at 2024-08-08T${at}:00.000Z, but account paper, which uses it, is at 2024-08-08T${now}:00.000Z already`;
const GOES_ON = ': what lies before is recorded, and is old to that account';

describe('a run with a feed that an account is past', () => {
  it('is refused where nothing of the feed is on the tape, before anything is recorded', async () => {
    const { run, hasRecorded } = await given(A, session('AAABBB', 60, 10), B);
    // The other feed of the run has something to record.
    const both = [[A, session('AAABBB', 60, 12)] as const, [B, session('CCCBBB', 0, 100)] as const];
    await expect(run(...both)).rejects.toThrow(`${late('begins', 'CCCBBB', '12:00', '13:10')}${ADVICE}`);
    expect(await hasRecorded()).toBe(false);
  });

  it('is refused so after a run that was cut off before the feed came into force', async () => {
    const { run, hasRecorded } = await given(A, cut(session('AAABBB', 60, 10), 6), B);
    await expect(run([A, session('AAABBB', 60, 10)], [B, session('CCCBBB', 0, 5)])).rejects.toThrow(ADVICE);
    expect(await hasRecorded()).toBe(false);
  });

  it('is refused where a feed that had ended goes on long before, and not where it is a matter of its last bars', async () => {
    // One ended at 12:05, the other at 12:20.
    const steps = [A, B, session('AAABBB', 0, 20), session('CCCBBB', 0, 5)] as const;
    const { run, hasRecorded } = await given(...steps);
    await expect(run([A, session('AAABBB', 0, 20)], [B, session('CCCBBB', 0, 30)])).rejects.toThrow(
      `${late('goes on', 'CCCBBB', '12:06', '12:20')}${ADVICE}`,
    );
    expect(await hasRecorded()).toBe(false);
    // Of the next minute, and 2 minutes before the now: no older than two bars.
    const near = await given(A, B, session('AAABBB', 0, 20), session('CCCBBB', 0, 17));
    expect(await near.run([A, session('AAABBB', 0, 20)], [B, session('CCCBBB', 0, 30)])).toEqual([
      `${late('goes on', 'CCCBBB', '12:18', '12:20')}${GOES_ON}`,
    ]);
  });

  it.each<[string, readonly Step[], string[]]>([
    [
      'in its second feed',
      [A, B, C, session('AAABBB', 0, 20), cut(session('CCCBBB', 0, 20), 4)],
      [
        // The third one was not begun.
        `${late('goes on', 'CCCBBB', '12:04', '12:20')}${GOES_ON}`,
        `${late('begins', 'EEEBBB', '12:00', '12:20')}${GOES_ON}`,
      ],
    ],
    [
      'in its first feed',
      [A, B, C, cut(session('AAABBB', 0, 20), 11)],
      [`${late('begins', 'CCCBBB', '12:00', '12:10')}${GOES_ON}`, `${late('begins', 'EEEBBB', '12:00', '12:10')}${GOES_ON}`],
    ],
    [
      'behind the end of what the second feed had before',
      [
        A,
        B,
        C,
        session('CCCBBB', 0, 3),
        session('AAABBB', 0, 20),
        session('CCCBBB', 0, 20).slice(4, 8),
        session('EEEBBB', 0, 20),
      ],
      [`${late('goes on', 'CCCBBB', '12:08', '12:20')}${GOES_ON}`],
    ],
  ])('goes on, and says so, where a build that took feeds in one by one was cut off %s', async (_where, steps, said) => {
    const { run, hasRecorded } = await given(...steps);
    const all = [A, B, C].map((market) => [market, session(market.symbol, 0, 20)] as const);
    expect(await run(...all)).toEqual(said);
    expect(await hasRecorded()).toBe(true);
    // Then all is there, and nothing is to be said.
    expect(await run(...all)).toEqual([]);
  });
});
