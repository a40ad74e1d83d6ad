import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreadableEventError } from '../../src/domain/catalogue.ts';
import { Engine } from '../../src/domain/engine/engine.ts';
import type { Reactor } from '../../src/domain/engine/reactor.ts';
import {
  comparePositions,
  InvalidEventError,
  isDecision,
  makeEvidence,
  positionAfter,
  readEvent,
  START,
  type StoredEvent,
} from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';

const TIME = '2024-08-08T23:54:15.208Z';
const origin = { occurredAt: TIME, actor: 'ingest', codeVersion: 'test' };
const market = { venue: 'binance', symbol: 'BTCUSDT' } as const;
const stale = { ...market, reason: 'gap', lastEventTime: TIME } as const;
const place = { revision: 4, position: '17', recordedAt: TIME };

describe('positions', () => {
  it('are ordered as the numbers that they are, not as texts', () => {
    const positions = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n });
    fc.assert(
      fc.property(positions, positions, (a, b) => {
        expect(Math.sign(comparePositions(a.toString(), b.toString()))).toBe(a < b ? -1 : a > b ? 1 : 0);
        // Nothing lies between a position and the one after it.
        expect(comparePositions(b.toString(), positionAfter(a.toString())) >= 0).toBe(b > a);
      }),
    );
  });

  it('come after the start', () => {
    expect(comparePositions(START, '1')).toBeLessThan(0);
    expect(comparePositions('9', '10')).toBeLessThan(0);
    expect(positionAfter('9')).toBe('10');
  });
});

describe('evidence', () => {
  it('has an id that follows from its type and key alone', () => {
    const made = makeEvidence('FeedStale', 'feed-a', 'key', stale, origin);
    const again = makeEvidence('FeedStale', 'feed-a', 'key', { ...stale, reason: 'silent' }, { ...origin, actor: 'other' });
    expect(made.id).toBe(makeId('FeedStale|key'));
    expect(again.id).toBe(made.id);
    expect(makeEvidence('FeedStale', 'feed-a', 'another key', stale, origin).id).not.toBe(made.id);
  });

  it('is its own root cause, and no decision', () => {
    const made = makeEvidence('FeedStale', 'feed-a', 'key', stale, { ...origin, traceparent: '00-ab-cd-01' });
    expect(made.metadata).toEqual({ ...origin, correlationId: made.id, causationId: made.id, traceparent: '00-ab-cd-01' });
    expect(made.schemaVersion).toBe(2);
    expect(isDecision(made)).toBe(false);
  });

  it('is made in the order of its schema, so that equal facts have equal texts', () => {
    const { lastEventTime, reason, symbol, venue } = stale;
    const made = makeEvidence('FeedStale', 'feed-a', 'key', { lastEventTime, reason, symbol, venue }, origin);
    expect(JSON.stringify(made.data)).toBe(JSON.stringify(stale));
    expect('traceparent' in made.metadata).toBe(false);
  });

  it('that does not fit is refused, with its key and every violation', () => {
    const wrong = { ...stale, venue: 'Binance', reason: 'tired', extra: 1 } as unknown as typeof stale;
    const make = () => makeEvidence('FeedStale', 'feed-a', 'line 7', wrong, origin);
    expect(make).toThrow(InvalidEventError);
    expect(make).toThrow(/FeedStale "line 7".*venue.*reason|FeedStale "line 7".*reason.*venue/);
    expect(make).toThrow(/extra/);
  });

  it('of an unknown type is refused', () => {
    expect(() => makeEvidence('Nonsense' as 'FeedStale', 'feed-a', 'key', stale, origin)).toThrow(
      'unknown event type "Nonsense"',
    );
  });
});

describe('a decision', () => {
  it('is told apart from evidence', () => {
    const evidence = makeEvidence('FeedStale', 'feed-a', 'key', stale, origin);
    const echo: Reactor = {
      name: 'echo',
      start: () => null,
      evolve: () => {},
      decide: (_state, event, { emit }) => {
        if (event.type === 'FeedStale') emit('FeedRecovered', 'feed-a', { ...market, reason: 'gap', eventTime: TIME });
      },
    };
    const [decision] = new Engine([echo], makeId, 'test').decide(evidence);
    expect(decision && isDecision(decision)).toBe(true);
  });
});

describe('a stored event', () => {
  const stored: StoredEvent = {
    ...{ id: makeId('x'), stream: 'feed-binance.BTCUSDT', type: 'FeedStale', schemaVersion: 2, data: { ...stale } },
    ...{ metadata: { ...origin, correlationId: makeId('x'), causationId: makeId('x') }, ...place },
  };

  it('of today is read as it is', () => expect(readEvent(stored)).toBe(stored));

  it('of an older build is read in the shape of today, in its place', () => {
    const { lastEventTime: _, ...first } = stale;
    const read = readEvent({ ...stored, schemaVersion: 1, data: first });
    expect(read).toMatchObject({ ...place, schemaVersion: 2, data: { ...first, lastEventTime: null } });
  });

  it('of a newer build, or of an unknown type, is refused', () => {
    expect(() => readEvent({ ...stored, schemaVersion: 3 })).toThrow(UnreadableEventError);
    expect(() => readEvent({ ...stored, type: 'Nonsense' })).toThrow(UnreadableEventError);
  });
});
