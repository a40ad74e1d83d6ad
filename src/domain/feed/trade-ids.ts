/**
 * Trade ids that rise for ever. Where the venue's ids begin anew they are counted on from where they were, so that
 * order and holes are told by them as before.
 */

import type { Trade } from './messages.ts';

/** Most beginnings that are remembered, for the venue's ids of old bars. */
const MAX_BEGINNINGS = 600;
/** Of how many of the latest ids the times are remembered; a power of two. */
const TIMES = 1_024;

export class TradeIds {
  /** From which counted id on they are so far above the venue's, oldest first. */
  readonly #beginnings: { readonly from: number; readonly by: number }[] = [];
  /** How far the ids are above the venue's now. */
  #by = 0;
  /** The latest ids, each at its place by its last digits, and the times of their trades. */
  readonly #latest = new Float64Array(TIMES).fill(-1);
  readonly #times = new Float64Array(TIMES);

  /** Remembers the time of a trade under its counted id. */
  note({ tradeId, time }: Trade): void {
    const place = tradeId & (TIMES - 1);
    this.#latest[place] = tradeId;
    this.#times[place] = time;
  }

  /** Was another trade, of an earlier time, taken under that counted id? False where that is remembered no more. */
  isOfAnother({ tradeId, time }: Trade): boolean {
    const place = tradeId & (TIMES - 1);
    return this.#latest[place] === tradeId && time > (this.#times[place] as number);
  }

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
