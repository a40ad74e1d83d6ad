/** The positions of each strategy in each instrument, per account; manual orders under `manual`. */

import { type Projection, unexpected } from './projection.ts';

export interface PositionDocument {
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  /** Signed base quantity. */
  readonly quantity: string;
  /** What the open quantity cost, without fees, in the quote asset. */
  readonly cost: string;
  readonly averageEntryPrice: string | null;
  readonly realizedProfit: string;
  readonly lastOrderId: string;
  readonly updatedAt: string;
  /** Strategy and instrument: sorts the positions of an account. */
  readonly name: string;
}

export const positions: Projection<PositionDocument> = {
  name: 'positions',
  version: 1,
  categories: ['account'],
  indexes: [
    ['account', 'name'],
    ['strategy', 'name'],
  ],

  keys(event) {
    if (event.type !== 'PositionChanged') return [];
    return [`${event.data.account}/${event.data.strategy}/${event.data.venue}.${event.data.symbol}`];
  },

  apply(_document, event): PositionDocument {
    if (event.type !== 'PositionChanged') throw unexpected('positions', event);
    const { account, strategy, venue, symbol, quantity, cost, averageEntryPrice, realizedProfit, orderId } = event.data;
    return {
      account,
      strategy,
      venue,
      symbol,
      quantity,
      cost,
      averageEntryPrice,
      realizedProfit,
      lastOrderId: orderId,
      updatedAt: event.metadata.occurredAt,
      name: `${strategy}/${venue}.${symbol}`,
    };
  },
};
