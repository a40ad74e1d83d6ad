/** Where market data comes from. */

import { UserError } from '../domain/user-error.ts';

/** A recording that cannot be opened or is none: says which file, what is wrong and what to do. */
export class RecordingError extends UserError {}

/** Is told how much of a feed came in and how long some of it took: for figures, never for decisions. */
export interface FeedMeter {
  /** So many frames, candles or lines came in. */
  received(frames: number): void;
  /** One of them took so long: to be read, to be taken into the book, or into a bar. Told now and then only. */
  took(operation: 'parse' | 'book' | 'bar', ms: number): void;
}
