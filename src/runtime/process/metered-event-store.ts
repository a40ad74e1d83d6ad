/** A tape that takes the time of every durable write, and shows how many wait and what it keeps for those who follow it. */

import { categoryOf } from '../../domain/streams.ts';
import { counter, type Figures, gauge, histogram, type Metrics, SECONDS } from '../../metrics.ts';
import type { Time } from '../../ports/clock.ts';
import {
  type Appended,
  type CommitHook,
  type EventStore,
  PartialOverlapError,
  type TapeReader,
  type TapeSection,
  WrongExpectedRevisionError,
} from '../../ports/event-store.ts';
import { ForwardingEventStore } from '../../ports/forwarding.ts';
import type { ThreadName } from './process-metrics.ts';

export const TAPE_FAMILIES = {
  append: histogram('tapedeck_append_seconds', 'One append until durable', SECONDS, ['category', 'outcome']),
  writeFailures: counter('tapedeck_write_failures_total', 'Writes that the store could not do, refusals not counted'),
  section: histogram(
    'tapedeck_section_seconds',
    'Appends under the write lock: waiting for it, the work, until durable',
    SECONDS,
    ['phase'],
  ),
  tail: gauge(
    'tapedeck_tape_tail',
    'The latest events, kept in memory for those who follow the tape in EventStoreDB, in events and bytes',
    ['thread', 'unit'],
  ),
  tailLimit: gauge('tapedeck_tape_tail_limit', 'Most that is kept; the oldest go, and are read from the store', [
    'thread',
    'unit',
  ]),
};

type TapeFigures = Figures<typeof TAPE_FAMILIES>;

/** Shows what the tape keeps in memory for those of this thread who follow it, against its limit. */
export function watchTapeTail(metrics: Metrics, thread: ThreadName, { tail }: Pick<TapeReader, 'tail'>): void {
  if (tail === null) return;
  const figures = metrics.of(TAPE_FAMILIES);
  metrics.collect('tape-tail', () => {
    for (const unit of ['events', 'bytes'] as const) {
      figures.tail.set({ thread, unit }, tail.kept[unit]);
      figures.tailLimit.set({ thread, unit }, tail.keptLimit[unit]);
    }
  });
}

/** The store of the main thread, with its writes timed. */
export class MeteredEventStore extends ForwardingEventStore {
  readonly #figures: TapeFigures;
  readonly #time: Time;
  /** Writes that were asked for and are not answered. */
  #inHand = 0;

  constructor(store: EventStore, metrics: Metrics, time: Time) {
    super(store);
    this.#figures = metrics.of(TAPE_FAMILIES);
    this.#time = time;
    if (store.maxWaiting !== null) {
      metrics.watchQueue({ name: 'tape-writes', limit: store.maxWaiting, depth: () => this.#inHand });
    }
    watchTapeTail(metrics, 'main', store);
  }

  override append(...args: Parameters<EventStore['append']>): Promise<Appended> {
    return this.#counted(() => timed(this.#figures, this.#time, args[0], () => super.append(...args)));
  }

  override exclusively<T>(work: (section: TapeSection) => T): Promise<T> {
    return this.#counted(() => timedSection((timed) => super.exclusively(timed), this.#figures, this.#time, work));
  }

  override beforeCommit(hook: CommitHook): () => void {
    return super.beforeCommit(timedHook(hook, this.#figures, this.#time));
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

async function timed(figures: TapeFigures, time: Time, stream: string, append: () => Promise<Appended>): Promise<Appended> {
  const began = time.monotonic();
  let outcome = 'failed';
  try {
    const appended = await append();
    outcome = appended.isRepeated ? 'already' : 'appended';
    return appended;
  } catch (error) {
    if (isRefusal(error)) outcome = 'refused';
    else figures.writeFailures.inc();
    throw error;
  } finally {
    figures.append.observe({ category: categoryOf(stream), outcome }, (time.monotonic() - began) / 1_000);
  }
}

/** The store works, and the stream is not where the writer thought. */
function isRefusal(error: unknown): boolean {
  return error instanceof WrongExpectedRevisionError || error instanceof PartialOverlapError;
}

/** Sections that append nothing cost nothing to make durable, and are left out. */
async function timedSection<T>(
  exclusively: (work: (section: TapeSection) => T) => Promise<T>,
  figures: TapeFigures,
  time: Time,
  work: (section: TapeSection) => T,
): Promise<T> {
  const asked = time.monotonic();
  let [entered, left, appends] = [asked, asked, 0];
  const timed = (section: TapeSection): T => {
    entered = time.monotonic();
    const result = work(counting(section, () => appends++));
    left = time.monotonic();
    return result;
  };
  try {
    const result = await exclusively(timed);
    if (appends > 0) tellPhases(figures, entered - asked, left - entered, time.monotonic() - left);
    return result;
  } catch (error) {
    if (!isRefusal(error)) figures.writeFailures.inc();
    throw error;
  }
}

/** The lock was waited for by the appends that the hook works behind. Where it appends nothing its times are left out. */
function timedHook(hook: CommitHook, figures: TapeFigures, time: Time): CommitHook {
  let [entered, left, appends] = [0, 0, 0];
  return {
    within: (section) => {
      entered = time.monotonic();
      appends = 0;
      hook.within(counting(section, () => appends++));
      left = time.monotonic();
    },
    committed: () => {
      if (appends > 0) {
        figures.section.observe({ phase: 'work' }, (left - entered) / 1_000);
        figures.section.observe({ phase: 'durable' }, (time.monotonic() - left) / 1_000);
      }
      hook.committed();
    },
    undone: (error) => hook.undone(error),
  };
}

/** `section`, which tells of each append. */
function counting(section: TapeSection, onAppend: () => void): TapeSection {
  return {
    append: (stream, expected, events) => {
      onAppend();
      return section.append(stream, expected, events);
    },
    read: (query) => section.read(query),
    revisionOf: (stream) => section.revisionOf(stream),
    at: (stream, revision) => section.at(stream, revision),
    find: (stream, id) => section.find(stream, id),
  };
}

/** In milliseconds: until the lock was there, what was done under it, and until that was durable. */
function tellPhases({ section }: TapeFigures, lock: number, work: number, durable: number): void {
  section.observe({ phase: 'lock' }, lock / 1_000);
  section.observe({ phase: 'work' }, work / 1_000);
  section.observe({ phase: 'durable' }, durable / 1_000);
}
