/** Keeps the leases of one process: looks at all of them, raises those that it holds, takes those that are wanted and free. */

import { pause } from '../../waiting.ts';
import { Lease, type LeaseTerms } from './lease.ts';

/** Looks within a lease's length: so much later than its length it may be taken over. */
const LOOKS = 10;
/** A call that takes longer than this part of a lease's length is given up: others are due. */
const CALLS = 4;

/** A lease and its holder. */
export interface LeaseHolder {
  readonly name: string;
  /** The process that holds it, such as `host-7:4711`; null for nobody. */
  readonly holder: string | null;
  /** It is this process. */
  readonly here: boolean;
}

export class LeaseKeeper {
  readonly #terms: LeaseTerms;
  readonly #onFailure: (error: unknown) => void;
  readonly #byName = new Map<string, Lease>();
  readonly #closing = new AbortController();
  readonly #looking: Promise<void>;
  #isLooking = false;
  /** Aborts when another lease is wanted: whoever needs many, one after the other, does not wait for a look each time. */
  #wanted = new AbortController();

  /** Looks from now on; `onFailure` is called for each look or change that failed. */
  constructor(terms: LeaseTerms, onFailure: (error: unknown) => void) {
    this.#terms = terms;
    this.#onFailure = onFailure;
    this.#looking = this.#keepLooking();
  }

  /** The lease of that name, as this process has it. */
  lease(name: string): Lease {
    const known = this.#byName.get(name) ?? new Lease(name, this.#terms, () => this.#wanted.abort());
    this.#byName.set(name, known);
    return known;
  }

  /** The leases that this process knows, in the order of their names. */
  holders(): LeaseHolder[] {
    return [...this.#byName.values()]
      .map((lease) => ({ name: lease.name, holder: lease.holder(), here: lease.isHeld() }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Gives back the leases that are held. The work under them must be finished. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#looking;
    await Promise.all([...this.#byName.values()].map((lease) => this.#attempt(() => lease.giveBack())));
  }

  async #keepLooking(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      this.#wanted = new AbortController();
      await this.#attempt(() => this.#look());
      await Promise.all([...this.#byName.values()].map((lease) => this.#attempt(() => lease.step())));
      await pause(this.#terms.time, this.#terms.lengthMs / LOOKS, AbortSignal.any([this.#closing.signal, this.#wanted.signal]));
    }
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const records = await this.#terms.leases.read();
      for (const lease of this.#byName.values()) lease.noteRecord(records.get(lease.name) ?? null);
    } finally {
      this.#isLooking = false;
    }
  }

  /** Waits for a call for some time only. One that comes to its end later changes the record, and the next look tells. */
  async #attempt(call: () => Promise<void>): Promise<void> {
    const { time, lengthMs } = this.#terms;
    const over = new AbortController();
    const called = call().catch(this.#onFailure);
    await Promise.race([called, pause(time, lengthMs / CALLS, over.signal)]);
    over.abort();
  }
}
