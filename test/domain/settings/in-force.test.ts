import { describe, expect, it } from 'vitest';
import type { EventData, EventName, TapeEvent } from '../../../src/domain/catalogue.ts';
import { evolveSettings, instrumentKey, noSettings } from '../../../src/domain/settings/in-force.ts';
import { SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { settingsEvents, syntheticSettings, syntheticTape } from '../../laws/synthetic-tape.ts';

const HASH = 'a'.repeat(64);

function event<N extends EventName>(type: N, data: EventData[N]): TapeEvent {
  return makeEvidence(type, SETTINGS_STREAM, 'key', data, {
    occurredAt: '2024-01-01T00:00:00.000Z',
    actor: 'test',
    codeVersion: 'test',
  });
}

const applied = (generation: number, changes: number) => event('SettingsApplied', { generation, changes, hash: HASH });

function inForce(events: readonly TapeEvent[]) {
  const settings = noSettings();
  for (const one of events) evolveSettings(settings, one);
  return settings;
}

describe('settings', () => {
  const proposed = syntheticSettings();
  const set = settingsEvents(proposed);

  it('are none at first', () => expect(noSettings()).toMatchObject({ generation: 0, hash: null, pending: [] }));

  it('take effect whole, at the event that closes their set, and not before', () => {
    const settings = noSettings();
    for (const one of set.slice(0, -1)) expect(evolveSettings(settings, one)).toBe(false);
    expect(settings.instruments.size + settings.accounts.size + settings.strategies.size).toBe(0);
    expect(evolveSettings(settings, set.at(-1) as TapeEvent)).toBe(true);
    expect(settings.generation).toBe(proposed.generation);
    expect(settings.pending).toEqual([]);
    expect([...settings.instruments.values()]).toEqual(proposed.instruments);
    expect([...settings.feeds.values()]).toEqual(proposed.feeds);
    expect([...settings.accounts.values()]).toEqual(proposed.accounts.map(({ limits: _, ...terms }) => terms));
    expect([...settings.limits.values()]).toEqual(proposed.accounts.map((account) => account.limits));
    expect([...settings.strategies.values()].map(({ settingsHash: _, ...strategy }) => strategy)).toEqual(proposed.strategies);
  });

  it('can be copied in the middle of a set', () => {
    const settings = inForce(set.slice(0, 3));
    const copy = structuredClone(settings);
    for (const one of set.slice(3)) {
      evolveSettings(settings, one);
      evolveSettings(copy, one);
    }
    expect(copy).toEqual(settings);
  });

  it('change and end by later sets', () => {
    const [instrument] = proposed.instruments;
    const [account] = proposed.accounts;
    if (instrument === undefined || account === undefined) throw new Error('the shipped settings are empty');
    const { limits, ...terms } = account;
    const { venue, symbol } = instrument;
    const settings = inForce([
      ...set,
      event('InstrumentUpdated', { ...instrument, tickSize: '0.05' }),
      event('FeedRetired', { venue, symbol }),
      event('AccountUpdated', { ...terms, slippage: '0.001' }),
      event('RiskLimitsSet', { account: account.id, limits: { ...limits, leverage: '2' } }),
      event('StrategyRetired', { name: 'golden-cross' }),
      applied(2, 5),
    ]);
    const key = instrumentKey(venue, symbol);
    expect(settings.generation).toBe(2);
    expect(settings.instruments.get(key)?.tickSize).toBe('0.05');
    expect(settings.feeds.has(key)).toBe(false);
    expect(settings.accounts.get(account.id)?.slippage).toBe('0.001');
    expect(settings.limits.get(account.id)?.leverage).toBe('2');
    expect([...settings.strategies.keys()]).toEqual(['quick-cross']);
  });

  it('of a set that was cut off have no effect on the next', () => {
    const cutOff = event('StrategyRetired', { name: 'golden-cross' });
    const settings = inForce([...set, cutOff, event('FeedRetired', { venue: 'binance', symbol: 'BTCUSDT' }), applied(2, 1)]);
    expect(settings.strategies.has('golden-cross')).toBe(true);
    expect(settings.feeds.has('binance.BTCUSDT')).toBe(false);
  });

  it('of a set that is read from its middle are refused, not half applied', () => {
    expect(() => inForce([...set.slice(2, -1), set.at(-1) as TapeEvent])).toThrow(
      `SettingsApplied closes ${set.length - 1} changes, but only ${set.length - 3} precede it`,
    );
  });

  it('may be confirmed by a set without changes', () => {
    const settings = inForce([...set, event('StrategyRetired', { name: 'golden-cross' }), applied(2, 0)]);
    expect([settings.generation, settings.strategies.has('golden-cross')]).toEqual([2, true]);
  });

  it('do not care for other events', () => {
    const settings = inForce(set);
    const before = structuredClone(settings);
    for (const one of syntheticTape().slice(set.length)) expect(evolveSettings(settings, one)).toBe(false);
    expect(settings).toEqual(before);
  });
});
