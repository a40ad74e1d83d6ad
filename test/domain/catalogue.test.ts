import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { EVENT_TYPES, findEventType, UnreadableEventError, upcast } from '../../src/domain/catalogue.ts';
import { syntheticTape } from '../laws/synthetic-tape.ts';
import { barOf } from '../support/fixtures.ts';

describe('the catalogue', () => {
  it('has every event type once', () => {
    const names = EVENT_TYPES.map((known) => known.type);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(EVENT_TYPES.map((known) => [known.type, known] as const))(
    'finds %s by its name, with an upcast from every older version',
    (name, known) => {
      expect(findEventType(name)).toBe(known);
      expect(Number.isInteger(known.version) && known.version >= 1).toBe(true);
      const older = Array.from({ length: known.version - 1 }, (_, index) => `${index + 1}`);
      expect(Object.keys(known.upcasts)).toEqual(older);
    },
  );

  it.each(EVENT_TYPES.map((known) => [known.type, known.schema as z.ZodType] as const))(
    'refuses fields that %s does not have',
    (_name, schema) => {
      const issues = schema.safeParse({ surprise: 1 }).error?.issues ?? [];
      expect(issues.some((issue) => issue.code === 'unrecognized_keys')).toBe(true);
    },
  );

  it('knows no other name, and none of the names that every object has', () => {
    expect(['', 'barclosed', 'constructor', '__proto__', 'toString'].map(findEventType)).toEqual(Array(5).fill(undefined));
  });

  it('reads data that were recorded as they were given', () => {
    for (const event of syntheticTape()) {
      expect(findEventType(event.type)?.schema.parse(JSON.parse(JSON.stringify(event.data)))).toEqual(event.data);
    }
  });
});

describe('an older event', () => {
  const first = { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap' };

  it('is brought to the shape of today: FeedStale did not say when the last good message was', () => {
    const today = upcast('FeedStale', 1, first);
    expect(today).toEqual({ ...first, lastEventTime: null });
    expect(findEventType('FeedStale')?.schema.safeParse(today).success).toBe(true);
  });

  it.each(['TradingHaltRequested', 'OrderApproved'])('is brought to the shape of today: %s knew no last price', (type) => {
    expect(upcast(type, 1, { reason: 'x' })).toEqual({ reason: 'x', atLastPrice: false });
  });

  it('is brought to the shape of today: AccountMarked did not say what it was opened with, then not when', () => {
    expect(upcast('AccountMarked', 1, { equity: '1' })).toEqual({ equity: '1', openingEquity: null, at: null });
    expect(upcast('AccountMarked', 2, { equity: '1', openingEquity: '2' })).toEqual({
      equity: '1',
      openingEquity: '2',
      at: null,
    });
  });

  it('is brought to the shape of today: OrderDenied did not say when in the time of its market', () => {
    expect(upcast('OrderDenied', 1, { reason: 'halt' })).toEqual({ reason: 'halt', at: null });
  });

  it.each(['AccountOpened', 'AccountUpdated'])('says no bounds of fills where it did not: %s', (type) => {
    expect(upcast(type, 1, { slippage: '0' })).toEqual({ slippage: '0' });
  });

  it.each(['BarClosed', 'BarCorrected'])('is brought to the shape of today: %s did not say how many contracts', (type) => {
    const { contracts: _, ...recorded } = barOf({ close: '2', volume: '7' });
    const today = upcast(type, 1, recorded);
    expect(today).toEqual({ ...recorded, contracts: null });
    expect(findEventType(type)?.schema.safeParse(today).success).toBe(true);
  });

  it('is brought to the shape of today: FeedConfigured did not say whether the last candle is whole', () => {
    const recorded = { venue: 'binance', symbol: 'BTCUSDT', source: 'recording', recordings: [], bars: '1m', rollups: [] };
    const today = upcast('FeedConfigured', 1, { ...recorded, staleAfter: '500ms' });
    expect(today).toEqual({ ...recorded, staleAfter: '500ms' });
    expect(findEventType('FeedConfigured')?.schema.safeParse(today).success).toBe(true);
  });

  it('is not changed itself', () => {
    const recorded = Object.freeze({ ...first });
    upcast('FeedStale', 1, recorded);
    expect(recorded).toEqual(first);
  });

  it('of the version of today is handed back as it is', () => {
    const data = { ...first, lastEventTime: '2024-08-08T23:54:15.208Z' };
    expect(upcast('FeedStale', 2, data)).toBe(data);
  });
});

describe('an event that this build cannot read is refused', () => {
  it('by the name of its type', () => {
    expect(() => upcast('BarInvented', 1, {})).toThrow(UnreadableEventError);
    expect(() => upcast('BarInvented', 1, {})).toThrow(/unknown event type "BarInvented".*run the build that recorded it/);
  });

  it('when its version is newer, with both versions', () => {
    expect(() => upcast('FeedStale', 3, {})).toThrow(UnreadableEventError);
    expect(() => upcast('FeedStale', 3, {})).toThrow("FeedStale version 3 is newer than this build's 2: run a newer build");
  });

  it('when no step leads on from its version', () => {
    expect(() => upcast('FeedStale', 0, {})).toThrow('FeedStale version 0 has no upcast to version 1');
  });
});
