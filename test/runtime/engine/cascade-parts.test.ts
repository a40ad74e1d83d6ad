/** A cascade that is too large for one event is recorded in parts, in one append, and is still one cascade. */

import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { Engine, MAX_CASCADE, toRecordedDecision } from '../../../src/domain/engine/engine.ts';
import type { Reactor } from '../../../src/domain/engine/reactor.ts';
import { ENGINE_STREAM, signalsStream } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { MAX_CASCADE_BYTES } from '../../../src/runtime/engine/cascade-parts.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { makeEvidence, type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { makeId } from '../../../src/tape/id.ts';
import { addressOf, givenServer, givenStore, LONG_TIMEOUTS } from '../../adapters/eventstoredb/given-server.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, tickingClock, wholeTape } from '../../support/small-market.ts';

const BARS = minuteBars([1, 2, 3]);
const SIGNALS = 40;
/** Characters of one decision; the last of each cascade is larger than a part by itself. */
const SIZE = 7_000;
const LARGE = 80_000;
const TEXTS = Array.from({ length: SIGNALS }, (_, index) => 'é'.repeat(index === SIGNALS - 1 ? LARGE : SIZE));

/** Has a lot to say about each bar; its state is what it said so far, so that adoption can be told from deciding. */
function talkative(texts: readonly string[] = TEXTS): Reactor<{ said: number }> {
  return {
    name: 'talkative',
    start: () => ({ said: 0 }),
    evolve: (state, event) => {
      if (event.type === 'SignalGenerated') state.said++;
    },
    decide: (state, event, { emit }) => {
      if (event.type !== 'BarClosed') return;
      const { venue, symbol, interval, openTime, closeTime, source } = event.data;
      for (const text of texts) {
        emit('SignalGenerated', signalsStream('talk'), {
          strategy: 'talk',
          venue,
          symbol,
          interval,
          side: 'buy',
          barOpenTime: openTime,
          barCloseTime: closeTime,
          barSource: source,
          reason: { said: state.said, text },
          settingsHash: 'a'.repeat(64),
        });
      }
    },
  };
}

function runnerOn(store: EventStore, texts = TEXTS): EngineRunner {
  return new EngineRunner({
    store,
    codeVersion: 'one',
    clock: tickingClock(),
    makeEngine: () => new Engine([talkative(texts)], makeId, 'one'),
    checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => undefined },
  });
}

const barEvent = ({ type, stream, key, data, occurredAt }: (typeof BARS)[number], traceparent?: string): TapeEvent =>
  makeEvidence(type, stream, key, data, { occurredAt, actor: 'ingest', codeVersion: 'one', traceparent });

async function tapeWithBars(hasLock: boolean): Promise<EventStore> {
  const store = openMemoryEventStore({ time: tickingClock(), hasLock });
  for (const [index, bar] of BARS.entries()) {
    await store.append(bar.stream, index === 0 ? 'no-stream' : index - 1, [barEvent(bar)]);
  }
  return store;
}

type Cascade = Extract<RecordedEvent, { type: 'CascadeDecided' }>;

async function cascadesOn(store: EventStore): Promise<Cascade[]> {
  return (await wholeTape(store)).filter((event) => event.type === 'CascadeDecided');
}

/** The store of a process that is killed before its nth append. */
function killedBefore(store: EventStore, appends: number): EventStore {
  let left = appends;
  return alteredEvents(store, {
    append: async (...args) => {
      if (left-- <= 0) throw new Error('killed');
      return store.append(...args);
    },
  });
}

