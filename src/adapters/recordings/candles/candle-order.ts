/** Which way a file's candles run, told candle by candle; and whether they are of the interval that they are taken for. */

import { type Interval, intervalMs } from '../../../domain/interval.ts';
import { isoTime } from '../../../domain/time.ts';
import { RecordingError } from '../../../ports/feed.ts';

/** How often candles must be the same distance apart to show another interval; gaps make longer distances by chance. */
const SHORTER_SPACINGS = 3;
const LONGER_SPACINGS = 20;

export interface FileOrder {
  /** Newest first. */
  readonly isFalling: boolean;
  /** Open time of its oldest candle, epoch ms; null where it has none. */
  readonly oldest: number | null;
  readonly count: number;
}

export class CandleOrder {
  readonly #file: string;
  readonly #interval: Interval;
  #count = 0;
  #first: number | null = null;
  #last: number | null = null;
  #direction = 0;
  #lastOpen: number | null = null;
  #spacing = 0;
  #sameSpacings = 0;

  constructor(file: string, interval: Interval) {
    this.#file = file;
    this.#interval = interval;
  }

  /**
   * Takes the next candle. One that opens between the bars is refused for that later, and has no part in the order.
   * Throws RecordingError where the file runs to and fro, or its candles are of another interval.
   */
  note(openTime: number, line: number, isOnGrid: boolean): void {
    this.#count++;
    this.#checkSpacing(openTime);
    if (!isOnGrid) return;
    this.#first ??= openTime;
    const direction = Math.sign(openTime - (this.#last ?? openTime));
    if (direction * this.#direction < 0) {
      throw new RecordingError(
        `recording "${this.#file}": its candles run neither forwards nor backwards: in line ${line} the one of ${isoTime(openTime)} comes after the one of ${isoTime(this.#last ?? openTime)}; sort them by time`,
      );
    }
    if (direction !== 0) this.#direction = direction;
    this.#last = openTime;
  }

  get found(): FileOrder {
    const isFalling = this.#direction < 0;
    return { isFalling, oldest: isFalling ? this.#last : this.#first, count: this.#count };
  }

  /** Candles of another interval than the feed's would be taken for what they are not. */
  #checkSpacing(openTime: number): void {
    const spacing = this.#lastOpen === null ? 0 : Math.abs(openTime - this.#lastOpen);
    this.#lastOpen = openTime;
    this.#sameSpacings = spacing === this.#spacing ? this.#sameSpacings + 1 : 1;
    this.#spacing = spacing;
    const expected = intervalMs(this.#interval);
    const isWrong =
      (spacing > 0 && spacing < expected && this.#sameSpacings >= SHORTER_SPACINGS) ||
      (spacing > expected && this.#sameSpacings >= LONGER_SPACINGS);
    if (!isWrong) return;
    throw new RecordingError(
      `recording "${this.#file}": its candles are ${spacing / 1000} s apart, but the feed's bars are ${this.#interval}; name the interval of the candles`,
    );
  }
}
