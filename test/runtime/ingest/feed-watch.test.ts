import { describe, expect, it } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { type EvidenceDraft, feedRecovered, feedStale } from '../../../src/domain/feed/evidence.ts';
import { Tally } from '../../../src/domain/feed/tally.ts';
import { makeMetrics } from '../../../src/metric-families.ts';
import { NO_STEPS } from '../../../src/runtime/engine/in-step.ts';
import { FeedWatch } from '../../../src/runtime/ingest/feed-watch.ts';
import { figures } from '../../support/figures.ts';

const MARKET = { venue: 'binance', symbol: 'BTCUSDT' };
const NOTHING_NEW = { ...NO_STEPS, already: 1 };
const LABELS = 'venue="binance",symbol="BTCUSDT"';

function watched() {
  const [metrics, tally] = [makeMetrics(), new Tally()];
  return { metrics, tally, watch: new FeedWatch(metrics, MARKET, tally, systemTime) };
}

describe('the figures of a feed', () => {
  it('count what was refused, what was dropped and what was missing, each by its reason, once', async () => {
    const { metrics, tally, watch } = watched();
    watch.noteFrames(100);
    watch.noteFrames(20);
    tally.note('bad-frame', 'x');
    tally.note('duplicate-trade', 'x');
    tally.note('depth-gap', 'x');
    await figures(metrics);
    tally.note('bad-frame', 'x');
    const seen = await figures(metrics);
    expect(seen.get(`tapedeck_feed_frames_total{${LABELS}}`)).toBe(120);
    expect(seen.get(`tapedeck_feed_refused_total{${LABELS},reason="bad-frame"}`)).toBe(2);
    expect(seen.get(`tapedeck_feed_refused_total{${LABELS},reason="wrong-symbol"}`)).toBe(0);
    expect(seen.get(`tapedeck_feed_dropped_total{${LABELS},reason="duplicate-trade"}`)).toBe(1);
    expect(seen.get(`tapedeck_feed_gaps_total{${LABELS},kind="depth"}`)).toBe(1);
    expect(seen.get(`tapedeck_feed_gaps_total{${LABELS},kind="trade"}`)).toBe(0);
  });

  it('say what became of the frames, by kind, once', async () => {
    const { metrics, tally, watch } = watched();
    tally.noteFrame('depthUpdate', 'used');
    tally.noteFrame('aggTrade', 'unused');
    await figures(metrics);
    tally.noteFrame('depthUpdate', 'used');
    tally.note('duplicate-depth', 'x');
    tally.note('wrong-symbol', 'x', 'trade');
    tally.note('not-a-frame', 'x');
    watch.end();
    const seen = await figures(metrics);
    const fates = [...seen].filter(([name]) => name.startsWith('tapedeck_feed_fates_total'));
    expect(Object.fromEntries(fates)).toEqual({
      [`tapedeck_feed_fates_total{${LABELS},kind="depthUpdate",fate="used"}`]: 2,
      [`tapedeck_feed_fates_total{${LABELS},kind="depthUpdate",fate="dropped"}`]: 1,
      [`tapedeck_feed_fates_total{${LABELS},kind="aggTrade",fate="unused"}`]: 1,
      [`tapedeck_feed_fates_total{${LABELS},kind="trade",fate="refused"}`]: 1,
      [`tapedeck_feed_fates_total{${LABELS},kind="unreadable",fate="refused"}`]: 1,
    });
  });

  it('go on from one session of a feed to the next', async () => {
    const { metrics, tally, watch } = watched();
    tally.note('bad-frame', 'x');
    watch.end();
    const again = new Tally();
    const next = new FeedWatch(metrics, MARKET, again, systemTime);
    again.note('bad-frame', 'x');
    next.noteFrames(5);
    const seen = await figures(metrics);
    expect(seen.get(`tapedeck_feed_refused_total{${LABELS},reason="bad-frame"}`)).toBe(2);
    expect(seen.get(`tapedeck_feed_frames_total{${LABELS}}`)).toBe(5);
  });

  it('say in which one state it is, and count how often it recovered', async () => {
    const { metrics, watch } = watched();
    const states = async () =>
      [...(await figures(metrics))]
        .filter(([name, value]) => name.startsWith('tapedeck_feed_state') && value === 1)
        .map(([name]) => /state="([a-z]+)"/.exec(name)?.[1]);
    expect(await states()).toEqual(['syncing']);
    const saw = (drafts: readonly EvidenceDraft[]) =>
      watch.noteStep({ drafts, outcome: NOTHING_NEW, progress: { ...NOTHING_NEW, upTo: null } });
    saw([feedRecovered(MARKET, 'ended', 1_000)]);
    expect(await states()).toEqual(['trusted']);
    saw([feedStale(MARKET, 'gap', 2_000, 2_000)]);
    expect(await states()).toEqual(['gap']);
    saw([feedRecovered(MARKET, 'gap', 3_000), feedStale(MARKET, 'silent', 4_000, 4_000), feedRecovered(MARKET, 'silent', 5_000)]);
    expect(await states()).toEqual(['trusted']);
    expect((await figures(metrics)).get(`tapedeck_feed_resyncs_total{${LABELS}}`)).toBe(2);
    watch.end();
    expect(await states()).toEqual(['ended']);
  });

  it('say for how long nothing came while it is read, and nothing of that once it has ended', async () => {
    const { metrics, watch } = watched();
    const name = `tapedeck_feed_staleness_seconds{${LABELS}}`;
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await figures(metrics)).get(name)).toBeGreaterThan(0.02);
    // What came waits for its time; then more is asked for.
    watch.noteAnswered();
    expect((await figures(metrics)).get(name)).toBe(0);
    watch.noteAsked();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await figures(metrics)).get(name)).toBeGreaterThan(0.02);
    watch.end();
    expect((await figures(metrics)).has(name)).toBe(false);
  });

  it('take a frame that was dropped for no sign of life', async () => {
    const { metrics, tally, watch } = watched();
    const staleness = async () => (await figures(metrics)).get(`tapedeck_feed_staleness_seconds{${LABELS}}`);
    await new Promise((resolve) => setTimeout(resolve, 30));
    tally.note('duplicate-depth', 'x');
    tally.noteFrame('bookTicker', 'unused');
    watch.noteFrames(2);
    expect(await staleness()).toBeGreaterThan(0.02);
    tally.noteFrame('depthUpdate', 'used');
    watch.noteFrames(1);
    expect(await staleness()).toBeLessThan(0.02);
  });

  it('have the time of a frame by what was done with it', async () => {
    const { metrics, watch } = watched();
    watch.noteTime('parse', 0.004);
    watch.noteTime('book', 0.03);
    const seen = await figures(metrics);
    expect(seen.get('tapedeck_parse_seconds_bucket{le="0.000005",venue="binance"}')).toBe(1);
    expect(seen.get('tapedeck_book_seconds_sum{venue="binance"}')).toBeCloseTo(0.00003, 9);
  });

  it('count evidence that says something else than the tape, or that the tape is past', async () => {
    const { metrics, watch } = watched();
    const outcome = { ...NO_STEPS, differing: 2, older: 5 };
    for (let i = 0; i < 3; i++) watch.noteStep({ drafts: [], outcome, progress: { ...outcome, upTo: null } });
    const seen = await figures(metrics);
    expect(seen.get(`tapedeck_feed_differing_total{${LABELS}}`)).toBe(6);
    expect(seen.get(`tapedeck_feed_older_total{${LABELS}}`)).toBe(15);
  });
});
