import { type Amount, formatAmount } from '../../core/amount.ts';
import type { Book } from '../../market/book.ts';
import type { Level } from '../../market/market-event.ts';

/** How many decimals a market writes. */
export interface Decimals {
  readonly price: number;
  readonly quantity: number;
  /** Of amounts in quote. */
  readonly quote: number;
}

/** Writes amounts with the decimals of one market. */
export class Writing {
  readonly #decimals: Decimals;

  constructor(decimals: Decimals) {
    this.#decimals = decimals;
  }

  price(value: Amount): string {
    return formatAmount(value, this.#decimals.price);
  }

  quantity(value: Amount): string {
    return formatAmount(value, this.#decimals.quantity);
  }

  quote(value: Amount): string {
    return formatAmount(value, this.#decimals.quote);
  }

  levels(levels: readonly Level[]): [string, string][] {
    return levels.map(([price, quantity]) => [this.price(price), this.quantity(quantity)]);
  }

  /** The best levels of a book, by the names that requests and streams give them. */
  top(book: Book, count: number): { readonly bids: [string, string][]; readonly asks: [string, string][] } {
    return { bids: this.levels(book.top('buy', count)), asks: this.levels(book.top('sell', count)) };
  }
}
