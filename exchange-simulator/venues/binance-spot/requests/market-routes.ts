import type { TradePrinted } from '../../../market/market-event.ts';
import { aggregateRecord, bookTickerRecord, priceRecord, tradeRecord } from '../../binance/records.ts';
import { BinanceError } from '../../binance/requests/errors.ts';
import { aggregates, askedMarket, klines, ofOneOrAll, trades } from '../../binance/requests/market-answers.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import { decimal, WRITING } from '../formats.ts';
import type { Call, Routes } from './call.ts';
import { AVERAGE_MINUTES, averagePrice, exchangeInfo } from './symbols.ts';

/** The weight of a snapshot by its number of levels. */
function depthWeight(parameters: Parameters): number {
  const limit = parameters.limit(100, 5000);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1000 ? 50 : 250;
}

/** Public routes: https://developers.binance.com/docs/binance-spot-api-docs/rest-api/market-data-endpoints */
export const MARKET_ROUTES: Routes = {
  'GET /api/v3/ping': { weight: 1, security: 'none', operation: 'market', answer: () => ({}) },
  'GET /api/v3/time': {
    weight: 1,
    security: 'none',
    operation: 'market',
    answer: ({ exchange }) => ({ serverTime: exchange.now() }),
  },
  'GET /api/v3/exchangeInfo': {
    weight: 20,
    security: 'none',
    operation: 'market',
    answer: ({ exchange, parameters }) => exchangeInfo(exchange, symbolsOf(parameters)),
  },
  'GET /api/v3/depth': { weight: depthWeight, security: 'none', operation: 'market', answer: depth },
  'GET /api/v3/trades': {
    weight: 25,
    security: 'none',
    operation: 'market',
    answer: (call) => askedMarket(call).trades.latest(call.parameters.limit(500, 1000)).map(trade),
  },
  'GET /api/v3/historicalTrades': {
    weight: 25,
    security: 'none',
    operation: 'market',
    answer: (call) => trades(call).map(trade),
  },
  'GET /api/v3/aggTrades': { weight: 4, security: 'none', operation: 'market', answer: aggregateTrades },
  'GET /api/v3/klines': { weight: 2, security: 'none', operation: 'market', answer: (call) => klines(call, 1000, WRITING) },
  'GET /api/v3/avgPrice': { weight: 2, security: 'none', operation: 'market', answer: average },
  'GET /api/v3/referencePrice': { weight: 2, security: 'none', operation: 'market', answer: referencePrice },
  'GET /api/v3/ticker/price': {
    weight: (parameters) => (parameters.has('symbol') ? 2 : 4),
    security: 'none',
    operation: 'market',
    answer: (call) => ofOneOrAll(call, (market) => priceRecord(market, WRITING)),
  },
  'GET /api/v3/ticker/bookTicker': {
    weight: (parameters) => (parameters.has('symbol') ? 2 : 4),
    security: 'none',
    operation: 'market',
    answer: (call) => ofOneOrAll(call, (market) => bookTickerRecord(market, WRITING)),
  },
};

function symbolsOf(parameters: Parameters): string[] | undefined {
  const symbol = parameters.optional('symbol');
  if (symbol !== undefined) return [symbol];
  const list = parameters.optional('symbols');
  if (list === undefined) return undefined;
  try {
    return (JSON.parse(list) as unknown[]).map(String);
  } catch {
    throw new BinanceError(-1100, "Illegal characters found in parameter 'symbols'.");
  }
}

function depth(call: Call): Record<string, unknown> {
  const { book } = askedMarket(call);
  return { lastUpdateId: book.lastId, ...WRITING.top(book, call.parameters.limit(100, 5000)) };
}

function trade(printed: TradePrinted): Record<string, unknown> {
  return { ...tradeRecord(printed, WRITING), isBestMatch: true };
}

function aggregateTrades(call: Call): Record<string, unknown>[] {
  return aggregates(call).map((aggregate) => ({ ...aggregateRecord(aggregate, WRITING), M: true }));
}

function average(call: Call): Record<string, unknown> {
  const listed = askedMarket(call);
  const price = averagePrice(listed, call.exchange.clock.now());
  return { mins: AVERAGE_MINUTES, price: decimal(price ?? 0n), closeTime: listed.trades.last?.at ?? 0 };
}

function referencePrice(call: Call): Record<string, unknown> {
  const market = askedMarket(call);
  const price = averagePrice(market, call.exchange.clock.now());
  if (price === undefined) throw new BinanceError(-2043, 'This symbol does not have a reference price.');
  return { symbol: market.instrument.symbol, referencePrice: decimal(price), timestamp: call.exchange.now() };
}
