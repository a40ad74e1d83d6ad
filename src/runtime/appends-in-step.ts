/**
 * Appends of evidence that are decided upon in the commit that records them, where the engine is in this process and
 * has nothing else in hand: one wait for the disk instead of two. Else they are recorded by themselves, and the engine
 * hears of them from the tape; so they are as well when deciding fails, for no failure of the engine's loses evidence.
 */

import type { TapeEvent } from '../domain/catalogue.ts';
import { type Appended, type EventStore, type ExpectedRevision, StoreError, type TapeSection } from '../ports.ts';
import { type EngineRunner, MAX_STEPS } from './engine-runner.ts';

/** Appends that wait for the commit in hand; more are refused. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly stream: string;
  readonly expected: ExpectedRevision;
  readonly events: readonly TapeEvent[];
  readonly resolve: (appended: Appended | Promise<Appended>) => void;
  readonly reject: (error: unknown) => void;
}

export class AppendsInStep {
  private readonly store: EventStore;
  private readonly engine: EngineRunner;
  /** In the order in which they came, which is kept: a writer may count on its earlier append. */
  private waiting: Waiting[] = [];
  private isDraining = false;

  /** `store` has a lock, and is the one that `engine` decides on. */
  constructor(store: EventStore, engine: EngineRunner) {
    this.store = store;
    this.engine = engine;
  }

  /** As `EventStore.append`. */
  append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    if (!this.isDraining && !this.engine.isAtRest) return this.store.append(stream, expected, events);
    return new Promise((resolve, reject) => {
      if (this.waiting.length >= MAX_WAITING) {
        throw new StoreError(`${MAX_WAITING} appends wait to be decided upon: the disk is too slow; append less at once`);
      }
      this.waiting.push({ stream, expected, events, resolve, reject });
      if (!this.isDraining) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.isDraining = true;
    // Whatever else is appended in this turn joins the group.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      // While it catches up with others, which may take long, nobody waits for it.
      if (this.engine.isAtRest) await this.decideUpon();
      else this.recordOnly(this.waiting.splice(0));
    }
    this.isDraining = false;
  }

  /** Records what waits, as much as goes into one commit, with all that follows from it. */
  private async decideUpon(): Promise<void> {
    let group: readonly Waiting[] = [];
    let settled: readonly (() => void)[] = [];
    const record = (section: TapeSection): void => {
      // Chosen when the lock is there: what came meanwhile is in the same commit.
      group = this.takeGroup();
      settled = group.map((append) => appendWithin(section, append));
    };
    const tell = (): void => {
      for (const settle of settled) settle();
      group = [];
    };
    // The engine has thrown its state away, and tells why when it comes to the evidence by the tape.
    await this.engine.decideWith(record, tell).catch(() => undefined);
    this.recordOnly(group);
  }

  private takeGroup(): readonly Waiting[] {
    let [count, events] = [0, 0];
    while (count < this.waiting.length && events < MAX_STEPS) events += (this.waiting[count++] as Waiting).events.length;
    return this.waiting.splice(0, count);
  }

  private recordOnly(group: readonly Waiting[]): void {
    for (const { stream, expected, events, resolve } of group) resolve(this.store.append(stream, expected, events));
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
