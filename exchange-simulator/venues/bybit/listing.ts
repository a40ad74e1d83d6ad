import { amount } from '../../core/amount.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { Market } from '../../market/market.ts';

/** One symbol may be listed in both: they are two markets. */
export type Category = 'spot' | 'linear';

/** As Bybit lists it: https://bybit-exchange.github.io/docs/v5/market/instrument */
export const SPOT: Instrument = {
  symbol: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: amount('0.1'),
  lotSize: amount('0.000001'),
  leastQuantity: amount('0.000011'),
  mostQuantity: amount('83'),
  leastPrice: amount('0.1'),
  mostPrice: 0n,
  leastNotional: amount('5'),
  mostNotional: 0n,
  mostOpenOrders: 500,
};

export const LINEAR: Instrument = {
  ...SPOT,
  tickSize: amount('0.1'),
  lotSize: amount('0.001'),
  leastQuantity: amount('0.001'),
  mostQuantity: amount('1190'),
  mostPrice: amount('1999999.8'),
};

/** Of the spot market: a market order may have less than a limit order. */
export const MOST_MARKET_QUANTITY = amount('41.5');

/** The name of a market within the exchange. */
export function marketName(category: Category, symbol: string): string {
  return category === 'spot' ? symbol : `${category}:${symbol}`;
}

export function findMarket(exchange: Exchange, category: Category, symbol: string): Market | undefined {
  return exchange.markets.get(marketName(category, symbol));
}

export function marketsOf(exchange: Exchange, category: Category): Market[] {
  return [...exchange.markets]
    .filter(([name, { instrument }]) => name === marketName(category, instrument.symbol))
    .map(([, market]) => market);
}
