import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { ENGINE_STREAM } from '../../../src/domain/streams.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { DivergedError, SupersededError } from '../../../src/runtime/engine/decision-log.ts';
import type { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { START } from '../../../src/tape/envelope.ts';
import { alteredEvents, locking } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { dyingAfter, INGEST, record, runnerOn, tapeWith } from './given-engine.ts';

async function cleanRun(count: number): Promise<Record<string, unknown[]>> {
  const store = await tapeWith({ hasLock: true }, 1, 1, 2);
  await runnerOn(store).inStep(minuteBars(zigzag(count)), INGEST);
  return factsOf(await wholeTape(store));
}

describe('the engine on a tape', () => {
  it('makes signals and longer bars of the bars, each cascade before the copies of its decisions', async () => {
    const facts = await cleanRun(12);
    expect(facts['signals-turns']?.length).toBeGreaterThan(2);
    expect(facts['rollups-testvenue.AAABBB.3m.2023-11-14']).toHaveLength(4);
    const cascades = (facts[ENGINE_STREAM] ?? []).slice(1) as { data: { decisions: { id: string }[] } }[];
    const copies = Object.entries(facts)
      .filter(([stream]) => /^(signals|rollups)-/.test(stream))
      .flatMap(([, events]) => events);
    const ids = cascades.flatMap(({ data }) => data.decisions.map(({ id }) => id));
    expect(new Set(ids)).toEqual(new Set(copies.map((event) => (event as { id: string }).id)));
  });

  it('adds nothing when the same evidence comes a second time', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    const bars = minuteBars(zigzag(30));
    await runnerOn(store).inStep(bars, INGEST);
    const before = await wholeTape(store);
    expect(await runnerOn(store).inStep(bars, INGEST)).toMatchObject({ recorded: 0, already: 30, differing: 0, decisions: 0 });
    expect(await wholeTape(store)).toEqual(before);
  });

  it('drops evidence that differs from what the tape says of the same fact, and takes the rest', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    await runnerOn(store).inStep(minuteBars([1, 2, 3]), INGEST);
    const outcome = await runnerOn(store).inStep(minuteBars([1, 2, 4, 5]), INGEST);
    expect(outcome).toMatchObject({ recorded: 1, already: 2, differing: 1 });
    expect(outcome.firstDifference).toContain('BarClosed testvenue|AAABBB|1m|');
  });

  it.each([
    ['live, with a write lock', true],
    ['live, without a lock', false],
  ])('decides the same %s as in step', async (_name, hasLock) => {
    const store = await tapeWith({ hasLock }, 1, 1, 2);
    const runner = runnerOn(store);
    await runner.catchUp();
    const bars = minuteBars(zigzag(40));
    for (let from = 0; from < bars.length; from += 7) {
      await record(store, bars.slice(from, from + 7));
      await runner.catchUp();
    }
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun(40));
  });

  it('goes on from any evidence after a restart, as if it had never stopped', async () => {
    const expected = await cleanRun(25);
    for (let stop = 0; stop <= 25; stop++) {
      const store = await tapeWith({ hasLock: true }, 1, 1, 2);
      const bars = minuteBars(zigzag(25));
      await runnerOn(store).inStep(bars.slice(0, stop), INGEST);
      await runnerOn(store).inStep(bars, INGEST);
      expect(factsOf(await wholeTape(store))).toEqual(expected);
    }
  });

  it('leaves one tape when two engines race without a lock', async () => {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    const [a, b] = [runnerOn(store), runnerOn(store)];
    const bars = minuteBars(zigzag(60));
    for (let from = 0; from < bars.length; from += 5) {
      await record(store, bars.slice(from, from + 5));
      await Promise.all([a.catchUp(), b.catchUp()]);
    }
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun(60));
  });

  it.each([
    ['is recorded', false],
    ['is recorded and decided by another engine', true],
  ])('takes in evidence that %s at any moment while it adopts', async (_name, isDecided) => {
    const expected = await cleanRun(24);
    const bars = minuteBars(zigzag(24));
    for (let moment = 0; ; moment++) {
      const store = await tapeWith({ hasLock: false }, 1, 1, 2);
      await record(store, bars.slice(0, 12));
      await runnerOn(store).catchUp();
      let reads = 0;
      const interrupted = alteredEvents(store, {
        read: async (query) => {
          if (reads++ === moment) {
            await record(store, bars.slice(12));
            if (isDecided) await runnerOn(store).catchUp();
          }
          return store.read(query);
        },
      });
      const runner = runnerOn(interrupted);
      await runner.catchUp();
      if (reads <= moment) return;
      // As the loop does for what came after the last look.
      await runner.catchUp();
      expect(factsOf(await wholeTape(store))).toEqual(expected);
    }
  });

  it('makes the copies that a crash left out, whichever append it came before', async () => {
    const expected = await cleanRun(12);
    for (let appends = 0; ; appends++) {
      const store = await tapeWith({ hasLock: false }, 1, 1, 2);
      await record(store, minuteBars(zigzag(12)));
      const hasDied = await runnerOn(dyingAfter(store, appends))
        .catchUp()
        .then(
          () => false,
          () => true,
        );
      await runnerOn(store).catchUp();
      expect(factsOf(await wholeTape(store))).toEqual(expected);
      if (!hasDied) return;
    }
  });

  it('hands the trace of evidence on to all that follows from it, whoever makes the copies', async () => {
    const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    // The tenth bar ends a longer one.
    const bars = minuteBars(zigzag(10));
    for (let appends = 0; ; appends++) {
      const store = await tapeWith({ hasLock: false }, 1, 1, 2);
      await record(store, bars.slice(0, 9));
      await runnerOn(store).catchUp();
      await record(store, bars.slice(9), trace);
      const hasDied = await runnerOn(dyingAfter(store, appends))
        .catchUp()
        .then(
          () => false,
          () => true,
        );
      await runnerOn(store).catchUp();
      const tape = await wholeTape(store);
      const following = tape.filter(({ metadata }) => metadata.correlationId === tape.find(isTraced)?.id);
      expect(following.map(({ type }) => type)).toEqual(['BarClosed', 'CascadeDecided', 'BarClosed']);
      expect(tape.filter(isTraced)).toEqual(following);
      if (!hasDied) return;
    }
    function isTraced({ metadata }: { metadata: { traceparent?: string } }): boolean {
      return metadata.traceparent === trace;
    }
  });

  it('shows that it turns after each commit of a long catch-up, and rests in the end', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    await record(store, minuteBars(zigzag(1_600)));
    const turns = new Set<number | null>();
    const runner: EngineRunner = runnerOn(store, { checkpoint: { position: START, saved: () => turns.add(runner.busySince) } });
    await runner.catchUp();
    expect(turns.size).toBeGreaterThanOrEqual(4);
    expect(runner.busySince).toBeNull();
  });

  it('is seen to get on while it takes in a long record', async () => {
    const inner = await tapeWith({ hasLock: false }, 1, 1, 2);
    await record(inner, minuteBars(zigzag(1_600)));
    await runnerOn(inner, {}).catchUp();
    const turns = new Set<number | null>();
    const store = alteredEvents(inner, {
      read: (query) => {
        turns.add(standby.busySince);
        return inner.read(query);
      },
    });
    const standby: EngineRunner = runnerOn(store, {});
    await standby.follow();
    expect(turns.size).toBeGreaterThanOrEqual(4);
  });

  it('throws its state away when a commit fails, and adopts again', async () => {
    const inner = await tapeWith({ hasLock: true }, 1, 1, 2);
    let isFailing = false;
    const store = alteredEvents(inner, {
      exclusively: (work) =>
        locking(inner).exclusively((section) => {
          const result = work(section);
          if (isFailing) throw new Error('the disk is full');
          return result;
        }),
    });
    const runner = runnerOn(store);
    const bars = minuteBars(zigzag(20));
    await runner.inStep(bars.slice(0, 8), INGEST);
    isFailing = true;
    await expect(runner.inStep(bars.slice(8), INGEST)).rejects.toThrow('the disk is full');
    isFailing = false;
    await runner.inStep(bars.slice(8), INGEST);
    expect(factsOf(await wholeTape(inner))).toEqual(await cleanRun(20));
  });
});

