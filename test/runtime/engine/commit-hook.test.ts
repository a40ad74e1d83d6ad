import { describe, expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openSqliteEventStore, SqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { openTapeFile } from '../../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import type { Time } from '../../../src/ports/clock.ts';
import { StoreError } from '../../../src/ports/errors.ts';
import { type CommitHook, type EventStore, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { decidingWithin } from '../../../src/runtime/engine/commit-hook.ts';
import { SupersededError } from '../../../src/runtime/engine/decision-log.ts';
import { startEngineLoop } from '../../../src/runtime/engine/engine-loop.ts';
import type { EngineReplica } from '../../../src/runtime/engine/engine-replica.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { isDecision, makeEvidence, START } from '../../../src/tape/envelope.ts';
import { locking } from '../../support/altered-stores.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

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
  /** Stands between the engine and the commits. */
  readonly between?: (hook: CommitHook) => CommitHook;
  readonly save?: () => Promise<void>;
  readonly onDecided?: () => void;
  readonly open?: (clock: Time) => Promise<EventStore>;
}

const inMemory = async (clock: Time): Promise<EventStore> => openMemoryEventStore({ time: clock, hasLock: true });

async function given({
  makeEngine = () => smallEngine('one'),
  between = (hook) => hook,
  save,
  onDecided,
  open = inMemory,
}: Choices = {}) {
  const clock = tickingClock();
  const store = await open(clock);
  await applySettings(store, smallSettings(1, 1, 2), { clock, actor: 'test', codeVersion: 'one' });
  const engine = new EngineRunner({
    store,
    codeVersion: 'one',
    clock,
    makeEngine,
    checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => save?.() },
    ...(onDecided && { onDecided }),
  });
  const failures: unknown[] = [];
  const unhook = locking(store).beforeCommit(between(decidingWithin(engine, (error) => failures.push(error))));
  return { store, engine, failures, unhook };
}

/** All bars, or those from one to before another, each when the one before is recorded. */
async function appendAll(store: EventStore, from = 0, to = BARS.length): Promise<void> {
  for (const [index, bar] of BARS.entries()) {
    if (index >= from && index < to) await store.append(STREAM, index === 0 ? 'no-stream' : index - 1, [bar]);
  }
}

async function cleanRun(): Promise<unknown> {
  const { store, engine } = await given();
  await engine.inStep(DRAFTS, ORIGIN);
  return factsOf(await wholeTape(store));
}

const decisionsOn = async (store: EventStore): Promise<unknown> => factsOf((await wholeTape(store)).filter(isDecision));

/** What nobody catches while `work` goes on: it would end the process. */
async function uncaughtIn(work: () => Promise<void>): Promise<unknown[]> {
  const listeners = process.listeners('uncaughtException');
  const uncaught: unknown[] = [];
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', (error) => uncaught.push(error));
  try {
    await work();
    await systemTime.nextLoop();
  } finally {
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
  }
  return uncaught;
}

async function revisionOf(store: EventStore, stream: string): Promise<number> {
  const [last] = await store.read({ stream, isBackward: true, limit: 1 });
  return last?.revision as number;
}

/** A hook in whose commits the disk fills up as long as `isFull` says so. */
function onFullDisk(hook: CommitHook, isFull: () => boolean): CommitHook {
  return {
    ...hook,
    within: (section) => {
      hook.within(section);
      if (isFull()) throw new StoreError('the disk is full');
    },
  };
}

