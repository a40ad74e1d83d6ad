/**
 * Appends of evidence that are decided upon in the commit that records them, where the engine is in this process and
 * has nothing else in hand: one wait for the disk instead of two. Else they are recorded by themselves, and the engine
 * hears of them from the tape; so they are as well when deciding fails, for no failure of the engine's loses evidence.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { Appended, EventStore, ExpectedRevision, TapeSection } from '../../ports/event-store.ts';
import { pause } from '../../waiting.ts';
import type { EngineRunner } from './engine-runner.ts';
import { MAX_STEPS } from './in-step.ts';

/** Appends that wait for the commit in hand; more are refused. */
const MAX_WAITING = 10_000;
/** How long what is appended next waits for the engine's checkpoint, which lies in another store: that may be away. */
const CHECKPOINT_PATIENCE_MS = 100;

interface Waiting {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly TapeEvent[];
  readonly resolve: (appended: Appended | Promise<Appended>) => void;
  readonly reject: (error: unknown) => void;
}

export class AppendsInStep {
  readonly #store: EventStore;
  readonly #engine: Pick<EngineRunner, 'isAtRest' | 'decideWith'>;
  readonly #time: Time;
  readonly #onFailure: (error: unknown) => void;
  /** In the order in which they came, which is kept: a writer may count on its earlier append. */
  #waiting: Waiting[] = [];
  #draining: Promise<void> | undefined;
  /** Resolves when the engine has done with the last commit, its checkpoint included. */
  #deciding: Promise<void> = Promise.resolve();
  #isClosed = false;

  /**
   * `store` has a lock, and is the one that `engine` decides on, with it. `onFailure` is told why deciding failed; what
   * was appended is recorded all the same, and the engine begins again with the next evidence.
   */
  constructor(
    store: EventStore,
    engine: Pick<EngineRunner, 'isAtRest' | 'decideWith'>,
    time: Time,
    onFailure: (error: unknown) => void,
  ) {
    this.#time = time;
    this.#store = store;
    this.#engine = engine;
    this.#onFailure = onFailure;
  }

  /** As `EventStore.append`. */
  append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    if (this.#draining === undefined && !this.#mayDecide) return this.#store.append(stream, expected, events);
    return new Promise((resolve, reject) => {
      if (this.#waiting.length >= MAX_WAITING) {
        throw new StoreError(`${MAX_WAITING} appends wait to be decided upon: the disk is too slow; append less at once`);
      }
      // A copy, as the store would make: what happens to the events after the call changes nothing.
      this.#waiting.push({ stream, expected, events: structuredClone(events), resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** From now on nothing is decided upon. Resolves when the store has all that waits, and the engine has nothing in hand. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
    await this.#deciding;
  }

  get #mayDecide(): boolean {
    return !this.#isClosed && this.#engine.isAtRest;
  }

  async #drain(): Promise<void> {
    // Whatever else is appended in this turn joins the group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      // While it catches up with others, which may take long, nobody waits for it.
      if (this.#mayDecide) await this.#decideUpon();
      else this.#recordOnly(this.#waiting.splice(0));
    }
    this.#draining = undefined;
  }

  /** Records what waits, as much as goes into one commit, with all that follows from it. */
  async #decideUpon(): Promise<void> {
    let group: readonly Waiting[] | undefined;
    let settled: readonly (() => void)[] = [];
    const told = Promise.withResolvers<void>();
    const record = (section: TapeSection): void => {
      // Chosen when the lock is there: what came meanwhile is in the same commit.
      group = this.#takeGroup();
      settled = group.map((append) => appendWithin(section, append));
    };
    const tell = (): void => {
      for (const settle of settled) settle();
      group = [];
      told.resolve();
    };
    const failed = (error: unknown): false => {
      this.#onFailure(error);
      // There was no lock to be had: as in the store's own queue, all that waits has waited long enough.
      if (group === undefined) for (const { reject } of this.#waiting.splice(0)) reject(error);
      return false;
    };
    this.#deciding = this.#engine
      .decideWith(record, tell)
      .catch(failed)
      .then((isDecided) => {
        if (!isDecided) this.#recordOnly(group ?? this.#waiting.splice(0));
      });
    await doneOrLate(this.#time, this.#deciding, told.promise);
  }

  /** Of no more events than the engine takes in at once; one append has no more. */
  #takeGroup(): readonly Waiting[] {
    let events = 0;
    const past = this.#waiting.findIndex((append, index) => {
      events += append.events.length;
      return index > 0 && events > MAX_STEPS;
    });
    return this.#waiting.splice(0, past < 0 ? this.#waiting.length : past);
  }

  #recordOnly(group: readonly Waiting[]): void {
    for (const { stream, expected, events, resolve } of group) resolve(this.#store.append(stream, expected, events));
  }
}

/** A refusal is that append's alone; what else goes wrong ends the section by itself. Returns what tells the outcome. */
function appendWithin(section: TapeSection, { stream, expected, events, resolve, reject }: Waiting): () => void {
  try {
    const appended = section.append(stream, expected, events);
    return () => resolve(appended);
  } catch (error) {
    return () => reject(error);
  }
}

/** Resolves with `done`, or when that is still not so CHECKPOINT_PATIENCE_MS after `told`. */
async function doneOrLate(time: Time, done: Promise<void>, told: Promise<void>): Promise<void> {
  const over = new AbortController();
  await Promise.race([done, told.then(() => pause(time, CHECKPOINT_PATIENCE_MS, over.signal))]);
  over.abort();
}
