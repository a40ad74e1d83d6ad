/**
 * Trade ids that rise for ever. Where the venue's ids begin anew they are counted on from where they were, so that
 * order and holes are told by them as before.
 */

import type { Trade } from './messages.ts';

/** Most beginnings that are remembered, for the venue's ids of old bars. */
const MAX_BEGINNINGS = 600;

export class TradeIds {
  /** From which counted id on they are so far above the venue's, oldest first. */
  readonly #beginnings: { readonly from: number; readonly by: number }[] = [];
  /** How far the ids are above the venue's now. */
  #by = 0;

  /** The trade under its counted id. */
  counted(trade: Trade): Trade {
    return this.#by === 0 ? trade : { ...trade, tradeId: trade.tradeId + this.#by };
  }

  /** The venue's id of what is counted under `id`. */
  venueId(id: number): number {
    return id - (this.#beginnings.findLast(({ from }) => from <= id)?.by ?? 0);
  }

  /** Counts the trade, known by an earlier count, under `id` from now on, and those after it further. */
  beginAnew(trade: Trade, id: number): Trade {
    this.#by = id - this.venueIdOf(trade);
    this.#beginnings.push({ from: id, by: this.#by });
    if (this.#beginnings.length > MAX_BEGINNINGS) this.#beginnings.shift();
    return { ...trade, tradeId: id };
  }

  /** The venue's id of a trade just counted. */
  venueIdOf(trade: Trade): number {
    return trade.tradeId - this.#by;
  }
}
