/**
 * An engine within the commits of others, on SQLite, whatever fails and in whichever order: COMMITs and savepoints,
 * before and after they took effect, the disk, checkpoints, decisions, kills at any statement, restarts, and a second process on the file.
 * What is decided is that of a run in which nothing failed, every answered append is durable, and no checkpoint is ahead
 * of what is decided durably.
 */

import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { openSqliteEventStore, SqliteEventStore } from '../../../src/adapters/sqlite/event-store.ts';
import { openTapeFile } from '../../../src/adapters/sqlite/tape-file.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { StoreError, StoreUnavailableError } from '../../../src/ports/errors.ts';
import type { EventStore } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { decidingWithin } from '../../../src/runtime/engine/commit-hook.ts';
import { type EngineLoop, startEngineLoop } from '../../../src/runtime/engine/engine-loop.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { comparePositions, isDecision, makeEvidence, type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { counts } from '../../support/scale.ts';
import { factsOf, minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';
import { TemporaryFolder } from '../../support/temporary-folder.ts';
import { until } from '../../support/until.ts';

const ORIGIN = { actor: 'ingest', codeVersion: 'one' };
const DRAFTS = minuteBars(zigzag(60));
const BARS = DRAFTS.map(({ type, stream, key, data, occurredAt }) =>
  makeEvidence(type, stream, key, data, { ...ORIGIN, occurredAt }),
);
const STREAM = BARS[0]?.stream as string;
const folder = new TemporaryFolder();

/** What happens, once, at the next statement that begins so. */
interface Fault {
  readonly statement: 'BEGIN' | 'COMMIT' | 'SAVEPOINT' | 'RELEASE' | 'ROLLBACK TO' | 'INSERT';
  /** It fails, or does though it took effect, as where the answer is lost, or the process is killed right before it. */
  readonly how: 'fails' | 'is done' | 'kills';
  /** Behind so many others that do not fail. */
  readonly after: number;
}

type Step =
  | { readonly kind: 'append'; readonly by: 0 | 1; readonly bars: number; readonly isAwaited: boolean }
  | { readonly kind: 'in step'; readonly by: 0 | 1; readonly bars: number }
  | { readonly kind: 'catch up' | 'kill' | 'restart' | 'stand down'; readonly by: 0 | 1 }
  | { readonly kind: 'fault'; readonly by: 0 | 1; readonly fault: Fault }
  | { readonly kind: 'disk'; readonly by: 0 | 1; readonly pages: number | null }
  | { readonly kind: 'save'; readonly by: 0 | 1; readonly how: 'fails' | 'is away' }
  | { readonly kind: 'decide'; readonly by: 0 | 1 }
  | { readonly kind: 'turns'; readonly turns: number };

const by = fc.constantFrom(0 as const, 0 as const, 0 as const, 1 as const);
const fault: fc.Arbitrary<Fault> = fc.record({
  statement: fc.constantFrom('BEGIN', 'COMMIT', 'COMMIT', 'SAVEPOINT', 'RELEASE', 'ROLLBACK TO', 'INSERT'),
  how: fc.constantFrom('fails', 'is done', 'kills'),
  after: fc.nat(3),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('append'), by, bars: fc.integer({ min: 1, max: 3 }), isAwaited: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('in step'), by, bars: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('catch up', 'catch up', 'kill', 'restart', 'stand down'), by }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('fault'), by, fault }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk'), by, pages: fc.option(fc.nat(3)) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('save'), by, how: fc.constantFrom('fails', 'is away') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('decide'), by }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('turns'), turns: fc.integer({ min: 1, max: 12 }) }) },
) as fc.Arbitrary<Step>;

/** What was seen to be wrong, and checkpoints, which outlive processes. */
class World {
  readonly file: string;
  readonly wrong: string[] = [];
  readonly checkpoints = new Map<string, string>();
  /** A connection that nothing happens to. */
  readonly looking: DatabaseSync;
  readonly decidedUpon: ReadonlySet<string>;

