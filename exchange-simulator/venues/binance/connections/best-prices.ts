import type { Market } from '../../../market/market.ts';
import type { Level } from '../../../market/market-event.ts';

/** Notices when the best prices of a book, or their quantities, are others than before. */
export class BestPrices {
  readonly #last = new Map<Market, string>();

  /** The best level of each side, where one of them has changed. */
  changed(market: Market): { readonly bid: Level; readonly ask: Level } | undefined {
    const none: Level = [0n, 0n];
    const [bid, ask] = [market.book.best('buy') ?? none, market.book.best('sell') ?? none];
    const text = `${bid.join(' ')} ${ask.join(' ')}`;
    if (this.#last.get(market) === text) return undefined;
    this.#last.set(market, text);
    return { bid, ask };
  }
}
