/** A tape that takes the time of every durable write, and shows how many wait and what it keeps for those who follow it. */

import { categoryOf } from '../../domain/streams.ts';
import type { Metrics } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import {
  type Appended,
  type EventStore,
  PartialOverlapError,
  type ReadQuery,
  type SubscribeOptions,
  type TapeSection,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import type { ThreadName } from './process-metrics.ts';

/** Shows what the tape keeps in memory for those of this thread who follow it, against its limit. */
export function watchTapeTail(metrics: Metrics, thread: ThreadName, { feed }: Pick<EventStore, 'feed'>): void {
  if (feed === undefined) return;
  metrics.collect('tape-feed', () => {
    for (const unit of ['events', 'bytes'] as const) {
      metrics.tapeTail.set({ thread, unit }, feed.held[unit]);
      metrics.tapeTailLimit.set({ thread, unit }, feed.heldLimit[unit]);
    }
  });
}

/** `store` of the main thread, with its writes timed; appends are made by `append`. Reads and subscriptions pass untouched. */
export function meteredEventStore(
  store: EventStore,
  metrics: Metrics,
  time: Time,
  append: EventStore['append'] = store.append.bind(store),
): EventStore {
  let inHand = 0;
  if (store.maxWaiting !== undefined) {
    metrics.watchQueue({ name: 'tape-writes', limit: store.maxWaiting, depth: () => inHand });
  }
  watchTapeTail(metrics, 'main', store);
  const counted = async <T>(write: () => Promise<T>): Promise<T> => {
    inHand++;
    try {
      return await write();
    } finally {
      inHand--;
    }
  };
  const exclusively = store.exclusively?.bind(store);
  const at = store.at?.bind(store);
  return {
    ...(store.maxWaiting === undefined ? {} : { maxWaiting: store.maxWaiting }),
    append: (stream, expected, events) => counted(() => timed(metrics, time, stream, () => append(stream, expected, events))),
    read: (query: ReadQuery) => store.read(query),
    byId: (id: string) => store.byId(id),
    ...(at === undefined ? {} : { at }),
    head: () => store.head(),
    subscribe: (options: SubscribeOptions) => store.subscribe(options),
    ...(exclusively === undefined
      ? {}
      : { exclusively: <T>(work: (section: TapeSection) => T) => counted(() => timedSection(exclusively, metrics, time, work)) }),
    close: () => store.close(),
  };
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
  exclusively: NonNullable<EventStore['exclusively']>,
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
