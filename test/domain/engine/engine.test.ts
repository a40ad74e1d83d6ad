import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EventData, type EventName, findEventType, type TapeEvent } from '../../../src/domain/catalogue.ts';
import { Engine, fromRecordedDecision, MAX_CASCADE, toRecordedDecision } from '../../../src/domain/engine/engine.ts';
import { CascadeDecided, recordedDecision } from '../../../src/domain/engine/events.ts';
import type { Emit, Reactor } from '../../../src/domain/engine/reactor.ts';
import type { SettingsInForce } from '../../../src/domain/settings/in-force.ts';
import { feed as feedSettings } from '../../../src/domain/settings/settings.ts';
import { SETTINGS_STREAM } from '../../../src/domain/streams.ts';
import { makeEvidence } from '../../../src/tape/envelope.ts';
import { makeId } from '../../../src/tape/id.ts';
import { CANDLES, HASH } from '../given.ts';

const TIME = '2024-08-08T23:54:15.208Z';
const MARKET = { venue: 'binance', symbol: 'BTCUSDT', reason: 'gap' } as const;

function evidenceOf(key: string): TapeEvent {
  const origin = { occurredAt: TIME, actor: 'ingest', codeVersion: 'older' };
  return makeEvidence('FeedStale', 'feed-a', key, { ...MARKET, lastEventTime: null }, origin);
}

function settingsEvent<N extends EventName>(type: N, key: string, data: EventData[N]): TapeEvent {
  return makeEvidence(type, SETTINGS_STREAM, key, data, { occurredAt: TIME, actor: 'test', codeVersion: 'test' });
}

/** What an event of these tests is called: decisions carry their name in their stream, `order-<name>`. */
function nameOf(event: TapeEvent): string {
  return event.type === 'FeedStale' ? 'evidence' : event.stream.slice('order-'.length);
}

/** Decides something by a name; what it says besides does not matter to the engine. */
function say(emit: Emit, name: string): void {
  emit('FeedRecovered', `order-${name}`, { ...MARKET, eventTime: TIME });
}

/** A reactor that answers named events with named decisions and writes down what it was given, in order. */
function scripted(
  name: string,
  script: Readonly<Record<string, readonly string[]>>,
  log: string[] = [],
): Reactor<{ readonly evolved: string[] }> {
  return {
    name,
    start: () => ({ evolved: [] }),
    evolve: ({ evolved }, event) => {
      evolved.push(nameOf(event));
      log.push(`${name} evolves ${nameOf(event)}`);
    },
    decide: (_state, event, { emit }) => {
      log.push(`${name} decides on ${nameOf(event)}`);
      for (const decision of script[nameOf(event)] ?? []) say(emit, decision);
    },
  };
}

const names = (events: readonly TapeEvent[]) => events.map(nameOf);

describe('a cascade', () => {
  it('asks the reactors in their order, and each event in turn, first in, first out', () => {
    const engine = new Engine(
      [scripted('a', { evidence: ['a1', 'a2'], b1: ['a3'] }), scripted('b', { evidence: ['b1'], a1: ['b2'], a3: ['b3'] })],
      makeId,
      'test',
    );
    // On the evidence: a1, a2 by a, b1 by b; on a1: b2; on b1: a3; on a3: b3.
    expect(names(engine.decide(evidenceOf('1')))).toEqual(['a1', 'a2', 'b1', 'b2', 'a3', 'b3']);
  });

  it('evolves every decision into every reactor before the next is made, and decides on it later', () => {
    const log: string[] = [];
    const engine = new Engine(
      [scripted('a', { evidence: ['a1', 'a2'] }, log), scripted('b', { a1: ['b1'] }, log)],
      makeId,
      'test',
    );
    engine.decide(evidenceOf('1'));
    expect(log).toEqual([
      ...['a evolves evidence', 'b evolves evidence', 'a decides on evidence'],
      ...['a evolves a1', 'b evolves a1', 'a evolves a2', 'b evolves a2', 'b decides on evidence'],
      ...['a decides on a1', 'b decides on a1', 'a evolves b1', 'b evolves b1'],
      ...['a decides on a2', 'b decides on a2', 'a decides on b1', 'b decides on b1'],
    ]);
  });

  it('is empty where nobody decides anything', () => {
    expect(new Engine([scripted('a', {})], makeId, 'test').decide(evidenceOf('1'))).toEqual([]);
  });

  it('may have 500 decisions, and not one more', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `n${index}`);
    const decide = (count: number) =>
      new Engine([scripted('a', { evidence: many(count) })], makeId, 'test').decide(evidenceOf('1'));
    expect(MAX_CASCADE).toBe(500);
    expect(decide(500)).toHaveLength(500);
    expect(() => decide(501)).toThrow(/more than 500 decisions on FeedStale .*the reactors do not come to rest/);
  });

  it('that never comes to rest is stopped', () => {
    const engine = new Engine([scripted('a', { evidence: ['ping'], ping: ['pong'], pong: ['ping'] })], makeId, 'test');
    expect(() => engine.decide(evidenceOf('1'))).toThrow('more than 500 decisions');
  });
});