describe('evidence appended where the engine decides', () => {
  it('is on the tape with all that follows from it as soon as the append is answered', async () => {
    const { store, engine } = await given();
    await engine.catchUp();
    await appendAll(store);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
  });

  it('is in one commit with what follows, and with what else is appended at once', async () => {
    const commits: string[] = [];
    const { store, engine } = await given({
      open: (time) => openSqliteEventStore(folder.newFile(), time),
      between: (hook) => ({
        ...hook,
        committed: () => {
          commits.push(engine.reached?.position ?? '');
          hook.committed();
        },
      }),
    });
    await engine.catchUp();
    const appended = await Promise.all(
      BARS.map((bar, index) => store.append(STREAM, index === 0 ? 'no-stream' : index - 1, [bar])),
    );
    expect(commits).toEqual([appended.at(-1)?.position]);
    const inStep = await given();
    await inStep.engine.inStep(DRAFTS, ORIGIN);
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
    await store.close();
  });

  it('keeps its order when more is appended before the first is answered', async () => {
    const { store, engine } = await given();
    await engine.catchUp();
    const answers = await Promise.all([
      store.append(STREAM, 'no-stream', [FIRST]),
      store.append(STREAM, 0, [SECOND]),
      store.append(STREAM, 1, [THIRD]),
    ]);
    expect(answers.map(({ revision }) => revision)).toEqual([0, 1, 2]);
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id, THIRD.id]);
  });

  it('is refused by itself, beside others that are not', async () => {
    const { store, engine } = await given();
    await engine.catchUp();
    const [first, wrong, again, second] = await Promise.allSettled([
      store.append(STREAM, 'no-stream', [FIRST]),
      store.append(STREAM, 7, [THIRD]),
      store.append(STREAM, 'no-stream', [FIRST]),
      store.append(STREAM, 0, [SECOND]),
    ]);
    expect(first).toMatchObject({ value: { revision: 0, isRepeated: false } });
    expect(wrong).toMatchObject({ reason: expect.any(WrongExpectedRevisionError) });
    expect(again).toMatchObject({ value: { revision: 0, isRepeated: true } });
    expect(second).toMatchObject({ value: { revision: 1, isRepeated: false } });
  });

  it('is decided on when it is answered, though more is appended at once than the engine takes in at once', async () => {
    const { store, engine } = await given();
    await engine.catchUp();
    // Of a whole day, for they are all of one stream, and with something to decide at its end.
    const drafts = minuteBars([...Array<number>(700).fill(100), ...zigzag(40)]).filter(({ stream }) => stream !== STREAM);
    const { length } = drafts;
    const bars = eventsOf(drafts);
    const nextDay = bars[0]?.stream as string;
    const halves = [store.append(nextDay, 'no-stream', bars.slice(0, 300)), store.append(nextDay, 299, bars.slice(300))];
    expect((await Promise.all(halves)).map(({ revision }) => revision)).toEqual([299, length - 1]);
    const inStep = await given();
    await inStep.engine.inStep(drafts.slice(0, 300), ORIGIN);
    await inStep.engine.inStep(drafts.slice(300), ORIGIN);
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
  });
});

