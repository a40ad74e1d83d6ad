import type { Market } from './market.ts';
import type { AggregateTrade } from './trades.ts';

/** Hands out each aggregate of a market once, when it grows no more. */
export class AggregateFeed {
  readonly #market: Market;
  readonly #publish: (aggregate: AggregateTrade) => void;
  /** It may still grow. */
  #pending: AggregateTrade | undefined;

  constructor(market: Market, publish: (aggregate: AggregateTrade) => void) {
    this.#market = market;
    this.#publish = publish;
  }

  /** A trade was added. */
  traded(): void {
    const last = this.#market.trades.lastAggregate;
    if (this.#pending !== undefined && this.#pending.id !== last?.id) this.#publish(this.#pending);
    if (last !== undefined) this.#pending = last;
  }

  /** What trades there are now belong to aggregates that do not grow any more. */
  seal(): void {
    if (this.#pending === undefined) return;
    const pending = this.#pending;
    this.#pending = undefined;
    this.#market.trades.sealAggregate();
    this.#publish(pending);
  }
}
