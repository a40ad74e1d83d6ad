/** Samples of the best levels of a book: at most one in a period, and only when they changed. */

import { formatUnits } from '../decimal.ts';
import type { InstrumentSettings } from '../settings/settings.ts';
import { isoTime } from '../time.ts';
import type { Book } from './book/book.ts';
import { depthSampled, type EvidenceDraft } from './evidence.ts';
import type { Levels } from './messages.ts';
import { formatQuantity, type Quantity } from './units.ts';

export class DepthSampler {
  readonly #instrument: InstrumentSettings;
  readonly #levels: number;
  readonly #everyMs: number;
  #lastPeriod = Number.NEGATIVE_INFINITY;
  #lastBids: Levels = { prices: [], quantities: [] };
  #lastAsks: Levels = { prices: [], quantities: [] };

  constructor(instrument: InstrumentSettings, levels: number, everyMs: number) {
    this.#instrument = instrument;
    this.#levels = levels;
    this.#everyMs = everyMs;
  }

  /** The sample due after a depth event: at the first of a period by which the levels differ from the last sample. */
  sample(book: Book, eventTime: number): EvidenceDraft[] {
    const period = Math.floor(eventTime / this.#everyMs);
    if (period <= this.#lastPeriod) return [];
    const bids = book.bids.top(this.#levels);
    const asks = book.asks.top(this.#levels);
    if (sameLevels(bids, this.#lastBids) && sameLevels(asks, this.#lastAsks)) return [];
    this.#lastPeriod = period;
    this.#lastBids = bids;
    this.#lastAsks = asks;
    const { venue, symbol } = this.#instrument;
    const sample = {
      venue,
      symbol,
      eventTime: isoTime(eventTime),
      updateId: book.updateId,
      bids: this.#toText(bids),
      asks: this.#toText(asks),
    };
    return [depthSampled(sample, book.resetTime)];
  }

  #toText({ prices, quantities }: Levels): [string, string][] {
    return prices.map((price, i) => [formatUnits(price, this.#instrument.priceScale), formatQuantity(quantities[i] as Quantity)]);
  }
}

function sameLevels(a: Levels, b: Levels): boolean {
  return (
    a.prices.length === b.prices.length &&
    a.prices.every((price, i) => price === b.prices[i] && a.quantities[i] === b.quantities[i])
  );
}