describe('evidence is recorded all the same', () => {
  it('before the engine decides, and is decided on later', async () => {
    const { store, engine } = await given();
    await appendAll(store);
    expect((await wholeTape(store)).filter(isDecision)).toEqual([]);
    await engine.catchUp();
    const inStep = await given();
    await inStep.engine.inStep(DRAFTS, ORIGIN);
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
  });

  it('while the engine has something else in hand, and does not wait for that', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let isHeld = false;
    const { store, engine } = await given({ save: async () => (isHeld ? held : undefined) });
    await engine.catchUp();
    isHeld = true;
    await store.append(STREAM, 'no-stream', [FIRST]);
    const busy = engine.catchUp();
    await expect(store.append(STREAM, 0, [SECOND])).resolves.toMatchObject({ revision: 1 });
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
    const { store, engine, failures } = await given({ makeEngine: broken });
    await engine.catchUp();
    const answers = [store.append(STREAM, 'no-stream', [FIRST]), store.append(STREAM, 0, [SECOND])];
    expect((await Promise.all(answers)).map(({ revision }) => revision)).toEqual([0, 1]);
    expect((await store.read({ stream: STREAM, limit: 10 })).map(({ id }) => id)).toEqual([FIRST.id, SECOND.id]);
    expect(failures).toMatchObject([{ message: 'a bug in a strategy' }]);
    await expect(engine.catchUp()).rejects.toThrow('a bug in a strategy');
  });

  it('when another build has taken over in another process, which decides on it', async () => {
    const { store, engine, failures } = await given();
    await engine.catchUp();
    const other = new EngineRunner({
      store,
      codeVersion: 'two',
      clock: tickingClock(),
      makeEngine: () => smallEngine('two'),
      checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => undefined },
    });
    await other.catchUp();
    await appendAll(store);
    expect(failures).toMatchObject([expect.any(SupersededError)]);
    await other.catchUp();
    const decisions = (await wholeTape(store)).filter(isDecision);
    expect(decisions.length).toBeGreaterThan(5);
    expect(new Set(decisions.map(({ metadata }) => metadata.codeVersion))).toEqual(new Set(['two']));
  });

  it('when the disk fills up with what follows, and the engine begins again from the tape', async () => {
    let isFull = false;
    const { store, engine, failures } = await given({ between: (hook) => onFullDisk(hook, () => isFull) });
    await engine.catchUp();
    isFull = true;
    await store.append(STREAM, 'no-stream', [FIRST]);
    isFull = false;
    expect(failures).toMatchObject([{ message: 'the disk is full' }]);
    await engine.catchUp();
    for (const [index, bar] of BARS.entries()) if (index > 0) await store.append(STREAM, index - 1, [bar]);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
  });

  it('when the commit of both fails: then by itself', async () => {
    const file = folder.newFile();
    const db = await openTapeFile(file, systemTime);
    const execute = db.exec.bind(db);
    let failing = 0;
    db.exec = (sql) => {
      if (sql === 'COMMIT' && failing-- > 0) throw new Error('the disk does not answer');
      execute(sql);
    };
    const { store, engine, failures } = await given({ open: async (time) => new SqliteEventStore(db, { file, time }) });
    await engine.catchUp();
    failing = 1;
    expect(await store.append(STREAM, 'no-stream', [FIRST])).toMatchObject({ revision: 0, isRepeated: false });
    expect(failures).toMatchObject([{ message: 'the disk does not answer' }]);
    await engine.catchUp();
    for (const [index, bar] of BARS.entries()) if (index > 0) await store.append(STREAM, index - 1, [bar]);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
    failing = 2;
    const next = minuteBars(zigzag(31)).at(-1) as (typeof DRAFTS)[number];
    await expect(store.append(next.stream, BARS.length - 1, eventsOf([next]))).rejects.toThrow('the disk does not answer');
    await store.close();
  });

  it('and decided on, while the checkpoint, which is elsewhere, cannot be saved', async () => {
    let isAway = false;
    const { store, engine } = await given({ save: () => (isAway ? new Promise(() => {}) : Promise.resolve()) });
    await engine.catchUp();
    isAway = true;
    await appendAll(store);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
  });

  it('and once, when the checkpoint fails that was to be saved after the commit: the next call of the engine tells', async () => {
    let isFailing = false;
    const save = async () => {
      if (isFailing) throw new StoreError('the read store is gone');
    };
    const { store, engine } = await given({ save });
    await engine.catchUp();
    isFailing = true;
    await expect(store.append(STREAM, 'no-stream', [FIRST])).resolves.toMatchObject({ revision: 0, isRepeated: false });
    await engine.settled();
    expect(await store.read({ stream: STREAM, limit: 10 })).toHaveLength(1);
    isFailing = false;
    await expect(engine.catchUp()).rejects.toThrow('the read store is gone');
    await engine.catchUp();
  });

  it('and decided on by and by, where one commit would have to wait too long for all that is there', async () => {
    const { store, engine } = await given();
    const loop = await startEngineLoop(engine, store);
    const bars = eventsOf(minuteBars(zigzag(4_600)));
    const last = bars.pop() as TapeEvent;
    // By somebody in whose commits no hook takes part.
    await locking(store).exclusively((section) => {
      for (const bar of bars) section.append(bar.stream, section.revisionOf(bar.stream), [bar]);
    });
    const { position } = await store.append(last.stream, await revisionOf(store, last.stream), [last]);
    expect(Number(engine.reached?.position)).toBeLessThan(Number(position));
    await until(() => engine.reached?.position === position);
    await loop.close();
    const inStep = await given();
    await inStep.engine.catchUp();
    const drafts = minuteBars(zigzag(4_600));
    for (let from = 0; from < drafts.length; from += 500) await inStep.engine.inStep(drafts.slice(from, from + 500), ORIGIN);
    expect(await decisionsOn(store)).toEqual(await decisionsOn(inStep.store));
  });

  it('and decided on no more once a checkpoint has failed, so that whoever follows the tape is told', async () => {
    let fails = false;
    const save = async () => {
      if (fails) throw new StoreError('the read store is gone');
    };
    const { store, engine } = await given({ save });
    const loop = await startEngineLoop(engine, store);
    fails = true;
    await store.append(STREAM, 'no-stream', [FIRST]);
    await engine.settled();
    await store.append(STREAM, 0, [SECOND]);
    await expect(loop.ended).rejects.toThrow('the read store is gone');
  });

  it('and answered, with what else is appended, though nobody can be told what was decided', async () => {
    const onDecided = () => {
      throw new Error('the log cannot be written');
    };
    const { store, engine } = await given({ onDecided, open: (time) => openSqliteEventStore(folder.newFile(), time) });
    await engine.catchUp();
    const uncaught = await uncaughtIn(() => appendAll(store));
    expect(uncaught.length).toBeGreaterThan(5);
    expect(new Set(uncaught.map(String))).toEqual(new Set(['Error: the log cannot be written']));
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
    await store.close();
  });

  it('and a call of the engine that comes before the outcome is known begins with neither', async () => {
    let made = 0;
    const { engine } = await given({
      makeEngine: () => {
        made++;
        return smallEngine('one');
      },
    });
    await engine.catchUp();
    const replica = engine.claim();
    const call = engine.catchUp();
    const settled = engine.settled();
    await systemTime.nextLoop();
    engine.release(replica as EngineReplica, { error: new Error('the commit failed') });
    await call;
    await settled;
    expect(made).toBe(2);
  });

  it('by itself, when the hook is taken back while another process holds the lock', async () => {
    const file = folder.newFile();
    const { store, engine, unhook } = await given({ open: (time) => openSqliteEventStore(file, time) });
    await engine.catchUp();
    const position = engine.reached?.position;
    const other = await openTapeFile(file, systemTime);
    other.exec('BEGIN IMMEDIATE');
    const answer = store.append(STREAM, 'no-stream', [FIRST]);
    await systemTime.nextLoop();
    unhook();
    await engine.settled();
    other.exec('ROLLBACK');
    other.close();
    await expect(answer).resolves.toMatchObject({ revision: 0 });
    expect(engine.reached?.position).toBe(position);
    await store.close();
  });

  it('whose checkpoint is saved before the engine is settled, for many commits once', async () => {
    const saved: string[] = [];
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
    let isHeld = false;
    let begun = 0;
    const { store, engine } = await given({
      save: async () => {
        begun++;
        if (isHeld) await held;
        saved.push(engine.reached?.position ?? '');
      },
    });
    await engine.catchUp();
    saved.length = 0;
    isHeld = true;
    begun = 0;
    await appendAll(store, 0, 3);
    // Whoever appended is answered before it begins.
    expect(begun).toBe(0);
    await until(() => begun === 1);
    await appendAll(store, 3);
    const settled = engine.settled();
    letGo();
    await settled;
    expect(saved).toHaveLength(2);
    expect(saved.at(-1)).toBe(engine.reached?.position);
  });

  it('or refused as by the tape, after one wait for a lock that another process holds', async () => {
    const file = folder.newFile();
    const { store, engine, failures } = await given({
      open: async (time) => new SqliteEventStore(await openTapeFile(file, systemTime), { file, time, lockWaitMs: 50 }),
    });
    await engine.catchUp();
    const other = await openTapeFile(file, systemTime);
    other.exec('BEGIN IMMEDIATE');
    await expect(store.append(STREAM, 'no-stream', [FIRST])).rejects.toThrow('is locked by another process');
    expect(failures).toEqual([]);
    other.exec('ROLLBACK');
    other.close();
    await appendAll(store);
    expect(factsOf(await wholeTape(store))).toEqual(await cleanRun());
    await store.close();
  });
});
