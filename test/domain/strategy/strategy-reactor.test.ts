import { beforeEach, describe, expect, it } from 'vitest';
import type { EventData, TapeEvent } from '../../../src/domain/catalogue.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import type { Settings, StrategySettings } from '../../../src/domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { isoTime } from '../../../src/domain/time.ts';
import { UserError } from '../../../src/domain/user-error.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { settingsEvents } from '../../laws/synthetic-tape.ts';
import { minuteBars, smallEngine, smallSettings, zigzag } from '../../support/small-market.ts';

const ORIGIN = { occurredAt: isoTime(0), actor: 'test', codeVersion: 'test' };
/** FairTurns at uneven distances, and no two averages that are equal. */
const CLOSES = [10, 12, 15, 11, 7, 4, 9, 16, 20, 14, 8, 5, 3, 6, 13, 21, 26, 18, 9, 2];

let engine: Engine;
beforeEach(() => {
  engine = smallEngine('test');
});

/** The small market with the strategy `turns`, and with others that differ from it. */
function settingsWith(generation: number, ...others: Partial<StrategySettings>[]): Settings {
  const settings = smallSettings(generation, 1, 2);
  const [turns] = settings.strategies as [StrategySettings];
  return { ...settings, strategies: [turns, ...others.map((other) => ({ ...turns, ...other }))] };
}

function apply(settings: Settings): void {
  for (const event of settingsEvents(settings)) engine.decide(event);
}

/** Hands on the bars of those minutes; returns what was decided. */
function bars(closes: readonly number[], minutes: readonly number[] = closes.map((_, index) => index)): TapeEvent[] {
  const all = minuteBars(closes);
  return minutes.flatMap((minute) => {
    const { type, stream, key, data, occurredAt } = all[minute] as (typeof all)[number];
    return engine.decide(makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }));
  });
}

function openTimeOf(minute: number): string {
  const draft = minuteBars(Array.from({ length: minute + 1 }, () => 1))[minute];
  return (draft as { data: EventData['BarClosed'] }).data.openTime;
}

type Signal = EventData['SignalGenerated'];

function signalsOf(decisions: readonly TapeEvent[], strategy = 'turns'): Signal[] {
  return decisions.flatMap((event) => (event.type === 'SignalGenerated' && event.data.strategy === strategy ? [event.data] : []));
}

const facts = ({ side, barOpenTime, reason }: Signal) => ({ side, barOpenTime, reason });

describe('a strategy in force', () => {
  it('signals at the bar that turns it, and names it', () => {
    apply(settingsWith(1));
    const signals = signalsOf(bars([10, 12, 11, 13]));
    expect(signals.map(({ side, barOpenTime }) => [side, barOpenTime])).toEqual([
      ['sell', openTimeOf(2)],
      ['buy', openTimeOf(3)],
    ]);
  });

  it('ignores a bar that it has had, and one that is older', () => {
    apply(settingsWith(1));
    bars([10, 12, 11]);
    expect(signalsOf(bars([50, 1, 50], [2, 1, 0]))).toEqual([]);
    expect(signalsOf(bars([10, 12, 11, 13], [3])).map(({ side }) => side)).toEqual(['buy']);
  });

  it('that shares its series with another signals beside it, each its own', () => {
    apply(settingsWith(1, { name: 'slower', params: { fast: 2, slow: 4 } }));
    const both = bars(CLOSES);
    expect(signalsOf(both, 'slower').length).toBeGreaterThan(1);
    expect(signalsOf(both, 'slower')).not.toEqual(signalsOf(both));
    engine = smallEngine('test');
    apply(settingsWith(1));
    expect(signalsOf(bars(CLOSES))).toEqual(signalsOf(both));
  });

  it('that is retired says nothing more', () => {
    apply(settingsWith(1));
    bars(CLOSES.slice(0, 10));
    const retired = makeEvidence('StrategyRetired', SETTINGS_STREAM, 'retired', { name: 'turns' }, ORIGIN);
    const closed = { generation: 2, changes: 1, hash: 'b'.repeat(64) };
    for (const event of [retired, makeEvidence('SettingsApplied', SETTINGS_STREAM, 'applied', closed, ORIGIN)])
      engine.decide(event);
    expect(signalsOf(bars(CLOSES, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19]))).toEqual([]);
  });

  it('goes on from a copy of its state as from its own', () => {
    apply(settingsWith(1));
    bars(CLOSES.slice(0, 9));
    const copy = engine.snapshot();
    const rest = CLOSES.map((_, minute) => minute).slice(9);
    const expected = signalsOf(bars(CLOSES, rest));
    expect(expected.length).toBeGreaterThan(2);
    engine = smallEngine('test');
    engine.restore(copy);
    expect(signalsOf(bars(CLOSES, rest))).toEqual(expected);
  });
});

