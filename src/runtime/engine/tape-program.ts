/**
 * Work on the tape that is written once and run in two ways: synchronously within an exclusive section of an embedded
 * store, or over the network. The program is a generator that asks for reads and appends.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Appended, EventStore, ExpectedRevision, ReadQuery, TapeSection } from '../../ports/event-store.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';
import type { AppendsInOrder, OneAppend } from '../process/appends-in-order.ts';

type Operation =
  | { readonly kind: 'read'; readonly query: ReadQuery }
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly expected: ExpectedRevision;
      readonly events: readonly TapeEvent[];
    }
  | { readonly kind: 'append-in-order'; readonly appends: readonly OneAppend[] }
  | { readonly kind: 'together'; readonly programs: readonly TapeProgram<void>[] }
  | { readonly kind: 'begin'; readonly program: TapeProgram<void> }
  | { readonly kind: 'begun-ended'; readonly unless: Promise<void> | undefined }
  | { readonly kind: 'turn' };

/** What a program waits for and tells over the network; nothing without. */
interface Surroundings {
  /** Of the same store. */
  readonly inOrder?: AppendsInOrder;
  /** Called after each operation that was answered. */
  readonly onStep?: () => void;
  /** Resolves when whatever else the thread has to do is done for now. */
  readonly nextLoop?: () => Promise<void>;
}

/** How often a piece of work is tried while others append. */
const MAX_RACES = 20;

/** Most programs of one `together` that are under way over the network at once; the others wait. */
const MAX_TOGETHER = 64;

/** A program that returns a `T`. */
export type TapeProgram<T> = Generator<Operation, T, unknown>;

export function* read(query: ReadQuery): TapeProgram<RecordedEvent[]> {
  return (yield { kind: 'read', query }) as RecordedEvent[];
}

/** Fails, at the `yield*`, as `EventStore.append` does. */
export function* append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): TapeProgram<Appended> {
  return (yield { kind: 'append', stream, expected, events }) as Appended;
}

/**
 * Makes the appends in their order, without waiting for one before the next is sent, until one has failed. Returns how many
 * are known to be there, from the first on: 0 where none can be on its way while another is.
 */
export function* appendInOrder(appends: readonly OneAppend[]): TapeProgram<number> {
  return (yield { kind: 'append-in-order', appends }) as number;
}

/**
 * Runs programs that do not depend on one another: within a section one after the other, over the network side by side.
 * Fails with the first failure, once those under way have ended; no other is begun then.
 */
export function* together(programs: readonly TapeProgram<void>[]): TapeProgram<void> {
  yield { kind: 'together', programs };
}

/**
 * Begins a program beside this one; within a section it ends at once. The one begun before has ended. What runs this one
 * waits for it at last, but hears of a failure only by `begunEnded`.
 */
export function* begin(program: TapeProgram<void>): TapeProgram<void> {
  yield { kind: 'begin', program };
}

/** Waits for what was begun, or for `unless`, whichever comes first. Fails as what was begun does. */
export function* begunEnded(unless?: Promise<void>): TapeProgram<void> {
  yield { kind: 'begun-ended', unless };
}

/** Between two pieces of long work: over the network, what else is due, such as the raise of a lease, has its turn. */
export function* turn(): TapeProgram<void> {
  yield { kind: 'turn' };
}

/** Runs the program within an exclusive section. */
export function runInSection<T>(section: TapeSection, program: TapeProgram<T>): T {
  let next = program.next();
  while (!next.done) {
    const operation = next.value;
    let result: unknown;
    try {
      if (operation.kind === 'read') result = section.read(operation.query);
      else if (operation.kind === 'append') result = section.append(operation.stream, operation.expected, operation.events);
      else if (operation.kind === 'append-in-order') result = 0;
      else if (operation.kind === 'together') for (const each of operation.programs) runInSection(section, each);
      else if (operation.kind === 'begin') runInSection(section, operation.program);
    } catch (error) {
      next = program.throw(error);
      continue;
    }
    next = program.next(result);
  }
  return next.value;
}

/** Runs the program over the store's asynchronous port. */
export async function runOver<T>(store: EventStore, program: TapeProgram<T>, around: Surroundings = {}): Promise<T> {
  let begun: Promise<void> = Promise.resolve();
  const perform = async (operation: Operation): Promise<unknown> => {
    if (operation.kind === 'read') return store.read(operation.query);
    if (operation.kind === 'append') return store.append(operation.stream, operation.expected, operation.events);
    if (operation.kind === 'append-in-order') return (await around.inOrder?.make(operation.appends)) ?? 0;
    if (operation.kind === 'together') return runTogether(store, operation.programs, around);
    if (operation.kind === 'begun-ended') return operation.unless === undefined ? begun : Promise.race([begun, operation.unless]);
    if (operation.kind === 'turn') return around.nextLoop?.();
    begun = runOver(store, operation.program, around);
    // It is told by `begunEnded`.
    begun.catch(() => undefined);
    return undefined;
  };
  try {
    let next = program.next();
    while (!next.done) {
      let result: unknown;
      try {
        result = await perform(next.value);
      } catch (error) {
        next = program.throw(error);
        continue;
      }
      around.onStep?.();
      next = program.next(result);
    }
    return next.value;
  } finally {
    await begun.catch(() => undefined);
  }
}

async function runTogether(store: EventStore, programs: readonly TapeProgram<void>[], around: Surroundings): Promise<void> {
  const failures: unknown[] = [];
  const waiting = programs.values();
  const runNext = async (): Promise<void> => {
    for (let next = waiting.next(); !next.done && failures.length === 0; next = waiting.next()) {
      await runOver(store, next.value, around).catch((error: unknown) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(programs.length, MAX_TOGETHER) }, runNext));
  if (failures.length > 0) throw failures[0];
}

/** Does the work again, MAX_RACES times in all, as long as `isLost` says of its failure that others were quicker. */
export async function racing<T>(work: () => Promise<T>, isLost: (error: unknown) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === MAX_RACES || !isLost(error)) throw error;
    }
  }
}
