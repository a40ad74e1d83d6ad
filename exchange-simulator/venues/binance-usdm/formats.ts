import { type Amount, formatAmount } from '../../core/amount.ts';
import type { AggregateTrade } from '../../market/trades.ts';
import { aggregateRecord } from '../binance/records.ts';
import { Writing } from '../binance/writing.ts';

/** Of BTCUSDT. An amount in quote has the decimals of both. */
export const DECIMALS = { price: 2, quantity: 3, quote: 5 } as const;

export const WRITING = new Writing(DECIMALS);

/** Mark and index prices, and funding rates. */
export function fine(value: Amount): string {
  return formatAmount(value, 8);
}

/** `nq` is the quantity without that of orders for retail users alone (RPI), of which there are none here. */
export function usdmAggregate(aggregate: AggregateTrade): Record<string, unknown> {
  return { ...aggregateRecord(aggregate, WRITING), nq: WRITING.quantity(aggregate.quantity) };
}
