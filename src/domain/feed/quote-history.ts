/** The best bid and ask at the end of each of the latest bars, for bars close a little later than their time. */

import type { GrowingBar, Quote } from './growing-bar.ts';

/** Bars that are looked back on: those that wait for a missing trade wait for two seconds only. */
const MAX_QUOTES = 64;

const NO_QUOTE: Quote = { bid: undefined, ask: undefined };

export class QuoteHistory {
  readonly #lengthMs: number;
  readonly #lifeMs: number;
  /** The last quote of each bar interval that had one, oldest first. */
  readonly #quotes: { time: number; quote: Quote }[] = [];

  /** `lengthMs` is a bar's; a quote that no update has touched for more than `lifeMs` says nothing any more. */
  constructor(lengthMs: number, lifeMs: number) {
    this.#lengthMs = lengthMs;
    this.#lifeMs = lifeMs;
  }

  /** Notes the quote after a depth event. Event times that run back change nothing. */
  note(time: number, quote: Quote): void {
    const last = this.#quotes[this.#quotes.length - 1];
    if (last !== undefined && time < last.time) return;
    if (last !== undefined && Math.floor(last.time / this.#lengthMs) === Math.floor(time / this.#lengthMs)) {
      last.time = time;
      last.quote = quote;
      return;
    }
    this.#quotes.push({ time, quote });
    if (this.#quotes.length > MAX_QUOTES) this.#quotes.shift();
  }

  /** After the last depth event before the end of that bar, if that is recent. */
  atCloseOf(bar: GrowingBar): Quote {
    const closeMs = bar.openMs + this.#lengthMs;
    const last = this.#quotes.findLast((entry) => entry.time < closeMs);
    return last === undefined || closeMs - last.time > this.#lifeMs ? NO_QUOTE : last.quote;
  }
}
