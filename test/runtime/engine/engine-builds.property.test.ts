/**
 * Three builds that decide differently, in instances that look, decide, stand down, are put back and are killed in any
 * order, on a tape without a lock and without leases: the record stays one that each of them would have made in its turn.
 */

import { expect, it } from 'vitest';
import { openMemoryEventStore } from '../../../src/adapters/memory/event-store.ts';
import { systemTime } from '../../../src/adapters/system-time.ts';
import { verify } from '../../../src/audit/verify.ts';
import type { Engine } from '../../../src/domain/engine/engine.ts';
import { WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import { applySettings } from '../../../src/requests/settings-apply.ts';
import { SupersededError } from '../../../src/runtime/engine/decision-log.ts';
import { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { EvidenceRecorder } from '../../../src/runtime/ingest/evidence-recorder.ts';
import { comparePositions, START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { counts } from '../../support/scale.ts';
import { seeded } from '../../support/seeded.ts';
import { minuteBars, smallEngine, smallSettings, tickingClock, wholeTape, zigzag } from '../../support/small-market.ts';

const INGEST = { actor: 'ingest', codeVersion: 'one' };
const BARS = minuteBars(zigzag(60));
const BUILDS = ['one', 'two', 'three'];
/** Of the first run; the next ones follow it. */
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? 1);

class Killed extends Error {}

/** Each build decides nothing on some of the bars, each on others. */
function engineOf(build: string): Engine {
  const engine = smallEngine(build);
  const decide = engine.decide.bind(engine);
  engine.decide = (evidence) => {
    const number = Number.parseInt(evidence.id.slice(0, 8), 16);
    if (evidence.type !== 'BarClosed' || number % 3 === BUILDS.indexOf(build)) return decide(evidence);
    engine.adopt(evidence, []);
    return [];
  };
  return engine;
}

class Run {
  readonly store = openMemoryEventStore({ time: tickingClock(), hasLock: false });
  readonly faults: string[] = [];
  readonly #checkpoints = new Map<string, string>();
  readonly #random: () => number;
  #isOver = false;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  async play(): Promise<void> {
    await applySettings(this.store, smallSettings(1, 1, 2), { clock: tickingClock(), actor: 'test', codeVersion: 'one' });
    const recorder = new EvidenceRecorder(this.store, systemTime);
    const slots = [this.#slot(), this.#slot(), this.#slot()];
    for (let from = 0; from < BARS.length; ) {
      const to = from + 1 + this.#below(4);
      await recorder.record(BARS.slice(from, to), INGEST);
      from = to;
      for (let waits = 0; waits < 6; waits++) await this.#wait();
      // Losing them costs time, not truth.
      if (this.#random() < 0.03) this.#checkpoints.clear();
    }
    this.#isOver = true;
    await Promise.all(slots);
  }

  /** One instance after the other, each of some build, until the run is over. */
  async #slot(): Promise<void> {
    while (!this.#isOver) {
      const build = BUILDS[this.#below(BUILDS.length)] as string;
      const runner = this.instance(build, { mayRollBack: this.#random() < 0.5, mayDie: true });
      for (let calls = this.#below(25); calls > 0 && !this.#isOver; calls--) {
        try {
          await this.#call(runner);
        } catch (error) {
          if (error instanceof SupersededError) await runner.standDown();
          else if (error instanceof Killed) break;
          else if (!(error instanceof WrongExpectedRevisionError)) this.faults.push(`${build}: ${error}`);
        }
        await this.#wait();
      }
    }
  }

  #call(runner: EngineRunner): Promise<unknown> {
    const chance = this.#random();
    if (chance < 0.35) return runner.follow();
    return chance < 0.85 ? runner.catchUp() : runner.standDown();
  }

  instance(
    codeVersion: string,
    { mayRollBack, mayDie }: { readonly mayRollBack: boolean; readonly mayDie: boolean },
  ): EngineRunner {
    const life = { isOver: false };
    const live = <T>(work: () => Promise<T>): Promise<T> => (mayDie ? this.#lived(life, work) : work());
    const { store } = this;
    const checkpoints = this.#checkpoints;
    const linked = alteredEvents(store, {
      append: (...append) => live(() => store.append(...append)),
      read: (query) => live(() => store.read(query)),
    });
    return new EngineRunner({
      store: linked,
      codeVersion,
      mayRollBack,
      clock: tickingClock(),
      makeEngine: () => engineOf(codeVersion),
      checkpoint: {
        assertSameTape: async () => {},
        load: (activation) => live(async () => checkpoints.get(activation) ?? START),
        save: (activation, position) =>
          live(async () => {
            if (comparePositions(position, checkpoints.get(activation) ?? START) > 0) checkpoints.set(activation, position);
          }),
      },
    });
  }

  /** Takes its time before and after, and may be killed before it takes effect, or after. */
  async #lived<T>(life: { isOver: boolean }, work: () => Promise<T>): Promise<T> {
    if (life.isOver) throw new Killed();
    await this.#wait();
    if (this.#random() < 0.004) {
      life.isOver = true;
      if (this.#random() < 0.5) await work().catch(() => undefined);
      throw new Killed();
    }
    const done = await work();
    await this.#wait();
    return done;
  }

  /** Some turns of the event loop, now and then many. */
  async #wait(): Promise<void> {
    const most = this.#random() < 0.1 ? 60 : 4;
    for (let turns = this.#below(most); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

it(`decide in turn, on everything, once (TAPEDECK_TEST_SEED=${SEED})`, { timeout: 120_000 }, async () => {
  let activations = 0;
  for (let number = 0; number < counts.builds; number++) {
    const run = new Run(SEED + number);
    await run.play();
    await run.instance('one', { mayRollBack: true, mayDie: false }).catchUp();
    // A record that one can begin with, and that each build would have made where it decided.
    await run.instance('one', { mayRollBack: false, mayDie: false }).catchUp();
    for (const build of BUILDS) {
      const { own, undecided } = await verify(run.store, engineOf(build), build);
      if (own.differing > 0) run.faults.push(`${own.differing} decisions of ${build} differ`);
      if (build === 'one' && undecided > 0) run.faults.push(`${undecided} undecided`);
    }
    const tape = await wholeTape(run.store);
    const decided = tape.flatMap((event) =>
      event.type === 'CascadeDecided' && event.data.part === 1 ? [event.data.evidenceId] : [],
    );
    if (new Set(decided).size !== decided.length) run.faults.push('decided twice on the same');
    expect({ seed: SEED + number, faults: run.faults }).toEqual({ seed: SEED + number, faults: [] });
    activations += tape.filter(({ type }) => type === 'EngineActivated').length;
  }
  expect(activations).toBeGreaterThan(2 * counts.builds);
});
