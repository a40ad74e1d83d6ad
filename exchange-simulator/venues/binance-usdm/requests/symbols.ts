import { amount } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Instrument } from '../../../market/instrument.ts';
import type { Market } from '../../../market/market.ts';
import { DECIMALS, WRITING } from '../formats.ts';
import { RATE_LIMITS } from './limits.ts';

/** As Binance lists it. */
export const BTCUSDT: Instrument = {
  symbol: 'BTCUSDT',
  base: 'BTC',
  quote: 'USDT',
  tickSize: amount('0.1'),
  lotSize: amount('0.001'),
  leastQuantity: amount('0.001'),
  mostQuantity: amount('1000'),
  leastPrice: amount('261.1'),
  mostPrice: amount('809484'),
  leastNotional: amount('100'),
  mostNotional: 0n,
  mostOpenOrders: 200,
};

/** When trading in it began: 2019-09-25 08:00 UTC. */
export const LISTED_AT = 1_569_398_400_000;

/** What a perpetual has in the place of a day of delivery. */
const NEVER = 4_133_404_800_000;

const STATUS = { trading: 'TRADING', 'cancel-only': 'SETTLING', halted: 'CLOSE' } as const;

const ORDER_TYPES = ['LIMIT', 'MARKET', 'STOP', 'STOP_MARKET', 'TAKE_PROFIT', 'TAKE_PROFIT_MARKET', 'TRAILING_STOP_MARKET'];

export function exchangeInfo(exchange: Exchange): Record<string, unknown> {
  return {
    timezone: 'UTC',
    serverTime: exchange.now(),
    futuresType: 'U_MARGINED',
    rateLimits: RATE_LIMITS,
    exchangeFilters: [],
    assets: [{ asset: 'USDT', marginAvailable: true, autoAssetExchange: '-10000' }],
    symbols: [...exchange.markets.values()].map(symbolRecord),
  };
}

function symbolRecord({ instrument, status }: Market): Record<string, unknown> {
  return {
    symbol: instrument.symbol,
    pair: instrument.symbol,
    contractType: 'PERPETUAL',
    deliveryDate: NEVER,
    onboardDate: LISTED_AT,
    status: STATUS[status],
    maintMarginPercent: '2.5000',
    requiredMarginPercent: '5.0000',
    baseAsset: instrument.base,
    quoteAsset: instrument.quote,
    marginAsset: instrument.quote,
    pricePrecision: DECIMALS.price,
    quantityPrecision: DECIMALS.quantity,
    baseAssetPrecision: 8,
    quotePrecision: 8,
    underlyingType: 'COIN',
    underlyingSubType: ['PoW'],
    triggerProtect: '0.0500',
    liquidationFee: '0.012500',
    marketTakeBound: '0.05',
    maxMoveOrderLimit: 10_000,
    filters: filters(instrument),
    orderTypes: ORDER_TYPES,
    timeInForce: ['GTC', 'IOC', 'FOK', 'GTX', 'GTD'],
  };
}

function filters(instrument: Instrument): Record<string, unknown>[] {
  const quantities = {
    minQty: WRITING.quantity(instrument.leastQuantity),
    maxQty: WRITING.quantity(instrument.mostQuantity),
    stepSize: WRITING.quantity(instrument.lotSize),
  };
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: WRITING.price(instrument.leastPrice),
      maxPrice: WRITING.price(instrument.mostPrice),
      tickSize: WRITING.price(instrument.tickSize),
    },
    { filterType: 'LOT_SIZE', ...quantities },
    { filterType: 'MARKET_LOT_SIZE', ...quantities },
    { filterType: 'MAX_NUM_ORDERS', limit: instrument.mostOpenOrders },
    { filterType: 'MIN_NOTIONAL', notional: WRITING.price(instrument.leastNotional) },
    { filterType: 'PERCENT_PRICE', multiplierUp: '1.0500', multiplierDown: '0.9500', multiplierDecimal: '4' },
  ];
}