async function buildsOn(store: EventStore): Promise<string[]> {
  return (await wholeTape(store)).flatMap((event) => (event.type === 'EngineActivated' ? [event.data.codeVersion] : []));
}

describe('an upgrade in the middle', () => {
  it('adopts what is recorded, decides what is not, and rewrites nothing', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    const bars = minuteBars(zigzag(40));
    await runnerOn(store).inStep(bars.slice(0, 20), INGEST);
    const before = await wholeTape(store);
    await applySettings(store, smallSettings(2, 2, 4), { clock: tickingClock(), actor: 'test', codeVersion: 'two' });
    await runnerOn(store, { codeVersion: 'two' }).inStep(bars.slice(20), INGEST);
    const after = await wholeTape(store);
    expect(after.slice(0, before.length)).toEqual(before);
    const [first, second] = after.filter(({ type }) => type === 'EngineActivated');
    expect(first?.data).toEqual({ codeVersion: 'one', after: null });
    expect(second?.data).toEqual({
      codeVersion: 'two',
      after: before.filter(({ stream }) => stream.startsWith('bars-')).at(-1)?.id,
    });
    const signals = after.slice(before.length).filter(({ type }) => type === 'SignalGenerated');
    expect(signals.length).toBeGreaterThan(0);
    expect(signals.every(({ metadata }) => metadata.codeVersion === 'two')).toBe(true);
  });

  it('does not decide on evidence that the build before had passed over, even when the checkpoint is lost', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    // Bars that never turn: nothing is decided after the first ones but longer bars.
    const bars = minuteBars([1, 2, 3, 4, 5, 6, 7, 8]);
    const checkpoint = { position: START };
    await runnerOn(store, { checkpoint }).inStep(bars, INGEST);
    const before = await wholeTape(store);
    // The new build would have decided otherwise on the last two bars.
    const eager = () => {
      const engine = smallEngine('two');
      const decide = engine.decide.bind(engine);
      engine.decide = (evidence) => {
        if (evidence.type === 'BarClosed') throw new Error('decided on the past');
        return decide(evidence);
      };
      return engine;
    };
    await runnerOn(store, { codeVersion: 'two', makeEngine: eager, checkpoint }).catchUp();
    await runnerOn(store, { codeVersion: 'two', makeEngine: eager }).catchUp();
    const added = (await wholeTape(store)).slice(before.length);
    expect(added.map(({ type }) => type)).toEqual(['EngineActivated']);
  });

  it('stops the older build, which comes back only by a person', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    const older = runnerOn(store);
    await older.inStep(minuteBars(zigzag(10)), INGEST);
    await runnerOn(store, { codeVersion: 'two' }).catchUp();
    await record(store, minuteBars(zigzag(13)).slice(10));
    await expect(older.catchUp()).rejects.toThrow(SupersededError);
    await expect(runnerOn(store).catchUp()).rejects.toThrow(/replaced by two.*--roll-back/);
    await runnerOn(store, { mayRollBack: true }).catchUp();
    expect(await buildsOn(store)).toEqual(['one', 'two', 'one']);
  });

  it('decides nothing more once it has differed from the record, whoever asks', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    await record(store, minuteBars(zigzag(8)));
    const other = runnerOn(store, { makeEngine: () => forgetful() });
    await other.catchUp();
    await record(store, minuteBars(zigzag(20)).slice(8));
    await runnerOn(store).catchUp();
    const bars = minuteBars(zigzag(30));
    await expect(other.inStep(bars, INGEST)).rejects.toThrow(DivergedError);
    const head = await store.head();
    await expect(other.inStep(bars, INGEST)).rejects.toThrow(DivergedError);
    expect(await store.head()).toBe(head);
  });

  it('does not let a build that a person put back come back by itself when it is replaced again', async () => {
    const store = await tapeWith({ hasLock: true }, 1, 1, 2);
    await runnerOn(store).catchUp();
    await runnerOn(store, { codeVersion: 'two' }).catchUp();
    const putBack = runnerOn(store, { mayRollBack: true });
    await putBack.catchUp();
    await runnerOn(store, { codeVersion: 'two', mayRollBack: true }).catchUp();
    const bars = minuteBars(zigzag(6));
    await expect(putBack.inStep(bars, INGEST)).rejects.toThrow(SupersededError);
    await expect(putBack.inStep(bars, INGEST)).rejects.toThrow(SupersededError);
    expect(await buildsOn(store)).toEqual(['one', 'two', 'one', 'two']);
  });

  it('decides what comes next when another build, that knew of less, takes over while it adopts', async () => {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    // Two bars on which nothing is decided: that they were taken in is known by the checkpoint alone.
    const bars = minuteBars(zigzag(12));
    const checkpoint = { position: START };
    const first = runnerOn(store, { checkpoint });
    await first.catchUp();
    await record(store, bars.slice(0, 2));
    await first.catchUp();
    // Adopts up to the checkpoint; then, before it takes over, the other build does, which has no checkpoint.
    let reads = 0;
    const interrupted = alteredEvents(store, {
      read: async (query) => {
        const page = await store.read(query);
        if (query.stream === ENGINE_STREAM && page.length === 0 && reads++ === 0)
          await runnerOn(store, { codeVersion: 'two' }).catchUp();
        return page;
      },
    });
    const third = runnerOn(interrupted, { codeVersion: 'three', checkpoint });
    await third.catchUp();
    await record(store, bars.slice(2));
    await third.catchUp();
    const decided = (await wholeTape(store)).filter(({ type }) => type === 'SignalGenerated');
    expect(decided.length).toBeGreaterThan(2);
  });

  it('stops when the record and the build disagree about the same evidence', async () => {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    const honest = runnerOn(store);
    const other = runnerOn(store, { makeEngine: () => forgetful() });
    await honest.catchUp();
    await other.catchUp();
    await record(store, minuteBars(zigzag(8)));
    // It is noticed at once or at the next look at the tape, whoever is first.
    const outcomes = [
      ...(await Promise.allSettled([honest.catchUp(), other.catchUp()])),
      ...(await Promise.allSettled([other.catchUp()])),
    ];
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(reasons.length).toBeGreaterThan(0);
    for (const reason of reasons) expect(reason).toBeInstanceOf(DivergedError);
  });

  it('stops when another engine recorded other content under the same ids', async () => {
    const store = await tapeWith({ hasLock: false }, 1, 1, 2);
    const [honest, other] = [runnerOn(store), runnerOn(store, { makeEngine: () => forging() })];
    await Promise.all([honest.catchUp(), other.catchUp()]);
    await record(store, minuteBars(zigzag(8)));
    const outcomes = await Promise.allSettled([honest.catchUp(), other.catchUp()]);
    const reasons = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
    expect(reasons).toEqual([expect.any(DivergedError)]);
  });
});

/** Decides the same, under the same ids, but writes other figures. */
function forging(): Engine {
  const engine = smallEngine('one');
  const decide = engine.decide.bind(engine);
  engine.decide = (evidence) =>
    decide(evidence).map((decision) => ({ ...decision, data: { ...decision.data, forged: true } }) as never);
  return engine;
}

function forgetful(): Engine {
  const engine = smallEngine('one');
  const decide = engine.decide.bind(engine);
  engine.decide = (evidence) => decide(evidence).slice(1);
  return engine;
}
