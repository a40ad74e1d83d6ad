import { describe, expect, it } from 'vitest';
import type { DepthUpdate, MarketMessage, Trade } from '../../../src/domain/feed/messages.ts';
import { AGREEING_AHEAD, ReceiverClock } from '../../../src/domain/feed/receiver-clock.ts';
import { MIDNIGHT, snapshotOf, tradeOf, updateOf } from './market-fixtures.ts';
import { session } from './told-session.ts';

/** Judges frames, ten a second, of which each comes so many ms after its event. */
function judged(delays: readonly number[], clock = new ReceiverClock()): string[] {
  return delays.map((delay, i) => clock.judge(MIDNIGHT + i * 100 + delay, MIDNIGHT + i * 100));
}

const repeat = (count: number, delay: number): number[] => Array.from({ length: count }, () => delay);

describe('a receiver’s clock', () => {
  it('is not moved by frames that come late, one or many', () => {
    const burst = Array.from({ length: 28 }, (_, i) => 2_800 - i * 100);
    expect(new Set(judged([...repeat(20, 50), 2_500, ...repeat(20, 50), ...burst, ...repeat(100, 50)]))).toEqual(
      new Set(['in-step']),
    );
    // The first frame of all may be the late one: those after it are ahead, until they agree.
    expect(judged([2_900, ...repeat(40, 50)]).filter((verdict) => verdict === 'set')).toHaveLength(1);
  });

  it('is not moved by one frame that is nearly too far ahead', () => {
    const clock = new ReceiverClock();
    judged(repeat(800, 50), clock);
    expect(judged([-1_950, -1_951], clock)).toEqual(['in-step', 'ahead']);
    judged(repeat(20, 50), clock);
    expect(judged([-1_950, -1_951], clock)).toEqual(['in-step', 'ahead']);
  });

  it('follows a clock that drifts', () => {
    // A second in a hundred, for ten minutes: six seconds in all.
    const drifting = Array.from({ length: 6_000 }, (_, i) => 50 - i);
    expect(new Set(judged(drifting))).toEqual(new Set(['in-step']));
    const clock = new ReceiverClock();
    judged(
      drifting.map((delay) => -delay),
      clock,
    );
    // What was in step in the beginning is now far ahead.
    expect(clock.judge(MIDNIGHT + 600_000, MIDNIGHT + 600_000 - 50)).toBe('ahead');
  });

  it('is judged by the latest minute: what came before is forgotten', () => {
    const clock = new ReceiverClock();
    judged([...repeat(1_000, 50), ...repeat(100, 1_500)], clock);
    expect(judged([-1_949], clock)).toEqual(['in-step']);
    judged(repeat(900, 1_500), clock);
    expect(judged([-500, -501], clock)).toEqual(['in-step', 'ahead']);
  });

  it('is another where many frames in a row are ahead and agree', () => {
    const verdicts = judged([...repeat(20, 50), ...repeat(AGREEING_AHEAD, -5_000), ...repeat(20, -5_000)]);
    expect(verdicts.slice(20, 20 + AGREEING_AHEAD)).toEqual([...repeat(AGREEING_AHEAD - 1, 0).map(() => 'ahead'), 'set']);
    expect(new Set(verdicts.slice(20 + AGREEING_AHEAD))).toEqual(new Set(['in-step']));
  });

  it('is another also when one of those frames tells something absurd, or an absurd one came before them', () => {
    const agreeing = repeat(AGREEING_AHEAD - 10, -5_000);
    expect(judged([...repeat(20, 50), ...repeat(10, -5_000), -40_000, ...agreeing]).at(-1)).toBe('set');
    expect(judged([...repeat(20, 50), -40_000, ...repeat(10, -5_000), ...agreeing]).at(-1)).toBe('set');
  });

  it('is another where two receivers take turns', () => {
    const turns = repeat(2 * AGREEING_AHEAD + 100, 0).map((_, i) => (i % 2 === 0 ? 50 : -5_000));
    const verdicts = judged(turns);
    expect(verdicts.filter((verdict) => verdict === 'set')).toHaveLength(1);
    expect(new Set(verdicts.slice(2 * AGREEING_AHEAD))).toEqual(new Set(['in-step']));
  });

  it('is not another for frames ahead that do not agree, or come now and then, or are beyond what a clock can be', () => {
    const spread = Array.from({ length: 60 }, (_, i) => -3_000 - (i % 12) * 1_500);
    expect(judged([...repeat(20, 50), ...spread])).not.toContain('set');
    const rare = Array.from({ length: 60 * 40 }, (_, i) => (i % 40 === 39 ? -5_000 : 50));
    expect(judged(rare)).not.toContain('set');
    expect(judged([...repeat(20, 50), ...repeat(100, -70_000)]).slice(20)).toEqual(repeat(100, 0).map(() => 'impossible'));
  });

  it('is another after a minute in which all frames are late by the same, so that it is judged by what it is now', () => {
    const clock = new ReceiverClock();
    judged([...repeat(20, 50), ...repeat(300, 10_000)], clock);
    expect(judged([7_900], clock)).toEqual(['in-step']);
    judged(repeat(700, 10_000), clock);
    expect(judged([7_999], clock)).toEqual(['ahead']);
  });
});

