/** A tape that takes the time of every durable write, and shows how many wait and what it keeps for those who follow it. */

import type { TapeEvent } from '../../domain/catalogue.ts';
import { categoryOf } from '../../domain/streams.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import {
  type Appended,
  type EventStore,
  type ExpectedRevision,
  PartialOverlapError,
  type TapeReader,
  type TapeSection,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import { ForwardingEventStore } from '../../ports/forwarding.ts';
import type { ThreadName } from './process-metrics.ts';

/** Shows what the tape keeps in memory for those of this thread who follow it, against its limit. */
export function watchTapeTail(metrics: Metrics, thread: ThreadName, { tail }: Pick<TapeReader, 'tail'>): void {
  if (tail === null) return;
  metrics.collect('tape-tail', () => {
    for (const unit of ['events', 'bytes'] as const) {
      metrics.tapeTail.set({ thread, unit }, tail.held[unit]);
      metrics.tapeTailLimit.set({ thread, unit }, tail.heldLimit[unit]);
    }
  });
}

/** The store of the main thread, with its writes timed. */
export class MeteredEventStore extends ForwardingEventStore {
  readonly #metrics: Metrics;
  readonly #time: Time;
  readonly #append: EventStore['append'];
  /** Writes that were asked for and are not answered. */
  #inHand = 0;

  /** Appends are made by `append`. */
  constructor(store: EventStore, metrics: Metrics, time: Time, append: EventStore['append'] = store.append.bind(store)) {
    super(store);
    this.#metrics = metrics;
    this.#time = time;
    this.#append = append;
    if (store.maxWaiting !== null) {
      metrics.watchQueue({ name: 'tape-writes', limit: store.maxWaiting, depth: () => this.#inHand });
    }
    watchTapeTail(metrics, 'main', store);
  }

  override append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): Promise<Appended> {
    return this.#counted(() => timed(this.#metrics, this.#time, stream, () => this.#append(stream, expected, events)));
  }

  override exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return this.#counted(() => timedSection((timed) => super.exclusively(timed), this.#metrics, this.#time, work));
  }

  async #counted<T>(write: () => Promise<T>): Promise<T> {
    this.#inHand++;
    try {
      return await write();
    } finally {
      this.#inHand--;
    }
  }
}

async function timed(metrics: Metrics, time: Time, stream: string, append: () => Promise<Appended>): Promise<Appended> {
  const began = time.monotonic();
  let outcome = 'failed';
  try {
    const appended = await append();
    outcome = appended.already ? 'already' : 'appended';
    return appended;
  } catch (error) {
    if (isRefusal(error)) outcome = 'refused';
    else metrics.writeFailures.inc();
    throw error;
  } finally {
    metrics.append.observe({ category: categoryOf(stream), outcome }, (time.monotonic() - began) / 1_000);
  }
}

/** The store works, and the stream is not where the writer thought. */
function isRefusal(error: unknown): boolean {
  return error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError;
}

/** Sections that append nothing cost nothing to make durable, and are left out. */
async function timedSection<T>(
  exclusively: (work: (section: TapeSection) => T) => Promise<T>,
  metrics: Metrics,
  time: Time,
  work: (section: TapeSection) => T,
): Promise<T> {
  const asked = time.monotonic();
  let [entered, left, appends] = [asked, asked, 0];
  const timed = (section: TapeSection): T => {
    entered = time.monotonic();
    const result = work({
      append: (stream, expected, events) => {
        appends++;
        return section.append(stream, expected, events);
      },
      read: (query) => section.read(query),
      revisionOf: (stream) => section.revisionOf(stream),
      at: (stream, revision) => section.at(stream, revision),
      find: (stream, id) => section.find(stream, id),
    });
    left = time.monotonic();
    return result;
  };
  try {
    const result = await exclusively(timed);
    if (appends > 0) tellPhases(metrics, entered - asked, left - entered, time.monotonic() - left);
    return result;
  } catch (error) {
    if (!isRefusal(error)) metrics.writeFailures.inc();
    throw error;
  }
}

/** In milliseconds: until the lock was there, what was done under it, and until that was durable. */
function tellPhases(metrics: Metrics, lock: number, work: number, durable: number): void {
  metrics.section.observe({ phase: 'lock' }, lock / 1_000);
  metrics.section.observe({ phase: 'work' }, work / 1_000);
  metrics.section.observe({ phase: 'durable' }, durable / 1_000);
}