describe('a cascade larger than one event', () => {
  it('is recorded in numbered parts, and copied whole and in order', async () => {
    const store = await tapeWithBars(true);
    await runnerOn(store).catchUp();
    const cascades = await cascadesOn(store);
    const { parts } = cascades[0]?.data ?? { parts: 0 };
    expect(parts).toBeGreaterThan(3);
    const numbers = Array.from({ length: parts }, (_, index) => index + 1);
    expect(cascades.map(({ data }) => data.part)).toEqual([...numbers, ...numbers, ...numbers]);
    const decided = cascades.flatMap(({ data }) => data.decisions.map(({ id }) => id));
    const copies = await store.read({ stream: signalsStream('talk'), limit: 500 });
    expect(copies.map(({ id }) => id)).toEqual(decided);
    expect(decided).toHaveLength(BARS.length * SIGNALS);
  });

  it('is adopted with all of its parts, so that nothing is decided again', async () => {
    const store = await tapeWithBars(true);
    await runnerOn(store).catchUp();
    const head = await store.head();
    await runnerOn(store).catchUp();
    expect(await store.head()).toBe(head);
  });

  it('is one tape when two engines race without a lock', async () => {
    const expected = await tapeWithBars(true);
    await runnerOn(expected).catchUp();
    const store = await tapeWithBars(false);
    await Promise.all([runnerOn(store).catchUp(), runnerOn(store).catchUp()]);
    expect(factsOf(await wholeTape(store))).toEqual(factsOf(await wholeTape(expected)));
  });

  it('is there whole or not at all, whenever its engine is killed', async () => {
    const expected = await tapeWithBars(true);
    await runnerOn(expected).catchUp();
    // One for the engine's activation, and for each bar one for the cascade and one for its copies.
    for (const appends of [1, 2, 3, 4, 5, 6]) {
      const store = await tapeWithBars(false);
      await expect(runnerOn(killedBefore(store, appends)).catchUp()).rejects.toThrow('killed');
      const recorded = await cascadesOn(store);
      const parts = recorded[0]?.data.parts ?? 1;
      expect(recorded.length % parts).toBe(0);
      await runnerOn(store).catchUp();
      expect(factsOf(await wholeTape(store))).toEqual(factsOf(await wholeTape(expected)));
    }
  });

  it('has its copies completed, where whoever made the first of them took them in other runs', async () => {
    const expected = await tapeWithBars(true);
    await runnerOn(expected).catchUp();
    const store = await tapeWithBars(false);
    await expect(runnerOn(killedBefore(store, 2)).catchUp()).rejects.toThrow('killed');
    const copies = await expected.read({ stream: signalsStream('talk'), limit: 7 });
    for (const { position: _p, recordedAt: _r, revision, ...copy } of copies) {
      await store.append(copy.stream, revision === 0 ? 'no-stream' : revision - 1, [copy as TapeEvent]);
    }
    await runnerOn(store).catchUp();
    expect(factsOf(await wholeTape(store))).toEqual(factsOf(await wholeTape(expected)));
  });

  it('with a part missing is noticed, never half adopted', async () => {
    const store = await tapeWithBars(false);
    await runnerOn(store).catchUp();
    const gone = (await cascadesOn(store)).find(({ data }) => data.part === 2)?.id;
    const torn = alteredEvents(killedBefore(store, 0), {
      read: async (query) => (await store.read(query)).filter(({ id, stream }) => stream !== ENGINE_STREAM || id !== gone),
    });
    await expect(runnerOn(torn).catchUp()).rejects.toThrow(/part 2 of \d+ of a cascade is missing/);
  });
});

describe('the largest cascade', () => {
  const [bar] = BARS as [(typeof BARS)[number]];
  const evidence = barEvent(bar, '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01');

  /** So much text of that letter in each decision that all of them just stay within the bound. */
  function mostText(count: number, letter: string): number {
    const engine = new Engine([talkative(Array(count).fill(''))], makeId, 'one');
    const bytes = engine.decide(evidence).map((decision) => Buffer.byteLength(JSON.stringify(toRecordedDecision(decision))));
    return Math.floor((MAX_CASCADE_BYTES - bytes.reduce((sum, one) => sum + one, 0)) / (count * Buffer.byteLength(letter)));
  }

  const tapes: readonly (readonly [string, () => Promise<EventStore>])[] = [
    ['in memory', async () => openMemoryEventStore({ time: tickingClock(), hasLock: true })],
    ['in EventStoreDB', async () => givenStore(addressOf(await givenServer()), LONG_TIMEOUTS)],
  ];
  const cases = [
    ['as many decisions as there may be', MAX_CASCADE, '€'],
    ['as many parts as there may be', 30, 'x'],
    ['the largest parts', 30, '€'],
  ] as const;

  it.each(tapes.flatMap(([where, open]) => cases.map(([what, ...shape]) => [what, where, open, ...shape] as const)))(
    'of %s is taken %s, and one that is larger is refused as everywhere',
    async (_what, _where, open, count, letter) => {
      const size = mostText(count, letter);
      const texts = Array<string>(count).fill(letter.repeat(size));
      const store = await open();
      await store.append(bar.stream, 'no-stream', [evidence]);
      const larger = texts.map((text) => text + letter);
      await expect(runnerOn(store, larger).catchUp()).rejects.toThrow(/have 92\d{4} bytes, more than 921600, which every store/);
      expect(await cascadesOn(store)).toEqual([]);
      await runnerOn(store, texts).catchUp();
      expect(await store.read({ stream: signalsStream('talk'), limit: 500 })).toHaveLength(count);
    },
  );
});