describe('a strategy that another build put in force', () => {
  it.each<[string, Partial<StrategySettings>]>([
    ['of a kind', { kind: 'from-the-future' }],
    ['with parameters', { params: { fast: 1, slow: 2, patience: 3 } }],
  ])('%s that this one does not know, stops the engine and says what to do', (_what, other) => {
    expect(() => apply(settingsWith(1, { name: 'other', ...other }))).toThrow(UserError);
    engine = smallEngine('test');
    expect(() => apply(settingsWith(1, { name: 'other', ...other }))).toThrow(/"other".*run the build that put it in force/);
  });
});

describe('a strategy that is added later', () => {
  it('decides as if it had run all along, but on nothing of the past', () => {
    const late: Partial<StrategySettings> = { name: 'late', params: { fast: 2, slow: 5 } };
    apply(settingsWith(1, late));
    const allAlong = signalsOf(bars(CLOSES), 'late').map(facts);
    for (let joins = 6; joins < CLOSES.length; joins++) {
      engine = smallEngine('test');
      apply(settingsWith(1));
      const before = bars(CLOSES.slice(0, joins));
      apply(settingsWith(2, late));
      const after = bars(CLOSES, CLOSES.map((_, minute) => minute).slice(joins));
      expect(signalsOf(before, 'late')).toEqual([]);
      const later = allAlong.filter(({ barOpenTime }) => barOpenTime >= openTimeOf(joins));
      expect(signalsOf(after, 'late').map(facts)).toEqual(later);
    }
  });
});

describe('one bar that closes several longer ones', () => {
  it('of several intervals is decided on for each', () => {
    const settings = settingsWith(1, { name: 'threes', interval: '3m' }, { name: 'fives', interval: '5m' });
    const [feed] = settings.feeds;
    apply({ ...settings, feeds: [{ ...(feed as Settings['feeds'][number]), rollups: ['3m', '5m'] }] });
    const decided = bars(zigzag(60));
    expect(signalsOf(decided, 'threes').length).toBeGreaterThan(2);
    expect(signalsOf(decided, 'fives').length).toBeGreaterThan(2);
  });

  it('of one interval, because a part between was missing, gives each its own signal', () => {
    const threes: Partial<StrategySettings> = { name: 'threes', interval: '3m' };
    apply(settingsWith(1, threes));
    // Three minutes at 10 and at 20; then 5, whose last part is missing; then 30, of its last part alone.
    const closes = [7, 10, 10, 10, 20, 20, 20, 5, 5, 0, 0, 0, 30];
    bars(closes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    const decided = bars(closes, [12]);
    const longer = decided.flatMap((event) => (event.type === 'BarClosed' ? [event.data] : []));
    expect(longer.map(({ close }) => close)).toEqual(['5', '30']);
    expect(signalsOf(decided, 'threes').map(({ side, barOpenTime }) => [side, barOpenTime])).toEqual([
      ['sell', longer[0]?.openTime],
      ['buy', longer[1]?.openTime],
    ]);
  });
});
