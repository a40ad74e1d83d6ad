/**
 * The last events of the tape, read once for all who follow it: at its end a dozen followers ask for the same rows, each
 * for some categories of them. Events never change, so what was read stays true.
 */

import { categoryOf } from '../../domain/streams.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import type { TapeSource } from '../rules/subscription.ts';
import type { StoredRows } from './stored-rows.ts';

/** Whoever is further back than so many events reads for itself the categories that it wants. */
const NEAR_END = 500;
/** Events that are kept. */
const MAX_KEPT = 1_000;

export class RecentEvents implements TapeSource {
  readonly #rows: Pick<StoredRows, 'last' | 'read'>;
  readonly #reading: <T>(read: () => T) => T;
  /** All events after `#after` up to `#upTo`. */
  #kept: RecordedEvent[] = [];
  #after = 0;
  #upTo = 0;
  #head = 0;

  /** `reading` is what each read of the rows is wrapped in. */
  constructor(rows: Pick<StoredRows, 'last' | 'read'>, reading: <T>(read: () => T) => T) {
    this.#rows = rows;
    this.#reading = reading;
  }

  head(): number {
    this.#head = this.#reading(() => this.#rows.last().position);
    return this.#head;
  }

  /** The events up to the head that was asked for last, and perhaps some that came since. */
  scan(after: number, categories: readonly string[] | undefined, limit: number): readonly RecordedEvent[] {
    return this.#reading(() => {
      if (!this.#hasAllAfter(after)) return this.#rows.read({ after: String(after), categories, limit });
      const found: RecordedEvent[] = [];
      for (let index = this.#firstAfter(after); index < this.#kept.length && found.length < limit; index++) {
        const event = this.#kept[index] as RecordedEvent;
        if (categories?.includes(categoryOf(event.stream)) ?? true) found.push(event);
      }
      return found;
    });
  }

  /** Reads what is not kept yet. False for whoever is too far back, and where one of the events cannot be read. */
  #hasAllAfter(after: number): boolean {
    if (this.#head - after > NEAR_END) return false;
    if (after < this.#after || this.#head - this.#upTo > NEAR_END) this.#beginAt(after);
    try {
      while (this.#upTo < this.#head) {
        const page = this.#rows.read({ after: String(this.#upTo), limit: NEAR_END });
        this.#kept.push(...page);
        const last = Number(page.at(-1)?.position ?? this.#head);
        this.#upTo = page.length === NEAR_END ? last : Math.max(this.#head, last);
      }
    } catch {
      // Perhaps of a category that this follower does not want: it is told by the read of its own, or not at all.
      this.#beginAt(after);
      return false;
    }
    const tooMany = this.#kept.length - MAX_KEPT;
    if (tooMany > 0) this.#after = Number(this.#kept.splice(0, tooMany).at(-1)?.position);
    return after >= this.#after;
  }

  #beginAt(position: number): void {
    this.#kept = [];
    [this.#after, this.#upTo] = [position, position];
  }

  /** By the position, from the end: most followers want the last few. */
  #firstAfter(position: number): number {
    let index = this.#kept.length;
    while (index > 0 && Number(this.#kept[index - 1]?.position) > position) index--;
    return index;
  }
}
