/** The positions of each strategy in each instrument, per account; manual orders under `manual`. */

import { add, formatDecimal, parseDecimal } from '../domain/decimal.ts';
import { type Projection, unexpected } from './projection.ts';

export interface PositionDocument {
  readonly account: string;
  readonly strategy: string;
  readonly venue: string;
  readonly symbol: string;
  /** Signed base quantity. */
  quantity: string;
  /** What the open quantity cost, without fees, in the quote asset. */
  cost: string;
  averageEntryPrice: string | null;
  realizedProfit: string;
  /** Everything that its fills paid in fees. */
  feesByAsset: Record<string, string>;
  lastOrderId: string;
  updatedAt: string;
  /** Strategy and instrument: sorts the positions of an account. */
  readonly name: string;
}

export const positions: Projection<PositionDocument> = {
  name: 'positions',
  version: 2,
  categories: ['account', 'order'],
  indexes: [
    ['account', 'name'],
    ['strategy', 'name'],
  ],

  keys(event) {
    if (event.type !== 'PositionChanged' && event.type !== 'OrderFilled') return [];
    return [`${event.data.account}/${event.data.strategy}/${event.data.venue}.${event.data.symbol}`];
  },

  apply(document, event): PositionDocument {
    if (event.type !== 'PositionChanged' && event.type !== 'OrderFilled') throw unexpected('positions', event);
    const position = document ?? flat(event.data);
    position.lastOrderId = event.data.orderId;
    position.updatedAt = event.metadata.occurredAt;
    if (event.type === 'PositionChanged') {
      const { quantity, cost, averageEntryPrice, realizedProfit } = event.data;
      return Object.assign(position, { quantity, cost, averageEntryPrice, realizedProfit });
    }
    const { fee, feeAsset } = event.data;
    if (fee === '0') return position;
    const paid = add(parseDecimal(position.feesByAsset[feeAsset] ?? '0'), parseDecimal(fee));
    position.feesByAsset[feeAsset] = formatDecimal(paid);
    return position;
  },
};

function flat({
  account,
  strategy,
  venue,
  symbol,
}: Pick<PositionDocument, 'account' | 'strategy' | 'venue' | 'symbol'>): PositionDocument {
  return {
    account,
    strategy,
    venue,
    symbol,
    quantity: '0',
    cost: '0',
    averageEntryPrice: null,
    realizedProfit: '0',
    feesByAsset: {},
    lastOrderId: '',
    updatedAt: '',
    name: `${strategy}/${venue}.${symbol}`,
  };
}
