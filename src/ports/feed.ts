/** Market data of one instrument, from a recording or a venue. */

import type { EvidenceDraft } from '../domain/feed/evidence.ts';
import type { Tally } from '../domain/feed/tally.ts';
import { UserError } from '../domain/user-error.ts';

/** A recording that cannot be opened or is none: says which file, what is wrong and what to do. */
export class RecordingError extends UserError {}

/** Measures how much of a feed came in and how long some of it took: for figures, never for decisions. */
export interface FeedMeter {
  /** So many frames, candles or lines came in. */
  noteFrames(frames: number): void;
  /** The clock by which it measures: milliseconds, forward only. */
  monotonic(): number;
  /** One of them took so long: to be read, to be taken into the book, or into a bar. Told now and then only. */
  noteTime(operation: 'parse' | 'book' | 'bar', ms: number): void;
}

/** Follows and ends the reading of a feed. */
export interface FeedReading {
  /** Counts what cannot be used or has to be allowed for. */
  readonly tally: Tally;
  readonly meter?: FeedMeter | undefined;
  /** Ends the reading between two batches; that is no error. */
  readonly signal?: AbortSignal | undefined;
}

/** The market data of one instrument from one source. */
export interface Feed {
  /**
   * The evidence from the beginning of the source, in batches that keep its order: the same data gives the same
   * evidence each time. Ends with the source, or with the signal. Data that cannot be used is counted and loses nothing
   * else; throws RecordingError for a source that cannot be used at all.
   */
  evidence(reading: FeedReading): AsyncIterable<readonly EvidenceDraft[]>;
}
