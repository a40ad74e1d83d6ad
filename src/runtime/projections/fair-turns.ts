/** Turns of the event loop, handed out one at a time: pieces of work that would otherwise run in a row let others in. */

import type { Time } from '../../ports/clock.ts';

export class FairTurns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves in a turn that nobody else who asked here has. */
  next(time: Pick<Time, 'nextLoop'>): Promise<void> {
    this.#last = this.#last.then(() => time.nextLoop());
    return this.#last;
  }
}
