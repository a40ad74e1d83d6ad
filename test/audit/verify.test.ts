import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/memory/event-store.ts';
import { type Verification, verify } from '../../src/audit/verify.ts';
import { Engine } from '../../src/domain/engine/engine.ts';
import type { Reactor } from '../../src/domain/engine/reactor.ts';
import { REACTORS } from '../../src/domain/reactors.ts';
import type { EventStore } from '../../src/ports/event-store.ts';
import { EngineRunner } from '../../src/runtime/engine/engine-runner.ts';
import { makeEvidence, START } from '../../src/tape/envelope.ts';
import { makeId } from '../../src/tape/id.ts';
import { withRecordedTape } from '../support/recorded-tape.ts';
import { minuteBars, tickingClock, zigzag } from '../support/small-market.ts';

/**
 * Repeats every third bar, counted from the one that it repeated last, but those that opened at `silentAt`, and says how
 * many there were: what it decides depends on what it decided, and on nothing having been taken in twice.
 */
function repeaterBut(silentAt: readonly string[]): Reactor<{ since: number; seen: number }> {
  return {
    name: 'bars',
    start: () => ({ since: 0, seen: 0 }),
    evolve: (state, event) => {
      if (event.type !== 'BarClosed') return;
      if (event.metadata.reactor === undefined) {
        state.since++;
        state.seen++;
      } else state.since = 0;
    },
    decide: ({ since, seen }, event, { emit }) => {
      if (event.type !== 'BarClosed' || event.metadata.reactor !== undefined || since < 3) return;
      if (!silentAt.includes(event.data.openTime)) emit('BarClosed', `rollups-test.${seen}`, event.data);
    },
  };
}

const repeater = (codeVersion: string, silentAt: readonly string[] = []) =>
  new Engine([repeaterBut(silentAt)], makeId, codeVersion);

const BARS = minuteBars(zigzag(2_100));
const openTime = (bar: number) => (BARS[bar] as { readonly data: { readonly openTime: string } }).data.openTime;

/** A tape of which each build named decided so many bars, one after the other. */
async function decidedBy(builds: Readonly<Record<string, number>>): Promise<EventStore> {
  const clock = tickingClock();
  const store = openMemoryEventStore({ time: clock, hasLock: true });
  const saved = new Map<string, string>();
  const checkpoint = {
    assertSameTape: async () => {},
    load: async (activation: string) => saved.get(activation) ?? START,
    save: async (activation: string, position: string) => void saved.set(activation, position),
  };
  let from = 0;
  for (const [codeVersion, bars] of Object.entries(builds)) {
    const runner = new EngineRunner({ store, codeVersion, clock, makeEngine: () => repeater(codeVersion), checkpoint });
    const to = from + bars;
    for (; from < to; from += 300) {
      await runner.inStep(BARS.slice(from, Math.min(to, from + 300)), { actor: 'ingest', codeVersion });
    }
    from = to;
  }
  return store;
}

const told = ({ differences }: Verification) =>
  differences.map(({ recorded, decided, isFollowing, codeVersion }) => [
    recorded.length,
    decided.length,
    isFollowing,
    codeVersion,
  ]);

describe('verifying a tape', () => {
  it('finds that the same build decides the same, with all that there is in an engine', async () => {
    await withRecordedTape(400, 4_000, async (events) => {
      const result = await verify(events, new Engine(REACTORS, makeId, 'test'), 'test');
      expect(result).toMatchObject({ own: { differing: 0 }, others: { evidence: 0 }, undecided: 0, differences: [] });
      expect(result.own.evidence).toBeGreaterThan(400);
      expect(result.own.decisions).toBeGreaterThan(400);
      // It writes nothing.
      expect(await verify(events, new Engine(REACTORS, makeId, 'test'), 'test')).toEqual(result);
    });
  });

  it('goes on from what is recorded after a difference, so that what follows is told as it is', async () => {
    const store = await decidedBy({ one: 2_100 });
    // Bars 3, 6, ... are repeated. Three differences, of which the last two lie far behind the first.
    const silent = [5, 1_700, 1_703].map(openTime);
    const result = await verify(store, repeater('one', silent), 'one');
    expect(result.own).toEqual({ evidence: 2_100, decisions: 700, differing: 3 });
    expect(told(result)).toEqual([
      [1, 0, false, 'one'],
      [1, 0, true, 'one'],
      [1, 0, true, 'one'],
    ]);
    expect(result.differences.map(({ recorded }) => recorded[0]?.type)).toEqual(['BarClosed', 'BarClosed', 'BarClosed']);
  });

  it('counts apart what another build decided', async () => {
    // Nothing was decided on the last two bars of the first build, which are its own all the same.
    const store = await decidedBy({ one: 32, two: 58 });
    const result = await verify(store, repeater('two', [5, 41, 44].map(openTime)), 'two');
    expect(result.others).toEqual({ evidence: 32, decisions: 10, differing: 1 });
    expect(result.own).toEqual({ evidence: 58, decisions: 20, differing: 2 });
    expect(told(result).map(([, , , codeVersion]) => codeVersion)).toEqual(['one', 'two', 'two']);
  });

  it('does not take for a difference what no engine has come to', async () => {
    const store = await decidedBy({ one: 30 });
    for (const { type, stream, key, data, occurredAt } of BARS.slice(30, 37)) {
      const [last] = await store.read({ stream, isBackward: true, limit: 1 });
      const event = makeEvidence(type, stream, key, data, { occurredAt, actor: 'ingest', codeVersion: 'one' });
      await store.append(stream, last?.revision ?? 'no-stream', [event]);
    }
    const result = await verify(store, repeater('one'), 'one');
    expect(result).toMatchObject({ own: { evidence: 30, differing: 0 }, undecided: 2, differences: [] });
  });

  it('tells the first hundred differences, and counts all', async () => {
    const store = await decidedBy({ one: 600 });
    const result = await verify(
      store,
      repeater(
        'one',
        BARS.map((_, bar) => openTime(bar)),
      ),
      'one',
    );
    expect(result.own.differing).toBe(200);
    expect(result.differences.length).toBe(100);
  });
});
