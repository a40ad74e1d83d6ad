/**
 * Work on the tape that is written once and run in two ways: synchronously within an exclusive section of an embedded
 * store, or over the network. The program is a generator that asks for reads and appends.
 */

import type { TapeEvent } from '../../domain/catalogue.ts';
import type { Appended, EventStore, ExpectedRevision, ReadQuery, TapeSection } from '../../ports/event-store.ts';
import type { RecordedEvent } from '../../tape/envelope.ts';

type Operation =
  | { readonly kind: 'read'; readonly query: ReadQuery }
  | {
      readonly kind: 'append';
      readonly stream: string;
      readonly expected: ExpectedRevision;
      readonly events: readonly TapeEvent[];
    };

/** A program that returns a `T`. */
export type TapeProgram<T> = Generator<Operation, T, unknown>;

export function* read(query: ReadQuery): TapeProgram<RecordedEvent[]> {
  return (yield { kind: 'read', query }) as RecordedEvent[];
}

/** Fails, at the `yield*`, as `EventStore.append` does. */
export function* append(stream: string, expected: ExpectedRevision, events: readonly TapeEvent[]): TapeProgram<Appended> {
  return (yield { kind: 'append', stream, expected, events }) as Appended;
}

/** Runs the program within an exclusive section. */
export function runInSection<T>(section: TapeSection, program: TapeProgram<T>): T {
  let next = program.next();
  while (!next.done) {
    const operation = next.value;
    let result: unknown;
    try {
      result =
        operation.kind === 'read'
          ? section.read(operation.query)
          : section.append(operation.stream, operation.expected, operation.events);
    } catch (error) {
      next = program.throw(error);
      continue;
    }
    next = program.next(result);
  }
  return next.value;
}

/** Runs the program over the store's asynchronous port; `onStep` is called after each operation that was answered. */
export async function runOver<T>(store: EventStore, program: TapeProgram<T>, onStep = (): void => undefined): Promise<T> {
  let next = program.next();
  while (!next.done) {
    const operation = next.value;
    let result: unknown;
    try {
      result =
        operation.kind === 'read'
          ? await store.read(operation.query)
          : await store.append(operation.stream, operation.expected, operation.events);
    } catch (error) {
      next = program.throw(error);
      continue;
    }
    onStep();
    next = program.next(result);
  }
  return next.value;
}
