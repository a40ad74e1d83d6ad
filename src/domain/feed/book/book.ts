/** A book as a feed sees it, by whatever rules it is kept. */

import type { BookSnapshot, DepthUpdate } from '../messages.ts';
import type { BookSide } from './book-side.ts';

/** `syncing`: never complete yet. `stale`: not to be trusted, because of a gap or because bid and ask cross. */
export type BookState = 'syncing' | 'valid' | 'stale';

/**
 * What became of an update. One that waits is applied later, or dropped. One that breaks the book shows that something is
 * missing before it, or that the book is not the venue's.
 */
export type UpdateOutcome = 'applied' | 'waits' | 'breaks' | 'dropped';

/** Most levels of a side; those farthest from the best are dropped first. */
export const MAX_LEVELS = 50_000;

export interface Book {
  readonly bids: BookSide;
  readonly asks: BookSide;
  /** Id of the last update applied, or of the snapshot; -1 before any. */
  readonly updateId: number;
  /** Event time of what was applied last, epoch ms; null when nothing told one. */
  readonly eventTime: number | null;
  /** Event time at which the venue's ids last began anew, epoch ms; null when they never did. */
  readonly resetTime: number | null;
  readonly hasGap: boolean;
  readonly state: BookState;
  /** Are the best bid and ask known to be the best? */
  readonly isQuoteKnown: boolean;
  /** Takes a snapshot in. Returns whether it changes what is known of the book. */
  applySnapshot(snapshot: BookSnapshot): boolean;
  apply(update: DepthUpdate): UpdateOutcome;
  /** Counts what still waits as dropped: nothing more comes. */
  drop(): void;
}