/** The `i`th of a second's ten updates and one trade, as they come to a receiver whose clock is so far off. */
function frames(from: number, to: number, offset: (second: number) => number): MarketMessage[] {
  const messages: MarketMessage[] = [];
  for (let i = from; i < to; i++) {
    const eventTime = MIDNIGHT + i * 100;
    const receivedAt = eventTime + 50 + offset(i / 10);
    const update: DepthUpdate = updateOf(11 + i, 11 + i, { eventTime, receivedAt, bids: { 100: `${1 + i}` } });
    messages.push(update);
    if (i % 10 === 5) messages.push({ ...tradeOf(1 + (i - 5) / 10, i * 100), receivedAt } satisfies Trade);
  }
  return messages;
}

describe('a session of receivers whose clocks differ', () => {
  const start = snapshotOf(10, { 100: '1' }, { 200: '2' });
  const bars = (told: readonly string[]) => told.filter((text) => text.startsWith('Bar'));
  const samples = (told: readonly string[]) => told.filter((text) => text.startsWith('sample'));

  it.each<[string, (second: number) => number]>([
    ['is one clock', () => 0],
    ['is a second receiver’s, behind', (second) => (second < 10 ? 0 : -5_000)],
    ['is a second receiver’s, ahead', (second) => (second < 10 ? 0 : 5_000)],
    ['is set forward by an hour, and back', (second) => (second < 10 || second >= 20 ? 0 : 3_600_000)],
    ['is set back by half a minute, and forward', (second) => (second < 10 || second >= 20 ? 0 : -30_000)],
    ['is late in the first second', (second) => (second < 0.5 ? 3_000 : 0)],
  ])('gives the same bars and samples, and loses nothing, where it %s', (_what, offset) => {
    const { take, drop, tally } = session();
    const told = take(start, ...frames(0, 300, offset));
    drop();
    expect(bars(told)).toHaveLength(29);
    expect(samples(told)).toHaveLength(30);
    expect(bars(told).at(-1)).toBe('BarClosed 00:28.000 1 2');
    expect(tally.count('ahead-of-clock')).toBe(0);
    expect(Object.fromEntries(tally.frames)).toMatchObject({ depthUpdate: { used: 300 }, trade: { used: 30 } });
  });

  it('refuses a frame that is ahead alone, where it stood, and everything else is used', () => {
    const { take, drop, tally } = session();
    const [before, after] = [frames(0, 100, () => 0), frames(100, 200, () => 0)];
    const absurd = { ...tradeOf(11, 40_000), receivedAt: MIDNIGHT + 10_000 };
    tally.at('tape', 7);
    take(start, ...before, absurd);
    tally.at('tape', 8);
    const told = take(...after);
    expect(tally.entries.get('ahead-of-clock')).toMatchObject({ count: 1, first: expect.stringContaining('tape:7: ') });
    drop();
    expect(bars(told).at(-1)).toBe('BarClosed 00:18.000 1 2');
    expect(Object.fromEntries(tally.frames)).toMatchObject({
      depthUpdate: { used: 200, refused: 0 },
      trade: { used: 20, refused: 1 },
    });
  });
});

