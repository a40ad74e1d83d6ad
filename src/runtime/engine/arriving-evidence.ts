/** Evidence on its way from a subscription to the engine, which takes what has come whenever it can decide on more. */

import type { RecordedEvent } from '../../tape/envelope.ts';

/** With as many pieces waiting, the subscription waits as well. */
const MAX_WAITING = 500;

export interface PushedEvidence {
  /** There is no evidence between this position and the events. */
  readonly after: string;
  readonly events: readonly RecordedEvent[];
  readonly arriving?: ArrivingEvidence;
}

/** Evidence that comes while what came before is decided on. */
export interface ArrivingEvidence {
  /** All that has come since; it lies behind what came before, with none between. */
  take(): readonly RecordedEvent[];
  /** Resolves when something has come, or will no more. */
  arrived(): Promise<void>;
}

/** Evidence that was handed over and is yet to be taken in. */
export class HandedOver implements ArrivingEvidence {
  /** Of the last evidence that was taken: there is none between it and what waits. */
  after: string;
  isOver = false;
  #waiting: RecordedEvent[] = [];
  #arrival = Promise.withResolvers<void>();
  #room = Promise.withResolvers<void>();

  constructor(after: string) {
    this.after = after;
  }

  /** Resolves when more may come. */
  async add(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0 || this.isOver) return;
    this.#waiting.push(...events);
    this.#arrival.resolve();
    if (this.#waiting.length >= MAX_WAITING) await this.#room.promise;
  }

  take(): readonly RecordedEvent[] {
    const events = this.#waiting;
    this.after = events.at(-1)?.position ?? this.after;
    this.#waiting = [];
    this.#room.resolve();
    if (this.isOver) return events;
    [this.#arrival, this.#room] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    return events;
  }

  arrived(): Promise<void> {
    return this.#arrival.promise;
  }

  /** Nothing more comes, and what waits is not taken in. */
  end(): void {
    this.isOver = true;
    this.#waiting = [];
    this.#arrival.resolve();
    this.#room.resolve();
  }
}