describe('a decision', () => {
  const [evidence] = [evidenceOf('1')];
  const [first, second, third] = new Engine([scripted('a', { evidence: ['a1', 'a2'], a1: ['a3'] })], makeId, 'build-7').decide(
    evidence,
  ) as [TapeEvent, TapeEvent, TapeEvent];

  it('has an id made of its reactor, its direct cause and its number there', () => {
    expect(first.id).toBe(makeId(`a|${evidence.id}|0`));
    expect(second.id).toBe(makeId(`a|${evidence.id}|1`));
    expect(third.id).toBe(makeId(`a|${first.id}|0`));
  });

  it('names its cause, its root cause and where it comes from, at the time of its evidence', () => {
    expect(third.metadata).toEqual({
      ...{ occurredAt: TIME, correlationId: evidence.id, causationId: first.id, actor: 'engine', codeVersion: 'build-7' },
      ...{ reactor: 'a', evidence: evidence.id, index: '0' },
    });
    expect(second.metadata).toMatchObject({ causationId: evidence.id, index: '1' });
    expect(third.schemaVersion).toBe(findEventType('FeedRecovered')?.version);
  });

  it('that does not fit its schema, or is of no known type, is a bug that is not recorded', () => {
    const wrong = (type: string, data: unknown): Reactor => ({
      ...{ name: 'wrong', start: () => null, evolve: () => {} },
      decide: (_state, event, { emit }) =>
        event.type === 'FeedStale' ? emit(type as 'FeedStale', 's', data as never) : undefined,
    });
    expect(() => new Engine([wrong('FeedRecovered', { venue: 'X' })], makeId, 'test').decide(evidence)).toThrow(/venue/);
    expect(() => new Engine([wrong('Nonsense', {})], makeId, 'test').decide(evidence)).toThrow(
      'the reactor "wrong" decided "Nonsense", which is not in the catalogue',
    );
  });

  it('is the same after it was kept within its cascade', () => {
    const cascade = [first, second, third];
    const kept = JSON.parse(
      JSON.stringify(
        CascadeDecided.schema.parse({ evidenceId: evidence.id, part: 1, parts: 1, decisions: cascade.map(toRecordedDecision) }),
      ),
    ) as { decisions: unknown[] };
    const metadata = { ...evidence.metadata, actor: 'engine', codeVersion: 'build-7' };
    const back = kept.decisions.map((one) =>
      fromRecordedDecision(recordedDecision.parse(one), { evidenceId: evidence.id, metadata }),
    );
    expect(back).toEqual(cascade);
  });

  it('carries the trace of the request that it was decided on, kept or not', () => {
    const traced = { ...evidence, metadata: { ...evidence.metadata, traceparent: '00-ab-cd-01' } } as TapeEvent;
    const [decision] = new Engine([scripted('a', { evidence: ['a1'] })], makeId, 'build-7').decide(traced);
    expect(decision?.metadata.traceparent).toBe('00-ab-cd-01');
    const metadata = { ...traced.metadata, actor: 'engine', codeVersion: 'build-7' };
    const kept = toRecordedDecision(decision as TapeEvent);
    expect(fromRecordedDecision(kept, { evidenceId: evidence.id, metadata })).toEqual(decision);
    expect('traceparent' in first.metadata).toBe(false);
  });

  it('is what evidence is not', () => {
    expect(() => toRecordedDecision(evidence)).toThrow(`FeedStale ${evidence.id} is not a decision`);
  });
});

// Scripts without loops: what is decided on an event has a later letter than it.
const LETTERS = 'pqrstuv';
const scripts = fc
  .array(fc.tuple(fc.nat(LETTERS.length - 1), fc.nat(LETTERS.length - 1), fc.boolean()), { maxLength: 8 })
  .map((edges) => {
    const script: Record<string, string[]> = {};
    for (const [from, to, root] of edges) {
      const cause = root ? 'evidence' : LETTERS.charAt(Math.min(from, to));
      const effect = LETTERS.charAt(Math.max(from, to));
      if (cause !== effect) script[cause] = [...(script[cause] ?? []), effect];
    }
    return script;
  });
const engineOf = (a: Record<string, string[]>, b: Record<string, string[]>) =>
  new Engine([scripted('a', a), scripted('b', b)], makeId, 'test');

/** Whole cascades of few decisions; others stop at the limit, which has its own tests. */
function decideSome(engine: Engine, count: number): TapeEvent[][] {
  return Array.from({ length: count }, (_, index) => engine.decide(evidenceOf(`${index}`)));
}

