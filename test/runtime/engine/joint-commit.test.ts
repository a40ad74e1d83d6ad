import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openSqliteEventStore, SqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { openTapeFile } from '../../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import { type EventStore, type LockingEventStore, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { SupersededError } from '../../../src/runtime/engine/engine-replica.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { AppendsInStep } from '../../../src/runtime/engine/joint-commit.ts';
import { isDecision, makeEvidence, START } from '../../../src/tape/envelope.ts';
import { describeEventStore } from '../../contracts/event-store.ts';
import { alteredEvents, locking } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'one' };
const DRAFTS = minuteBars(zigzag(30));
const eventsOf = (drafts: typeof DRAFTS): TapeEvent[] =>
  drafts.map(({ type, stream, key, data, occurredAt }) => makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }));
const BARS: readonly TapeEvent[] = eventsOf(DRAFTS);
const [FIRST, SECOND, THIRD] = BARS as [TapeEvent, TapeEvent, TapeEvent];
const { stream: STREAM } = FIRST;
const folder = new TemporaryFolder();

interface Choices {
  readonly makeEngine?: () => Engine;
  /** Stands between the engine and the store. */
  readonly between?: (store: EventStore) => EventStore;
  readonly save?: () => Promise<void>;
  readonly open?: (clock: Time) => Promise<EventStore>;
}

const inMemory = async (clock: Time): Promise<EventStore> => openMemoryEventStore({ time: clock, hasLock: true });

async function given({ makeEngine = () => smallEngine('one'), between = (store) => store, save, open = inMemory }: Choices = {}) {
  const clock = tickingClock();
  const store = await open(clock);
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  const engine = new EngineRunner({
    store: between(store),
    codeVersion: 'one',
    clock,
    makeEngine,
    checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => save?.() },
  });
  const failures: unknown[] = [];
  return { store, engine, failures, appends: new AppendsInStep(store, engine, systemTime, (error) => failures.push(error)) };
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

const decisionsOn = async (store: EventStore): Promise<unknown> => factsOf((await wholeTape(store)).filter(isDecision));

/** `store`, whose exclusive sections fail as long as `isFailing` says so. */
function failingSections(store: EventStore, isFailing: () => boolean): EventStore {
  return alteredEvents(store, {
    exclusively: (work) =>
      locking(store).exclusively((section) => {
        const result = work(section);
        if (isFailing()) throw new StoreError('the disk is full');
        return result;
      }),
  });
}

/** `store` with the appends of an engine that is always at rest and decides nothing: the rules are those of any tape. */
function appendedInStep(store: LockingEventStore): EventStore {
  const decideWith: EngineRunner['decideWith'] = async (record, recorded) => {
    await store.exclusively(record);
    recorded();
    return true;
  };
  const appends = new AppendsInStep(store, { isAtRest: true, decideWith }, systemTime, () => undefined);
  return alteredEvents(store, {
    append: (...append) => appends.append(...append),
    close: async () => {
      await appends.close();
      await store.close();
    },
  });
}