describe('silence where two receivers take turns', () => {
  const start = snapshotOf(10, { 100: '1' }, { 200: '2' });
  const trust = (told: readonly string[]) => told.filter((text) => /^(stale|recovered)/.test(text));

  /** Ten updates a second, each with a trade and a quote, of which a receiver takes some in a row, then the other some. */
  function turns(
    from: number,
    to: number,
    behindMs: number,
    inARow: number,
    kinds = ['depth', 'trade', 'other'],
  ): MarketMessage[] {
    const messages: MarketMessage[] = [];
    for (let i = from; i < to; i++) {
      const time = MIDNIGHT + i * 100;
      for (const [place, kind] of kinds.entries()) {
        // Up to 60 ms late, by no rule that the turns follow.
        const lateMs = (i * 37 + place * 23) % 61;
        const clockMs = Math.floor((i * kinds.length + place) / inARow) % 2 === 0 ? 0 : -behindMs;
        const receivedAt = time + lateMs + clockMs;
        if (kind === 'depth') messages.push(updateOf(11 + i, 11 + i, { eventTime: time, receivedAt, bids: { 100: `${1 + i}` } }));
        else if (kind === 'trade') messages.push({ ...tradeOf(1 + i, i * 100), receivedAt });
        else messages.push({ kind: 'other', receivedAt, stream: 'bookTicker' });
      }
    }
    return messages;
  }

  it.each([
    [1_000, 1, ['depth']],
    [1_000, 1, ['depth', 'trade', 'other']],
    [1_000, 2, ['other', 'depth', 'trade']],
    [1_500, 10, ['depth', 'trade']],
    [1_900, 30, ['depth', 'other']],
  ])('is none, of clocks %s ms apart and %s frames in a row of %j', (behindMs, inARow, kinds) => {
    const { take } = session();
    expect(trust(take(start, ...turns(0, 600, behindMs, inARow, kinds)))).toEqual(['recovered from ended at 00:00.000']);
  });

  it.each([
    [3_000, 1],
    [3_000, 10],
    [30_000, 10],
  ])('is none, of clocks %s ms apart and %s frames in a row, as soon as the other clock is known', (behindMs, inARow) => {
    const { take } = session();
    take(start, ...turns(0, 150, behindMs, inARow));
    expect(trust(take(...turns(150, 600, behindMs, inARow)))).toEqual([]);
  });

  it.each([0, 1_000])('is found in its time all the same, of clocks %s ms apart', (behindMs) => {
    const { take } = session();
    take(start, ...turns(0, 200, behindMs, 1));
    // The last update is of 19.900; of what comes until 20.350 each comes less than 500 ms later.
    expect(trust(take(...turns(200, 204, behindMs, 1, ['trade', 'other'])))).toEqual([]);
    expect(trust(take(...turns(204, 206, behindMs, 1, ['trade', 'other'])))).toEqual([
      'stale silent at 00:20.400, last good 00:19.900',
    ]);
    expect(trust(take(...turns(200, 207, behindMs, 1, ['depth'])).slice(-1))).toEqual([]);
  });

  it('is found in its time where another receiver has taken over for good, and where one is late', () => {
    const { take } = session();
    take(start, ...frames(0, 200, (second) => (second < 10 ? 0 : -1_000)));
    const other = (offsetMs: number): MarketMessage => ({ kind: 'other', receivedAt: MIDNIGHT + offsetMs, stream: 'bookTicker' });
    // The last update came at 18.950 by the clock behind.
    expect(take(other(19_100), other(19_300), other(19_450))).toEqual([]);
    expect(take(other(19_451))).toEqual(['stale silent at 00:20.400, last good 00:19.900']);
    const { take: go } = session();
    go(start, ...frames(0, 100, () => 0));
    const late = frames(100, 101, () => 900);
    expect(trust(go(...late))[0]).toBe('stale silent at 00:10.400, last good 00:09.900');
  });

  it('ends no earlier than it began, where the update that ends it is late', () => {
    const { take } = session();
    take(start, ...frames(0, 100, () => 0));
    expect(trust(take(...frames(100, 101, () => 900)))).toEqual([
      'stale silent at 00:10.400, last good 00:09.900',
      'recovered from silent at 00:10.400',
    ]);
  });
});
