import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../src/adapters/event-store/memory.ts';
import type { TapeEvent } from '../../src/domain/catalogue.ts';
import type { Engine } from '../../src/domain/engine/engine.ts';
import { type EventStore, StoreError, WrongExpectedRevisionError } from '../../src/ports.ts';
import { AppendsInStep } from '../../src/runtime/appends-in-step.ts';
import { EngineRunner } from '../../src/runtime/engine-runner.ts';
import { applySettings } from '../../src/runtime/settings-apply.ts';
import { isDecision, makeEvidence, START } from '../../src/tape/envelope.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../support/small-market.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'one' };
const DRAFTS = minuteBars(zigzag(30));
const BARS: readonly TapeEvent[] = DRAFTS.map(({ type, stream, key, data, occurredAt }) =>
  makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }),
);
const [FIRST, SECOND, THIRD] = BARS as [TapeEvent, TapeEvent, TapeEvent];
const { stream: STREAM } = FIRST;

interface Choices {
  readonly makeEngine?: () => Engine;
  /** Stands between the engine and the store. */
  readonly between?: (store: EventStore) => EventStore;
  readonly save?: () => Promise<void>;
}

async function given({ makeEngine = () => smallEngine('one'), between = (store) => store, save }: Choices = {}) {
  const clock = tickingClock();
  const store = openMemoryEventStore({ clock, exclusive: true });
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  const engine = new EngineRunner({
    store: between(store),
    codeVersion: 'one',
    clock,
    makeEngine,
    checkpoint: { load: async () => START, save: async () => save?.() },
  });
  return { store, engine, appends: new AppendsInStep(store, engine) };
}

/** All bars, each when the one before is recorded. */
async function appendAll(appends: AppendsInStep): Promise<void> {
  for (const [index, bar] of BARS.entries()) await appends.append(STREAM, index === 0 ? 'no-stream' : index - 1, [bar]);
}

async function cleanRun(): Promise<unknown> {
  const { store, engine } = await given();
  await engine.inStep(DRAFTS, ORIGIN);
  return factsOf(await wholeTape(store));
}

/** `store`, whose exclusive sections fail as long as `isFailing` says so. */
function failingSections(store: EventStore, isFailing: () => boolean): EventStore {
  const exclusively = store.exclusively as NonNullable<EventStore['exclusively']>;
  return {
    append: (...append) => store.append(...append),
    read: (query) => store.read(query),
    byId: (id) => store.byId(id),
    head: () => store.head(),
    subscribe: (options) => store.subscribe(options),
    exclusively: (work) =>
      exclusively.call(store, (section) => {
        const result = work(section);
        if (isFailing()) throw new StoreError('the disk is full');
        return result;
      }) as never,
    close: () => store.close(),
  };
}

describe('evidence appended where the engine decides', () => {
  it('is on the tape with all that follows from it as soon as the append is answered', async () => {
    const { store, engine, appends } = await given();
    await engine.catchUp();
    await appendAll(appends);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
  });

  it('is in one commit with what follows, and with what else is appended at once', async () => {
    let commits = 0;
    const counting = (store: EventStore) =>
      failingSections(store, () => {
        commits++;
        return false;
      });
    const { store, engine, appends } = await given({ between: counting });
    await engine.catchUp();
    store.append = () => Promise.reject(new Error('recorded by itself'));
    commits = 0;
    await appendAll(appends);
    expect(commits).toBe(BARS.length);
    const again = BARS.map((bar, index) => appends.append(STREAM, index === 0 ? 'no-stream' : index - 1, [bar]));
    expect((await Promise.all(again)).every(({ already }) => already)).toBe(true);
    expect(commits).toBe(BARS.length + 1);
  });

  it('keeps its order when more is appended before the first is answered', async () => {
    const { store, engine, appends } = await given();
    await engine.catchUp();
    const answers = await Promise.all([
      appends.append(STREAM, 'no-stream', [FIRST]),
      appends.append(STREAM, 0, [SECOND]),
      appends.append(STREAM, 1, [THIRD]),
    ]);
    expect(answers.map(({ revision }) => revision)).toEqual([0, 1, 2]);
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id, THIRD.id]);
  });

  it('is refused by itself, beside others that are not', async () => {
    const { engine, appends } = await given();
    await engine.catchUp();
    const [first, wrong, again, second] = await Promise.allSettled([
      appends.append(STREAM, 'no-stream', [FIRST]),
      appends.append(STREAM, 7, [THIRD]),
      appends.append(STREAM, 'no-stream', [FIRST]),
      appends.append(STREAM, 0, [SECOND]),
    ]);
    expect(first).toMatchObject({ value: { revision: 0, already: false } });
    expect(wrong).toMatchObject({ reason: expect.any(WrongExpectedRevisionError) });
    expect(again).toMatchObject({ value: { revision: 0, already: true } });
    expect(second).toMatchObject({ value: { revision: 1, already: false } });
  });
});

describe('evidence is recorded all the same', () => {
  it('before the engine decides, and is decided upon later', async () => {
    const { store, engine, appends } = await given();
    await appendAll(appends);
    expect((await wholeTape(store)).filter(isDecision)).toEqual([]);
    await engine.catchUp();
    const inStep = await given();
    await inStep.engine.inStep(DRAFTS, ORIGIN);
    const decisionsOn = async (tape: EventStore) => factsOf((await wholeTape(tape)).filter(isDecision));
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
  });

  it('while the engine has something else in hand, and does not wait for that', async () => {
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const { store, engine, appends } = await given({ save: () => held });
    const busy = engine.catchUp();
    await expect(appends.append(STREAM, 'no-stream', [FIRST])).resolves.toMatchObject({ revision: 0 });
    expect((await wholeTape(store)).filter(isDecision)).toEqual([]);
    letGo();
    await busy;
  });

  it('when deciding fails, which is told when the engine comes to it', async () => {
    const broken = (): Engine => {
      const engine = smallEngine('one');
      const decide = engine.decide.bind(engine);
      engine.decide = (evidence) => {
        if (evidence.id === SECOND.id) throw new Error('a bug in a strategy');
        return decide(evidence);
      };
      return engine;
    };
    const { store, engine, appends } = await given({ makeEngine: broken });
    await engine.catchUp();
    const answers = [appends.append(STREAM, 'no-stream', [FIRST]), appends.append(STREAM, 0, [SECOND])];
    expect((await Promise.all(answers)).map(({ revision }) => revision)).toEqual([0, 1]);
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id]);
    await expect(engine.catchUp()).rejects.toThrow('a bug in a strategy');
  });

  it('when the commit of both fails, and the engine begins again from the tape', async () => {
    let fails = false;
    const { store, engine, appends } = await given({ between: (store) => failingSections(store, () => fails) });
    await engine.catchUp();
    fails = true;
    await appends.append(STREAM, 'no-stream', [FIRST]);
    fails = false;
    await engine.catchUp();
    for (const [index, bar] of BARS.entries()) if (index > 0) await appends.append(STREAM, index - 1, [bar]);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
  });

  it('up to a number that may wait; more are refused with the reason', async () => {
    const { engine, appends } = await given();
    await engine.catchUp();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10_001 }, (_, index) => appends.append(STREAM, index, [FIRST])),
    );
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected' && outcome.reason instanceof StoreError);
    expect(refused).toMatchObject([{ reason: { message: expect.stringContaining('10000 appends wait') } }]);
  });
});