describeEventStore('a tape in SQLite with appends in step', async (clock) =>
  appendedInStep(await openSqliteEventStore(folder.newFile(), clock)),
);

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

  it('is decided upon when it is answered, though more is appended at once than the engine takes in at once', async () => {
    const { store, engine, appends } = await given();
    await engine.catchUp();
    // Of a whole day, for they are all of one stream, and with something to decide at its end.
    const drafts = minuteBars([...Array<number>(700).fill(100), ...zigzag(40)]).filter(({ stream }) => stream !== STREAM);
    const { length } = drafts;
    const bars = eventsOf(drafts);
    const nextDay = bars[0]?.stream as string;
    const halves = [appends.append(nextDay, 'no-stream', bars.slice(0, 300)), appends.append(nextDay, 299, bars.slice(300))];
    expect((await Promise.all(halves)).map(({ revision }) => revision)).toEqual([299, length - 1]);
    const inStep = await given();
    await inStep.engine.inStep(drafts.slice(0, 300), ORIGIN);
    await inStep.engine.inStep(drafts.slice(300), ORIGIN);
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
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
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
  });

  it('while the engine has something else in hand, and does not wait for that', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let isHeld = false;
    const { store, engine, appends } = await given({ save: async () => (isHeld ? held : undefined) });
    await engine.catchUp();
    isHeld = true;
    await store.append(STREAM, 'no-stream', [FIRST]);
    const busy = engine.catchUp();
    await expect(appends.append(STREAM, 0, [SECOND])).resolves.toMatchObject({ revision: 1 });
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
    const { store, engine, appends, failures } = await given({ makeEngine: broken });
    await engine.catchUp();
    const answers = [appends.append(STREAM, 'no-stream', [FIRST]), appends.append(STREAM, 0, [SECOND])];
    expect((await Promise.all(answers)).map(({ revision }) => revision)).toEqual([0, 1]);
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id]);
    expect(failures).toMatchObject([{ message: 'a bug in a strategy' }]);
    await expect(engine.catchUp()).rejects.toThrow('a bug in a strategy');
  });

  it('when another build has taken over in another process, which decides upon it', async () => {
    const { store, engine, appends, failures } = await given();
    await engine.catchUp();
    const other = new EngineRunner({
      store,
      codeVersion: 'two',
      clock: tickingClock(),
      makeEngine: () => smallEngine('two'),
      checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => undefined },
    });
    await other.catchUp();
    await appendAll(appends);
    expect(failures).toMatchObject([expect.any(SupersededError)]);
    await other.catchUp();
    const decisions = (await wholeTape(store)).filter(isDecision);
    expect(decisions.length).toBeGreaterThan(5);
    expect(new Set(decisions.map(({ metadata }) => metadata.codeVersion))).toEqual(new Set(['two']));
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

  it('when an engine that was at rest turns out not to decide', async () => {
    const store = await inMemory(tickingClock());
    // In a later turn, so that asking again and again would not stop everything else.
    const decideWith = () => new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
    const appends = new AppendsInStep(store, { isAtRest: true, decideWith }, systemTime, () => undefined);
    await expect(appends.append(STREAM, 'no-stream', [FIRST])).resolves.toMatchObject({ revision: 0 });
  });

  it('while the checkpoint, which is elsewhere, cannot be saved', async () => {
    let isAway = false;
    const { store, engine, appends } = await given({ save: () => (isAway ? new Promise(() => {}) : Promise.resolve()) });
    await engine.catchUp();
    isAway = true;
    const answers = [appends.append(STREAM, 'no-stream', [FIRST]), appends.append(STREAM, 0, [SECOND])];
    await Promise.all(answers);
    await expect(appends.append(STREAM, 1, [THIRD])).resolves.toMatchObject({ revision: 2 });
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id, THIRD.id]);
  });

  it('and once, when the checkpoint fails that was to be saved after the commit', async () => {
    let fails = false;
    const save = async () => {
      if (fails) throw new StoreError('the read store is gone');
    };
    const { store, engine, appends, failures } = await given({ save });
    await engine.catchUp();
    fails = true;
    await expect(appends.append(STREAM, 'no-stream', [FIRST])).resolves.toMatchObject({ revision: 0, already: false });
    await appends.close();
    expect(failures).toMatchObject([{ message: 'the read store is gone' }]);
    expect(await store.read({ stream: STREAM, limit: 10 })).toHaveLength(1);
  });

  it.each([5, 160])('before all is closed, and so is a checkpoint that takes %d ms', async (ms) => {
    const saved: string[] = [];
    const { store, engine, appends } = await given({
      open: (clock) => openSqliteEventStore(folder.newFile(), clock),
      save: async () => {
        await new Promise((resolve) => setTimeout(resolve, ms));
        saved.push('saved');
      },
    });
    await engine.catchUp();
    saved.length = 0;
    const first = appends.append(STREAM, 'no-stream', [FIRST]);
    await first;
    const second = appends.append(STREAM, 0, [SECOND]);
    await appends.close();
    expect(saved).toEqual(['saved']);
    await store.close();
    await expect(second).resolves.toMatchObject({ revision: 1 });
  });

  it('or refused as by the tape, after one wait for a lock that another process holds', async () => {
    const file = folder.newFile();
    const { store, engine, appends, failures } = await given({
      open: async (clock) => new SqliteEventStore(await openTapeFile(file, systemTime), { file, time: clock, lockWaitMs: 50 }),
    });
    await engine.catchUp();
    const other = await openTapeFile(file, systemTime);
    other.exec('BEGIN IMMEDIATE');
    const recorded = store.append.bind(store);
    store.append = () => Promise.reject(new Error('waited again'));
    const locked = 'is locked by another process';
    await expect(appends.append(STREAM, 'no-stream', [FIRST])).rejects.toThrow(locked);
    expect(failures).toMatchObject([{ message: expect.stringContaining(locked) }]);
    other.exec('ROLLBACK');
    other.close();
    store.append = recorded;
    await engine.catchUp();
    await appendAll(appends);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
    await store.close();
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
