/** Trades with names: ids that are theirs alone, and that do not count up. They are counted in the order in which they come. */

import type { Trade } from './messages.ts';

/** Most names that are remembered: a trade that comes again later is taken for another. */
export const MAX_NAMES = 20_000;

export class TradeNames {
  /** In the order in which they came. */
  readonly #known = new Set<string>();
  #count = 0;

  /** The trade with its number; undefined where one of that name came before. */
  counted(trade: Trade, name: string): Trade | undefined {
    if (this.#known.has(name)) return undefined;
    this.#known.add(name);
    if (this.#known.size > MAX_NAMES) {
      for (const oldest of this.#known) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#count++;
    return { ...trade, tradeId: this.#count };
  }
}
