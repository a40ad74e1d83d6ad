/** The loop behind `subscribe`, the same for every embedded tape. */

import type { Time } from '../../ports/clock.ts';
import { StoreError } from '../../ports/errors.ts';
import type { SubscribeOptions, Subscription } from '../../ports/event-store.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import { positionNumber } from './append-rules.ts';

/** Events of one batch. */
export const MAX_BATCH = 500;

/** The reads that a subscription needs of a tape. Both answer at once. */
export interface TapeSource {
  /** Position of the last event, 0 for none. */
  head(): number;
  /** The next events after a position, at most `limit`, in order. */
  scan(after: number, categories: readonly string[] | undefined, limit: number): readonly RecordedEvent[];
}

export class TapeSubscription implements Subscription {
  readonly ended: Promise<void>;
  readonly #time: Time;
  readonly #source: TapeSource;
  readonly #options: SubscribeOptions;
  #isClosing = false;
  #isWoken = false;
  #wakeUp: (() => void) | undefined;

  constructor(time: Time, source: TapeSource, options: SubscribeOptions) {
    this.#time = time;
    this.#source = source;
    this.#options = options;
    // In a later microtask, so that no handler runs before `subscribe` has returned.
    this.ended = Promise.resolve().then(() => this.#run());
  }

  /** Something was appended, or may have been. */
  wake(): void {
    this.#isWoken = true;
    this.#wakeUp?.();
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.wake();
    // Its failure is told by `ended`.
    await this.ended.catch(() => {});
  }

  async #run(): Promise<void> {
    const { onEvents, onCaughtUp, categories } = this.#options;
    let position = positionNumber(this.#options.after);
    let toldAt = -1;
    while (!this.#isClosing) {
      this.#isWoken = false;
      // Read before the events: whatever is at or before it is then covered by them.
      const head = this.#source.head();
      this.#assertWithin(position, head);
      const events = position < head ? this.#source.scan(position, categories, MAX_BATCH) : [];
      const last = events.at(-1);
      const isFull = events.length === MAX_BATCH;
      position = last === undefined ? head : isFull ? Number(last.position) : Math.max(head, Number(last.position));
      if (last !== undefined) {
        await onEvents(events, String(position));
        // A long way to catch up must not keep the process from everything else.
        if (isFull) await this.#time.nextLoop();
        continue;
      }
      if (toldAt !== position) onCaughtUp?.(String(position));
      toldAt = position;
      await this.#sleep();
    }
  }

  #assertWithin(position: number, head: number): void {
    if (position <= head) return;
    throw new StoreError(
      `position ${position} is past the end of the tape, ${head}: the checkpoint belongs to another tape; name that tape, or forget the checkpoint`,
    );
  }

  async #sleep(): Promise<void> {
    if (this.#isWoken || this.#isClosing) return;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
    });
    this.#wakeUp = undefined;
  }
}