describe('whatever the reactors do', () => {
  it('ids are unique, and the same on every machine', () => {
    fc.assert(
      fc.property(scripts, scripts, (a, b) => {
        const ids = decideSome(engineOf(a, b), 2)
          .flat()
          .map((decision) => decision.id);
        expect(new Set(ids).size).toBe(ids.length);
        expect(
          decideSome(engineOf(a, b), 2)
            .flat()
            .map((decision) => decision.id),
        ).toEqual(ids);
      }),
    );
  });

  it('adopting what was decided leaves the state of having decided it', () => {
    fc.assert(
      fc.property(scripts, scripts, (a, b) => {
        const deciding = engineOf(a, b);
        const adopting = engineOf({ evidence: ['another build would say this'] }, {});
        for (const key of ['1', '2']) {
          const evidence = evidenceOf(key);
          adopting.adopt(evidence, deciding.decide(evidence));
        }
        expect(adopting.snapshot()).toEqual(deciding.snapshot());
      }),
    );
  });

  it('a decision that an older build recorded is adopted in the shape of today', () => {
    const shapes: unknown[] = [];
    const reader: Reactor<null> = {
      ...{ name: 'reader', start: () => null, decide: () => {} },
      evolve: (_state, { schemaVersion, data }) => void shapes.push([schemaVersion, data]),
    };
    const evidence = evidenceOf('1');
    const older = { ...evidence, schemaVersion: 1, data: MARKET } as unknown as TapeEvent;
    new Engine([reader], makeId, 'test').adopt(evidence, [older]);
    expect(shapes[1]).toEqual([2, { ...MARKET, lastEventTime: null }]);
    expect(older.schemaVersion).toBe(1);
  });

  it('a snapshot is not changed by what follows, and an engine goes on from it', () => {
    fc.assert(
      fc.property(scripts, scripts, (a, b) => {
        const engine = engineOf(a, b);
        engine.decide(evidenceOf('1'));
        const snapshot = engine.snapshot();
        const expected = engine.decide(evidenceOf('2'));
        const other = engineOf(a, b);
        other.restore(snapshot);
        expect(other.decide(evidenceOf('2'))).toEqual(expected);
        engine.restore(snapshot);
        expect(engine.decide(evidenceOf('2'))).toEqual(expected);
        expect(other.snapshot()).toEqual(engine.snapshot());
      }),
    );
  });
});

describe('the settings in force', () => {
  const feed = (staleAfter: string): TapeEvent =>
    settingsEvent('FeedConfigured', staleAfter, feedSettings.parse({ ...CANDLES, staleAfter }));
  const applied = (generation: number): TapeEvent =>
    settingsEvent('SettingsApplied', `${generation}`, { generation, changes: 1, hash: HASH });

  /** Writes down the staleness of the feed that it is handed with each event, and decides something on each set. */
  function reader(log: string[]): Reactor<null> {
    const read = ({ feeds }: SettingsInForce) => feeds.get('binance.BTCUSDT')?.staleAfter ?? 'none';
    return {
      name: 'reader',
      start: () => null,
      evolve: (_state, event, settings) => void log.push(`evolves ${event.type} with ${read(settings)}`),
      decide: (_state, event, { settings, emit }) => {
        log.push(`decides on ${event.type} with ${read(settings)}`);
        if (event.type === 'SettingsApplied') say(emit, 'a1');
      },
    };
  }

  it('are those after the event, for every reactor: a set takes effect, whole, when it is closed', () => {
    const log: string[] = [];
    const engine = new Engine([reader(log), scripted('b', {})], makeId, 'test');
    for (const event of [feed('1s'), applied(1), feed('2s')]) engine.decide(event);
    expect(log).toEqual([
      ...['evolves FeedConfigured with none', 'decides on FeedConfigured with none'],
      ...['evolves SettingsApplied with 1s', 'decides on SettingsApplied with 1s'],
      ...['evolves FeedRecovered with 1s', 'decides on FeedRecovered with 1s'],
      ...['evolves FeedConfigured with 1s', 'decides on FeedConfigured with 1s'],
    ]);
  });

  it('are part of a snapshot, with a set that is not closed yet', () => {
    const engine = new Engine([reader([])], makeId, 'test');
    for (const event of [feed('1s'), applied(1), feed('2s')]) engine.decide(event);
    const log: string[] = [];
    const other = new Engine([reader(log)], makeId, 'test');
    other.restore(engine.snapshot());
    other.decide(applied(2));
    expect(log[0]).toBe('evolves SettingsApplied with 2s');
    expect(engine.snapshot()).not.toEqual(other.snapshot());
  });
});

describe('a snapshot', () => {
  it('is refused by an engine with a reactor that it does not have', () => {
    const snapshot = new Engine([scripted('a', {})], makeId, 'test').snapshot();
    const other = new Engine([scripted('a', {}), scripted('b', {})], makeId, 'test');
    expect(() => other.restore(snapshot)).toThrow('the snapshot has no state for the reactor "b"');
  });
});
