/** The contract of a kind of candle file: how it is told, and how it is read. */

import type { Candle } from '../../../domain/feed/candle-session.ts';
import type { Tally } from '../../../domain/feed/tally.ts';
import type { Interval } from '../../../domain/interval.ts';

/** Reads one file, line by line. What cannot be used is noted in the tally under its line, and loses nothing else. */
export interface CandleReader {
  /** Takes the file's next line; calls `onCandle` for each candle that ends in it. */
  readLine(line: string, onCandle: (candle: Candle) => void): void;
  /** Says what was left over when the file ended. */
  end(): void;
}

export interface CandleKind {
  readonly name: string;
  /** How such a file begins, for people: `with the header "..."`. */
  readonly begins: string;
  /** Is it one, by its first line? */
  isKind(firstLine: string): boolean;
  /** `interval` is that of the feed's bars. */
  open(file: string, interval: Interval, tally: Tally): CandleReader;
}
