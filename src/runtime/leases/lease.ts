/**
 * One lease as one instance sees it. Its record holds an owner, an epoch and a counter that the owner raises. No clock
 * is shared: an instance that sees the counter stand still for the lease's length, by a monotonic clock of its own,
 * takes over by compare-and-set on the counter that it saw. An owner whose last raise began more than two thirds of that
 * length ago has stopped by then. Every use asks for that, and not a timer alone, for a process may be frozen.
 */

import type { Time } from '../../ports/clock.ts';
import type { LeaseRecord, Leases } from '../../ports/leases.ts';
import { pause } from '../../waiting.ts';

/** An instance, and how long its leases are. */
export interface LeaseTerms {
  readonly leases: Leases;
  /** The process's random incarnation. */
  readonly owner: string;
  /** The process as a person finds it, such as `host-7:4711`. */
  readonly holder: string;
  /** The same for all instances. */
  readonly lengthMs: number;
  readonly time: Pick<Time, 'monotonic' | 'after'>;
}

/** Another instance may do this work now: what was begun is not to be finished here. */
export class LeaseLostError extends Error {
  constructor(name: string) {
    super(`the lease "${name}" is not held any more`);
  }
}

/** The time for which a lease is held, from one taking to its end. */
export class Tenure {
  readonly name: string;
  readonly #terms: LeaseTerms;
  readonly #ending = new AbortController();
  /** When the last raise that is known to have succeeded began. */
  #raisedAt: number;

  constructor(name: string, terms: LeaseTerms, raisedAt: number) {
    this.name = name;
    this.#terms = terms;
    this.#raisedAt = raisedAt;
    void this.#watch();
  }

  /** Aborts when it is over, as soon as that is known. */
  get ended(): AbortSignal {
    return this.#ending.signal;
  }

  /** May the work be done at this moment? */
  isHeld(): boolean {
    if (this.#leftMs() <= 0) this.end();
    return !this.ended.aborted;
  }

  /** Throws LeaseLostError when it is over. */
  assertHeld(): void {
    if (!this.isHeld()) throw new LeaseLostError(this.name);
  }

  /** The counter was raised; `began` is when that was begun. */
  noteRaised(began: number): void {
    this.#raisedAt = began;
  }

  end(): void {
    this.#ending.abort();
  }

  #leftMs(): number {
    return this.#raisedAt + (this.#terms.lengthMs * 2) / 3 - this.#terms.time.monotonic();
  }

  async #watch(): Promise<void> {
    while (this.isHeld()) await pause(this.#terms.time, Math.ceil(this.#leftMs()), this.ended);
  }
}

/** How often, within its length, a lease is raised by its owner. */
const RAISES = 5;

export class Lease {
  readonly name: string;
  readonly #terms: LeaseTerms;
  #tenure: Tenure | undefined;
  /** The record as last read or set; null where there is none, undefined before the first look. */
  #record: LeaseRecord | null | undefined;
  /** When that record was first seen. */
  #seenAt = 0;
  #raiseBegan = 0;
  #isStepping = false;
  readonly #onWanted: () => void;
  readonly #waiters = new Set<(tenure: Tenure) => void>();

  /** `onWanted` is called when somebody begins to wait for it. */
  constructor(name: string, terms: LeaseTerms, onWanted: () => void = () => undefined) {
    this.name = name;
    this.#terms = terms;
    this.#onWanted = onWanted;
  }

  /** Held by this instance now? */
  isHeld(): boolean {
    return this.#tenure?.isHeld() ?? false;
  }

  /** The holder, as far as is known here; null for nobody. */
  holder(): string | null {
    return this.#record?.owner == null ? null : this.#record.holder;
  }

  /** Resolves once it is held here; undefined when `signal` aborts before. */
  acquire(signal: AbortSignal): Promise<Tenure | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    if (this.#tenure?.isHeld()) return Promise.resolve(this.#tenure);
    return new Promise((resolve) => {
      const done = (tenure: Tenure | undefined): void => {
        this.#waiters.delete(done);
        signal.removeEventListener('abort', giveUp);
        resolve(tenure);
      };
      const giveUp = (): void => done(undefined);
      signal.addEventListener('abort', giveUp);
      this.#waiters.add(done);
      this.#onWanted();
    });
  }

  /** Takes in what a look has found. */
  noteRecord(found: LeaseRecord | null): void {
    if (this.#record !== undefined && found?.counter === this.#record?.counter && found?.owner === this.#record?.owner) return;
    this.#remember(found);
    if (found?.owner !== this.#terms.owner) this.#tenure?.end();
  }

  /** Raises the counter where it is held and due, or takes the lease where it is wanted and free. One call at a time. */
  async step(): Promise<void> {
    if (this.#isStepping) return;
    this.#isStepping = true;
    try {
      await this.#raiseOrTake();
    } finally {
      this.#isStepping = false;
    }
  }

  async #raiseOrTake(): Promise<void> {
    const now = this.#terms.time.monotonic();
    if (this.isHeld()) {
      if (now - this.#raiseBegan >= this.#terms.lengthMs / RAISES) await this.#raise();
    } else if (this.#waiters.size > 0 && this.#isFree(now)) {
      await this.#take();
    }
  }

  /** Ends the tenure, and says so to the others, so that they need not wait. */
  async giveBack(): Promise<void> {
    if (!this.isHeld()) return;
    this.#tenure?.end();
    await this.#set({ owner: null });
  }

  #isFree(now: number): boolean {
    const record = this.#record;
    if (record === undefined) return false;
    // One that is this instance's by the record was taken, or raised, by a call whose outcome was not known.
    if (record === null || record.owner === null || record.owner === this.#terms.owner) return true;
    return now - this.#seenAt >= this.#terms.lengthMs;
  }

  async #raise(): Promise<void> {
    const began = this.#terms.time.monotonic();
    this.#raiseBegan = began;
    if (!(await this.#set({ owner: this.#terms.owner }))) return;
    this.#tenure?.noteRaised(began);
    // It was given back while the raise was on its way, and came too late for that.
    if (!this.isHeld()) await this.#set({ owner: null });
  }

  async #take(): Promise<void> {
    const began = this.#terms.time.monotonic();
    if (!(await this.#set({ owner: this.#terms.owner, epoch: (this.#record?.epoch ?? 0) + 1 }))) return;
    this.#raiseBegan = began;
    this.#tenure = new Tenure(this.name, this.#terms, began);
    // It may have taken so long that it is over, or nobody waits any more.
    if (!this.isHeld()) return;
    if (this.#waiters.size === 0) await this.giveBack();
    for (const tell of [...this.#waiters]) tell(this.#tenure);
  }

  /** False when another was quicker: the next look says who. */
  async #set(change: Partial<LeaseRecord>): Promise<boolean> {
    const { leases, holder } = this.#terms;
    const before = this.#record ?? null;
    const next = { owner: null, epoch: before?.epoch ?? 1, ...change, holder, counter: (before?.counter ?? 0) + 1 };
    if (!(await leases.compareAndSet(this.name, before?.counter ?? null, next))) return false;
    this.#remember(next);
    return true;
  }

  #remember(record: LeaseRecord | null): void {
    this.#record = record;
    this.#seenAt = this.#terms.time.monotonic();
  }
}
