/** FairTurns of the event loop, handed out one at a time: pieces of work that would otherwise run in a row let others in. */

import { setImmediate as nextTurn } from 'node:timers/promises';

export class FairTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn that nobody else who asked here has. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => nextTurn());
    return this.#last;
  }
}
