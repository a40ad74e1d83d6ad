import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { EvidenceDraft } from '../../../src/domain/feed/evidence.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { NO_STEPS } from '../../../src/runtime/engine/in-step.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, wholeTape, zigzag } from '../../support/small-market.ts';
import { timeAt } from '../../support/test-time.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'test' };
const clock = timeAt(1_800_000_000_000);

/** Bars over the end of a day, and so in two streams. */
const DRAFTS: readonly EvidenceDraft[] = minuteBars(zigzag(200));

function newTape(hasLock = true): EventStore {
  return openMemoryEventStore({ time: clock, hasLock });
}

async function settled(hasLock = true): Promise<EventStore> {
  const events = newTape(hasLock);
  await applySettings(events, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'test' });
  return events;
}

function engineOn(store: EventStore): EngineRunner {
  const checkpoint = { assertSameTape: async () => {}, load: async () => START, save: async () => {} };
  return new EngineRunner({ store, makeEngine: () => smallEngine('one'), codeVersion: 'one', clock, checkpoint });
}

async function recordInBatches(recorder: EvidenceRecorder, sizes: readonly number[], drafts = DRAFTS): Promise<void> {
  let from = 0;
  for (const size of sizes) {
    await recorder.record(drafts.slice(from, from + size), ORIGIN);
    from += size;
  }
  await recorder.record(drafts.slice(from), ORIGIN);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('evidence that is recorded without an engine', () => {
  it('is on the tape in its order, and an engine elsewhere decides on it what it decides in step', async () => {
    const [inStep, recorded] = [await settled(), await settled()];
    await engineOn(inStep).inStep(DRAFTS, ORIGIN);
    const outcome = await new EvidenceRecorder(recorded, systemTime).record(DRAFTS, ORIGIN);
    expect(outcome).toMatchObject({ ...NO_STEPS, recorded: 200 });
    await engineOn(recorded).catchUp();
    expect(factsOf(await wholeTape(recorded))).toEqual(factsOf(await wholeTape(inStep)));
  });

  it('is recorded once by any number of recorders, however their batches fall', async () => {
    const clean = newTape();
    await new EvidenceRecorder(clean, systemTime).record(DRAFTS, ORIGIN);
    const expected = factsOf(await wholeTape(clean));
    const batches = fc.array(fc.integer({ min: 1, max: 90 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(batches, batches, fc.boolean(), async (first, second, hasLock) => {
        const events = newTape(hasLock);
        await Promise.all([first, second].map((sizes) => recordInBatches(new EvidenceRecorder(events, systemTime), sizes)));
        expect(factsOf(await wholeTape(events))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it('goes on after what is there, and says how much that was', async () => {
    const events = newTape();
    await new EvidenceRecorder(events, systemTime).record(DRAFTS.slice(0, 150), ORIGIN);
    expect(await new EvidenceRecorder(events, systemTime).record(DRAFTS, ORIGIN)).toMatchObject({ recorded: 50, already: 150 });
  });

  it('is recorded after what another recorder has added and then stopped', async () => {
    const events = newTape();
    const [one, other] = [new EvidenceRecorder(events, systemTime), new EvidenceRecorder(events, systemTime)];
    await one.record(DRAFTS.slice(0, 50), ORIGIN);
    await other.record(DRAFTS.slice(0, 100), ORIGIN);
    expect(await one.record(DRAFTS.slice(50), ORIGIN)).toMatchObject({ recorded: 100, already: 50, differing: 0 });
    const clean = newTape();
    await new EvidenceRecorder(clean, systemTime).record(DRAFTS, ORIGIN);
    expect(factsOf(await wholeTape(events))).toEqual(factsOf(await wholeTape(clean)));
  });

  it('is read back from where the recorder knows the stream on, for a day has a hundred thousand facts', async () => {
    const events = newTape();
    const asked: unknown[] = [];
    const watched = alteredEvents(events, {
      read: (query) => {
        asked.push(query.after);
        return events.read(query);
      },
    });
    const recorder = new EvidenceRecorder(watched, systemTime);
    const ofOneDay = DRAFTS.filter(({ stream }) => stream === DRAFTS[0]?.stream);
    await recorder.record(ofOneDay.slice(0, 5), ORIGIN);
    const known = await events.head();
    await new EvidenceRecorder(events, systemTime).record(ofOneDay.slice(0, 7), ORIGIN);
    await recorder.record(ofOneDay.slice(5, 9), ORIGIN);
    expect(asked).toEqual([undefined, known]);
    expect(await events.head()).toBe('9');
  });

  it('is dropped where the tape has the same fact with other content, and the rest is recorded', async () => {
    const events = newTape();
    const others = minuteBars(zigzag(100).map((close) => close + 1));
    await new EvidenceRecorder(events, systemTime).record(others.slice(0, 1), ORIGIN);
    const outcome = await new EvidenceRecorder(events, systemTime).record(DRAFTS, ORIGIN);
    expect(outcome).toMatchObject({ recorded: 199, already: 0, differing: 1 });
    expect(outcome.firstDifference).toMatch(/BarClosed .* is on the tape with other content/);
  });

  it('is dropped where it is older than what the tape holds of its feed and not there, as in step', async () => {
    const [inStep, recorded] = [await settled(), await settled()];
    const known = DRAFTS.filter((_, index) => index % 3 !== 0);
    const older = new Set(DRAFTS.slice(0, 150));
    await engineOn(inStep).inStep(known.slice(0, 100), ORIGIN);
    await new EvidenceRecorder(recorded, systemTime).record(known.slice(0, 100), ORIGIN);
    const expected = await engineOn(inStep).inStep(DRAFTS, ORIGIN, older);
    const outcome = await new EvidenceRecorder(recorded, systemTime).record(DRAFTS, ORIGIN, older);
    expect(outcome).toMatchObject({ recorded: 50, already: 100, differing: 0, older: 50 });
    expect(outcome.pieces.map(({ fate }) => fate)).toEqual(expected.pieces.map(({ fate }) => fate));
    expect(outcome.firstOlder).toMatch(/^BarClosed /);
    await engineOn(recorded).catchUp();
    expect(factsOf(await wholeTape(recorded))).toEqual(factsOf(await wholeTape(inStep)));
  });

  it('is not recorded twice when nobody knows whether it was', async () => {
    const events = newTape();
    let lost = 0;
    const forgetful = alteredEvents(events, {
      append: async (...args) => {
        const appended = await events.append(...args);
        if (lost++ % 2 === 0) throw new Error('connection lost');
        return appended;
      },
    });
    const outcome = await new EvidenceRecorder(forgetful, systemTime).record(DRAFTS, ORIGIN);
    expect(outcome.recorded).toBe(200);
    expect(await wholeTape(events)).toHaveLength(200);
  });

  it('is seen to differ where another recorder puts other content under the same ids at the same revisions', async () => {
    const events = newTape();
    const drafts = DRAFTS.slice(0, 3);
    const others = minuteBars(zigzag(3).map((close) => close + 1));
    const first = new EvidenceRecorder(events, systemTime);
    let hasRaced = false;
    const late = alteredEvents(events, {
      append: async (...args) => {
        if (!hasRaced) await first.record(others, ORIGIN);
        hasRaced = true;
        return events.append(...args);
      },
    });
    const outcome = await new EvidenceRecorder(late, systemTime).record(drafts, ORIGIN);
    expect(outcome).toMatchObject({ recorded: 0, already: 0, differing: 3 });
    expect(outcome.firstDifference).toMatch(/is on the tape with other content/);
  });

  it('is, of one fact that is told twice at once, what was told first, as in step', async () => {
    const [one, again] = [minuteBars(zigzag(1)), minuteBars(zigzag(1).map((close) => close + 1))];
    const [inStep, recorded] = [await settled(), await settled()];
    const expected = await engineOn(inStep).inStep([...one, ...again], ORIGIN);
    const outcome = await new EvidenceRecorder(recorded, systemTime).record([...one, ...again], ORIGIN);
    expect(outcome).toMatchObject({ recorded: 1, already: 0, differing: 1 });
    expect(outcome).toMatchObject({ recorded: expected.recorded, already: expected.already, differing: expected.differing });
    await engineOn(recorded).catchUp();
    expect(factsOf(await wholeTape(recorded))).toEqual(factsOf(await wholeTape(inStep)));
  });

  it('is forgotten with its day, once that has passed', async () => {
    const events = newTape();
    const read: string[] = [];
    const watched = alteredEvents(events, {
      read: (query) => {
        read.push(query.stream as string);
        return events.read(query);
      },
    });
    let now = 0;
    const recorder = new EvidenceRecorder(watched, { ...systemTime, monotonic: () => now });
    const [first, last] = [DRAFTS.slice(0, 1), DRAFTS.slice(-1)] as [EvidenceDraft[], EvidenceDraft[]];
    const record = async (at: number, drafts: readonly EvidenceDraft[]): Promise<void> => {
      now = at;
      await recorder.record(drafts, ORIGIN);
    };
    await record(0, first);
    await record(50_000, first);
    await record(100_000, last);
    await record(120_000, first);
    expect(read).toEqual([first[0]?.stream, last[0]?.stream]);
    await record(170_001, DRAFTS.slice(0, 0));
    await record(200_000, minuteBars(zigzag(3_000)).slice(-1));
    expect(await recorder.record(first, ORIGIN)).toMatchObject({ recorded: 0, already: 1 });
    expect(read.filter((stream) => stream === first[0]?.stream)).toHaveLength(2);
  });
});
