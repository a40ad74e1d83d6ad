import { divide, multiply } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Instrument } from '../../../market/instrument.ts';
import type { Market } from '../../../market/market.ts';
import { marketOf } from '../../binance/requests/market-answers.ts';
import { decimal } from '../formats.ts';
import { RATE_LIMITS } from './limits.ts';

const ORDER_TYPES = ['LIMIT', 'LIMIT_MAKER', 'MARKET'];

/** How far an order's price may be from the reference price: down and up, for buys and sells alike. */
export const LEAST_PRICE_FACTOR = '0.2';
export const MOST_PRICE_FACTOR = '5';

export const AVERAGE_MINUTES = 5;

const STATUS = { trading: 'TRADING', 'cancel-only': 'CANCEL_ONLY', halted: 'HALT' } as const;

/** The average over the last five minutes weighted by quantity; the last price where nothing traded; undefined before any trade. */
export function averagePrice(market: Market, now: number): bigint | undefined {
  const trades = market.trades.since(now - AVERAGE_MINUTES * 60_000);
  const quantity = trades.reduce((sum, trade) => sum + trade.quantity, 0n);
  if (quantity === 0n) return market.trades.last?.price;
  return divide(
    trades.reduce((sum, trade) => sum + multiply(trade.price, trade.quantity), 0n),
    quantity,
  );
}

export function exchangeInfo(exchange: Exchange, symbols: readonly string[] | undefined): Record<string, unknown> {
  const markets = symbols === undefined ? [...exchange.markets.values()] : symbols.map((symbol) => marketOf(exchange, symbol));
  return {
    timezone: 'UTC',
    serverTime: exchange.now(),
    rateLimits: RATE_LIMITS,
    exchangeFilters: [],
    symbols: markets.map(symbolRecord),
    sors: [],
  };
}

function symbolRecord(market: Market): Record<string, unknown> {
  const { instrument } = market;
  return {
    symbol: instrument.symbol,
    status: STATUS[market.status],
    baseAsset: instrument.base,
    baseAssetPrecision: 8,
    quoteAsset: instrument.quote,
    quotePrecision: 8,
    quoteAssetPrecision: 8,
    baseCommissionPrecision: 8,
    quoteCommissionPrecision: 8,
    orderTypes: ORDER_TYPES,
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    opoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: false,
    cancelReplaceAllowed: false,
    amendAllowed: false,
    pegInstructionsAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: filters(instrument),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'NONE',
    allowedSelfTradePreventionModes: ['NONE'],
  };
}

function filters(instrument: Instrument): Record<string, unknown>[] {
  const [least, most] = [LEAST_PRICE_FACTOR, MOST_PRICE_FACTOR];
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: decimal(instrument.leastPrice),
      maxPrice: decimal(instrument.mostPrice),
      tickSize: decimal(instrument.tickSize),
    },
    {
      filterType: 'LOT_SIZE',
      minQty: decimal(instrument.leastQuantity),
      maxQty: decimal(instrument.mostQuantity),
      stepSize: decimal(instrument.lotSize),
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: most,
      bidMultiplierDown: least,
      askMultiplierUp: most,
      askMultiplierDown: least,
      avgPriceMins: AVERAGE_MINUTES,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: decimal(instrument.leastNotional),
      applyMinToMarket: true,
      maxNotional: decimal(instrument.mostNotional),
      applyMaxToMarket: false,
      avgPriceMins: AVERAGE_MINUTES,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: instrument.mostOpenOrders },
  ];
}
