/** The exclusive section of every embedded tape: it ends with its work, and keeps all of it or nothing. */

import type { TapeSection } from '../../ports/event-store.ts';
import { isRefusal } from './append-rules.ts';

/**
 * Runs `work` on `tape`, which it can use until it returns. Throws when the work does, when it is asynchronous, and, even
 * if the work takes no notice, when anything of it could not be written whole: the store then keeps nothing of it.
 */
export function runSection<T>(tape: TapeSection, work: (section: TapeSection) => T): T {
  let isOver = false;
  let broken: { readonly error: unknown } | undefined;
  const within = <R>(access: () => R): R => {
    if (isOver) throw new Error('the exclusive section is over: its work must be done before it returns');
    if (broken !== undefined) throw broken.error;
    try {
      return access();
    } catch (error) {
      if (!isRefusal(error)) broken = { error };
      throw error;
    }
  };
  try {
    const result = work({
      append: (stream, expected, events) => within(() => tape.append(stream, expected, events)),
      read: (query) => within(() => tape.read(query)),
      revisionOf: (stream) => within(() => tape.revisionOf(stream)),
      at: (stream, revision) => within(() => tape.at(stream, revision)),
      find: (stream, id) => within(() => tape.find(stream, id)),
    });
    if (broken !== undefined) throw broken.error;
    if (result instanceof Promise) {
      throw new Error('the work of an exclusive section must be done when it returns, it must not be asynchronous');
    }
    return result;
  } finally {
    isOver = true;
  }
}