  constructor(file: string, decidedUpon: ReadonlySet<string>) {
    this.file = file;
    this.looking = new DatabaseSync(file, { timeout: 1_000 });
    this.decidedUpon = decidedUpon;
  }

  bars(): number {
    const sql = `SELECT count(*) AS count FROM events WHERE stream = '${STREAM}'`;
    return (this.looking.prepare(sql).get() as { count: number }).count;
  }

  /** Evidence that a clean run decides on, up to a position, and without a cascade on the tape. */
  undecided(upTo: string): string[] {
    const evidence = this.looking
      .prepare(`SELECT id FROM events WHERE stream = ? AND position <= ?`)
      .all(STREAM, Number(upTo)) as { id: string }[];
    const decided = new Set(this.decided());
    return evidence.map(({ id }) => id).filter((id) => this.decidedUpon.has(id) && !decided.has(id));
  }

  decided(): string[] {
    const sql = `SELECT json_extract(data, '$.evidenceId') AS id FROM events WHERE stream = 'engine' AND type = 'CascadeDecided'`;
    return (this.looking.prepare(sql).all() as { id: string }[]).map(({ id }) => id);
  }
}

class Killed extends Error {}

/** A process on the file: its connection, store, engine and the engine's loop, which fails as a whole, and is started again. */
class Process {
  readonly #world: World;
  #isDead = false;
  readonly #faults: (Fault & { left: number })[] = [];
  #saves: 'fails' | 'is away' | null = null;
  #cannotDecide = false;
  #db!: DatabaseSync;
  store!: SqliteEventStore;
  engine!: EngineRunner;
  #loop: EngineLoop | undefined;
  #looping: Promise<void> = Promise.resolve();

  constructor(world: World) {
    this.#world = world;
  }

  static async start(world: World): Promise<Process> {
    const process = new Process(world);
    process.#db = await openTapeFile(world.file, systemTime);
    process.#open();
    return process;
  }

