/** An order at the venue and a candle that it meets, for the tests of order types. */

import { parseDecimal, ZERO } from '../../../../src/domain/decimal.ts';
import type { Bar } from '../../../../src/domain/market/events.ts';
import type { WorkingOrder } from '../../../../src/domain/order/type.ts';

/** Opens at 100, trades from 90 to 110, closes at 105. */
export const BAR: Bar = {
  venue: 'binance',
  symbol: 'BTCUSDT',
  interval: '1m',
  openTime: '2024-08-08T12:00:00.000Z',
  closeTime: '2024-08-08T12:01:00.000Z',
  open: '100',
  high: '110',
  low: '90',
  close: '105',
  volume: '1',
  quoteVolume: null,
  tradeCount: null,
  firstTradeId: null,
  lastTradeId: null,
  bid: null,
  ask: null,
  complete: true,
  source: 'recording',
};

/** A purchase that rests, and has not met the market yet, unless said otherwise. */
export function working(of: Partial<Omit<WorkingOrder, 'price'>> & { readonly price: string | null }): WorkingOrder {
  const { price, ...rest } = of;
  return {
    side: 'buy',
    price: price === null ? null : parseDecimal(price),
    isImmediate: false,
    hasMetMarket: false,
    slippage: ZERO,
    tick: parseDecimal('0.01'),
    ...rest,
  };
}
