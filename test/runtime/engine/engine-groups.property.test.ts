/**
 * Processes of one build that decide in groups on a tape without a lock, side by side, slow and killed at any moment: the
 * tape is that of one process in step; whenever cascades are appended, the copies of all before them are there, but for those
 * of the group that the same process appended last; and the copies of a lane lie on the tape in the order of their decisions.
 */

import { expect, it } from 'vitest';
import { systemTime } from '../../../src/adapters/system-time.ts';
import type { TapeEvent } from '../../../src/domain/catalogue.ts';
import { ENGINE_STREAM, EVIDENCE_CATEGORIES } from '../../../src/domain/streams.ts';
import { type EventStore, WrongExpectedRevisionError } from '../../../src/ports/event-store.ts';
import type { ArrivingEvidence } from '../../../src/runtime/engine/arriving-evidence.ts';
import type { EngineRunner } from '../../../src/runtime/engine/engine-runner.ts';
import { isDecision, type RecordedEvent, START } from '../../../src/tape/envelope.ts';
import { alteredEvents } from '../../support/altered-stores.ts';
import { counts } from '../../support/scale.ts';
import { seeded } from '../../support/seeded.ts';
import { factsOf, minuteBars, wholeTape, zigzag } from '../../support/small-market.ts';
import { chattyInStep, chattyOn, record, tapeWith } from './given-engine.ts';

const BARS = minuteBars(zigzag(70));
/** Of the first run; the next ones follow it. */
const SEED = Number(process.env.TAPEDECK_TEST_SEED ?? 1);

class Killed extends Error {}

class Run {
  readonly faults: string[] = [];
  readonly store: EventStore;
  readonly #random: () => number;
  #isOver = false;

  constructor(store: EventStore, seed: number) {
    this.store = store;
    this.#random = seeded(seed);
  }

  async play(): Promise<void> {
    const slots = [this.#slot(), this.#slot()];
    for (let from = 0; from < BARS.length; ) {
      const to = from + 1 + this.#below(16);
      await record(this.store, BARS.slice(from, to));
      from = to;
      for (let waits = 0; waits < 4; waits++) await this.#wait();
    }
    this.#isOver = true;
    await Promise.all(slots);
    await chattyOn(this.store).catchUp();
  }

  /** One process after the other, until the run is over. */
  async #slot(): Promise<void> {
    while (!this.#isOver) {
      const runner = this.#process();
      let after = START;
      for (let isAlive = true; isAlive && !this.#isOver; ) {
        try {
          // Now and then by what a subscription hands over, as it goes on from what it handed over before.
          const events = await this.store.read({ after, categories: EVIDENCE_CATEGORIES, limit: 1 + this.#below(20) });
          // Some of it comes while the others are decided on.
          const arriving = this.#arriving(events.splice(1 + this.#below(events.length)));
          const pushed = { after, events, arriving };
          after = arriving.all.at(-1)?.position ?? events.at(-1)?.position ?? after;
          await runner.catchUp(this.#random() < 0.7 ? pushed : undefined);
        } catch (error) {
          if (error instanceof Killed) isAlive = false;
          else if (!(error instanceof WrongExpectedRevisionError)) this.faults.push(String(error));
        }
        await this.#wait();
      }
    }
  }

  /** Hands the events over one by one, each after some turns of the event loop. */
  #arriving(all: readonly RecordedEvent[]): ArrivingEvidence & { readonly all: readonly RecordedEvent[] } {
    const left = [...all];
    return { all, take: () => left.splice(0, 1), arrived: () => this.#wait() };
  }

  #process(): EngineRunner {
    const life = { isOver: false };
    /** Of the group that it appended last. */
    let last: ReadonlySet<string> = new Set();
    const { store } = this;
    const linked = alteredEvents(store, {
      append: (stream, expected, events) =>
        this.#lived(life, async () => {
          const before = await wholeTape(store);
          const appended = await store.append(stream, expected, events);
          if (stream === ENGINE_STREAM && !appended.isRepeated) {
            this.faults.push(...withoutCopies(before, last));
            last = new Set(decisionsIn(events).map(({ id }) => id));
          }
          return appended;
        }),
      read: (query) => this.#lived(life, () => store.read(query)),
    });
    return chattyOn(linked);
  }

  /** Takes its time before and after, and may be killed before it takes effect, or after. */
  async #lived<T>(life: { isOver: boolean }, work: () => Promise<T>): Promise<T> {
    await this.#wait();
    if (life.isOver) throw new Killed();
    const chance = this.#random();
    if (chance < 0.02) life.isOver = true;
    if (chance < 0.01) throw new Killed();
    const done = await work();
    await this.#wait();
    if (life.isOver) throw new Killed();
    return done;
  }

  /** Some turns of the event loop, now and then many. */
  async #wait(): Promise<void> {
    for (let turns = this.#below(this.#random() < 0.1 ? 60 : 4); turns > 0; turns--) await systemTime.nextLoop();
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** But for `last`. */
function withoutCopies(tape: readonly RecordedEvent[], last: ReadonlySet<string>): string[] {
  const there = new Set(tape.map(({ id }) => id));
  return decisionsIn(tape)
    .filter(({ id }) => !there.has(id) && !last.has(id))
    .map(({ id, stream }) => `cascades were appended while ${id} was not in ${stream}`);
}

function decisionsIn(tape: readonly TapeEvent[]): { readonly id: string; readonly stream: string }[] {
  return tape.flatMap((event) => (event.type === 'CascadeDecided' ? event.data.decisions : []));
}

/** Bars are made of one instrument here. */
const isOfBars = ({ stream }: { readonly stream: string }): boolean => stream.startsWith('rollups-');

it(`leave the tape of one, group by group and lane by lane (TAPEDECK_TEST_SEED=${SEED})`, { timeout: 120_000 }, async () => {
  const expected = await chattyInStep(BARS.length);
  let largest = 0;
  for (let number = 0; number < counts.builds; number++) {
    const run = new Run(await tapeWith({ hasLock: false }, 1, 1, 2), SEED + number);
    await run.play();
    const tape = await wholeTape(run.store);
    expect({ seed: SEED + number, faults: run.faults }).toEqual({ seed: SEED + number, faults: [] });
    expect(factsOf(tape)).toEqual(expected);
    const [decided, copied] = [decisionsIn(tape), tape.filter(isDecision)];
    for (const isOfLane of [isOfBars, (event: { readonly stream: string }) => !isOfBars(event)]) {
      expect(copied.filter(isOfLane).map(({ id }) => id)).toEqual(decided.filter(isOfLane).map(({ id }) => id));
    }
    largest = Math.max(largest, groupSizes(tape));
  }
  expect(largest).toBeGreaterThan(5);
});

/** The most cascades that lie behind one another with nothing between them. */
function groupSizes(tape: readonly RecordedEvent[]): number {
  let [largest, size] = [0, 0];
  for (const { type } of tape) {
    size = type === 'CascadeDecided' ? size + 1 : 0;
    largest = Math.max(largest, size);
  }
  return largest;
}