  #open(): void {
    const db = this.#db;
    const [execute, prepare] = [db.exec.bind(db), db.prepare.bind(db)];
    db.exec = (sql) => this.#strike(sql, () => execute(sql));
    db.prepare = (sql) => {
      const statement = prepare(sql);
      const run = statement.run.bind(statement) as (...values: unknown[]) => ReturnType<typeof statement.run>;
      statement.run = ((...values: unknown[]) => this.#strike(sql, () => run(...values))) as typeof statement.run;
      return statement;
    };
    const clock = tickingClock();
    this.store = new SqliteEventStore(db, { file: this.#world.file, time: systemTime });
    this.engine = new EngineRunner({
      store: this.store,
      codeVersion: 'one',
      clock,
      makeEngine: () => this.#makeEngine(),
      checkpoint: {
        assertSameTape: async () => {},
        load: async (activation) => this.#world.checkpoints.get(activation) ?? START,
        save: (activation, position) => this.#save(activation, position),
      },
    });
    this.store.beforeCommit(decidingWithin(this.engine, () => {}));
    this.#looping = this.#keepLooping();
  }

  /** As a process that fails and is started again, but that its connection stays. */
  async #keepLooping(): Promise<void> {
    while (!this.#isDead) {
      try {
        this.#loop = await startEngineLoop(this.engine, this.store);
        await this.#loop.ended;
        return;
      } catch {
        await systemTime.nextLoop();
      }
    }
  }

  #makeEngine(): Engine {
    const engine = smallEngine('one');
    const decide = engine.decide.bind(engine);
    engine.decide = (evidence) => {
      const decisions = decide(evidence);
      if (!this.#cannotDecide) return decisions;
      this.#cannotDecide = false;
      throw new Error('a bug in a strategy');
    };
    return engine;
  }

  async #save(activation: string, position: string): Promise<void> {
    if (this.#isDead) throw new Killed();
    const undecided = this.#world.undecided(position);
    if (undecided.length > 0) this.#world.wrong.push(`a checkpoint at ${position} is ahead of ${undecided.length} decisions`);
    await systemTime.nextLoop();
    if (this.#isDead) throw new Killed();
    const how = this.#saves;
    this.#saves = null;
    if (how === 'fails') throw new StoreError('the read store is gone');
    if (how === 'is away') throw new StoreUnavailableError('read store', 'the read store is away');
    const before = this.#world.checkpoints.get(activation) ?? START;
    if (comparePositions(position, before) > 0) this.#world.checkpoints.set(activation, position);
  }

  #strike<T>(sql: string, work: () => T): T {
    if (this.#isDead) throw new Killed();
    const at = this.#faults.findIndex(({ statement }) => sql.startsWith(statement));
    const fault = this.#faults[at];
    if (fault === undefined || fault.left-- > 0) return work();
    this.#faults.splice(at, 1);
    if (fault.how === 'kills') {
      this.#die();
      throw new Killed();
    }
    if (fault.how === 'is done' && fault.statement !== 'BEGIN') work();
    throw new Error(`the ${fault.statement} failed`);
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  arm(fault: Fault): void {
    this.#faults.push({ ...fault, left: fault.after });
  }

  /** Lets the file grow by so many pages, or by as many as it likes. */
  limitDisk(pages: number | null): void {
    const [now] = Object.values(this.#db.prepare('PRAGMA page_count').get() as Record<string, number>) as [number];
    this.#db.exec(`PRAGMA max_page_count = ${pages === null ? 1_000_000 : now + pages}`);
  }

  failToSave(how: 'fails' | 'is away'): void {
    this.#saves = how;
  }

  failToDecide(): void {
    this.#cannotDecide = true;
  }

  /** All is well from here on. */
  heal(): void {
    this.#faults.length = 0;
    this.#saves = null;
    this.#cannotDecide = false;
    this.limitDisk(null);
  }

  /** As SIGKILL: no statement is executed any more, and what was begun is undone. */
  #die(): void {
    this.#isDead = true;
    if (this.#db.isOpen) this.#db.close();
  }

  /** Resolves when nothing of it goes on. */
  async kill(): Promise<void> {
    this.#die();
    await this.store.close();
    await this.#looping;
  }

  async close(): Promise<void> {
    const looping = this.#looping;
    await this.#loop?.close();
    await this.engine.settled();
    await this.store.close().catch(() => undefined);
    this.#isDead = true;
    await looping;
  }
}

/** One or two processes and somebody who appends, as a client of them does: in order, and again what was not answered. */
class Run {
  readonly #world: World;
  readonly #processes: (Process | undefined)[] = [undefined, undefined];
  #issued = 0;
  #hasFailed = false;
  #pending: Promise<void>[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async play(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#do(step);
    for (const by of [0, 1] as const) {
      if (this.#processes[by]?.isDead) await this.#kill(by);
      this.#processes[by]?.heal();
    }
    const process = await this.#process(0);
    await this.#settle();
    while (this.#world.bars() < BARS.length) {
      this.#append(process, 5);
      await this.#settle();
    }
    // By the loop alone.
    await until(() => this.#world.undecided(String(Number.MAX_SAFE_INTEGER)).length === 0);
    for (const each of this.#processes) await each?.close();
  }

  async #process(by: 0 | 1): Promise<Process> {
    if (this.#processes[by]?.isDead) await this.#kill(by);
    const process = this.#processes[by] ?? (await Process.start(this.#world));
    this.#processes[by] = process;
    return process;
  }

  async #kill(by: 0 | 1): Promise<void> {
    const process = this.#processes[by];
    this.#processes[by] = undefined;
    await process?.kill();
    // Nobody answers any more.
    this.#pending = [];
    this.#hasFailed = true;
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === 'turns') {
      for (let turn = 0; turn < step.turns; turn++) await systemTime.nextLoop();
      return;
    }
    const process = await this.#process(step.by);
    switch (step.kind) {
      case 'append':
        if (this.#hasFailed) await this.#settle();
        this.#append(process, step.bars);
        if (step.isAwaited) await this.#settle();
        return;
      case 'in step': {
        await this.#settle();
        const drafts = DRAFTS.slice(this.#issued, this.#issued + step.bars);
        await process.engine.inStep(drafts, ORIGIN).catch(() => undefined);
        this.#issued = this.#world.bars();
        return;
      }
      case 'catch up':
        await process.engine.catchUp().catch(() => undefined);
        return;
      case 'stand down':
        await process.engine.standDown().catch(() => undefined);
        return;
      case 'fault':
        process.arm(step.fault);
        return;
      case 'disk':
        process.limitDisk(step.pages);
        return;
      case 'save':
        process.failToSave(step.how);
        return;
      case 'decide':
        process.failToDecide();
        return;
      case 'kill':
        await this.#kill(step.by);
        return;
      case 'restart':
        this.#processes[step.by] = undefined;
        process.heal();
        await process.close();
        return;
    }
  }

  #append(process: Process, count: number): void {
    const from = this.#issued;
    const bars = BARS.slice(from, from + count);
    if (bars.length === 0) return;
    this.#issued = from + bars.length;
    const answered = process.store.append(STREAM, from === 0 ? 'no-stream' : from - 1, bars);
    this.#pending.push(
      answered.then(
        ({ revision }) => {
          if (revision !== from + bars.length - 1) this.#world.wrong.push(`bars up to ${from + bars.length} lie at ${revision}`);
          if (this.#world.bars() <= revision) this.#world.wrong.push(`an answered append of bar ${revision} is not durable`);
        },
        () => {
          this.#hasFailed = true;
        },
      ),
    );
  }

  /** Waits for what was appended, and begins again behind what is on the tape. */
  async #settle(): Promise<void> {
    await Promise.all(this.#pending);
    this.#pending = [];
    this.#hasFailed = false;
    this.#issued = this.#world.bars();
  }
}

async function setUp(store: EventStore): Promise<void> {
  await applySettings(store, smallSettings(1, 1, 2), { clock: tickingClock(), actor: 'test', codeVersion: 'one' });
}

async function cleanRun(): Promise<readonly RecordedEvent[]> {
  const store = openMemoryEventStore({ time: tickingClock(), hasLock: true });
  await setUp(store);
  const engine = new EngineRunner({
    store,
    codeVersion: 'one',
    clock: tickingClock(),
    makeEngine: () => smallEngine('one'),
    checkpoint: { assertSameTape: async () => {}, load: async () => START, save: async () => undefined },
  });
  await engine.inStep(DRAFTS, ORIGIN);
  return wholeTape(store);
}

it('leaves what a clean run decides, answers what is durable, and saves no checkpoint ahead of it', {
  timeout: 600_000,
}, async () => {
  const clean = await cleanRun();
  const expected = factsOf(clean.filter(isDecision));
  const decidedUpon = new Set(clean.flatMap((event) => (event.type === 'CascadeDecided' ? [event.data.evidenceId] : [])));
  expect(decidedUpon.size).toBeGreaterThan(20);
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
      const file = folder.newFile();
      const first = await openSqliteEventStore(file, systemTime);
      await setUp(first);
      await first.close();
      const world = new World(file, decidedUpon);
      await new Run(world).play(steps);
      const store = await openSqliteEventStore(file, systemTime);
      const tape = await wholeTape(store);
      await store.close();
      world.looking.close();
      expect(world.wrong).toEqual([]);
      expect(tape.map(({ position }) => Number(position))).toEqual(tape.map((_, index) => index + 1));
      expect(factsOf(tape.filter(isDecision))).toEqual(expected);
      const decided = tape.flatMap((event) => (event.type === 'CascadeDecided' ? [event.data.evidenceId] : []));
      expect(new Set(decided).size).toBe(decided.length);
    }),
    { numRuns: counts.interleavings, timeout: 8_000, endOnFailure: true },
  );
});
