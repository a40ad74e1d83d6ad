import { multiply } from '../../../core/amount.ts';
import { type Bar, isInterval, nextBarStart } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import type { TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { decimal, levelsAsText } from '../formats.ts';
import type { Call, Routes } from './call.ts';
import { BinanceError } from './errors.ts';
import type { Parameters } from './parameters.ts';
import { AVERAGE_MINUTES, averagePrice, exchangeInfo, marketOf } from './symbols.ts';

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
    answer: (call) => market(call).trades.latest(call.parameters.limit(500, 1000)).map(tradeRecord),
  },
  'GET /api/v3/historicalTrades': { weight: 25, security: 'none', operation: 'market', answer: historicalTrades },
  'GET /api/v3/aggTrades': { weight: 4, security: 'none', operation: 'market', answer: aggregateTrades },
  'GET /api/v3/klines': { weight: 2, security: 'none', operation: 'market', answer: klines },
  'GET /api/v3/avgPrice': { weight: 2, security: 'none', operation: 'market', answer: average },
  'GET /api/v3/referencePrice': { weight: 2, security: 'none', operation: 'market', answer: referencePrice },
  'GET /api/v3/ticker/price': {
    weight: (parameters) => (parameters.has('symbol') ? 2 : 4),
    security: 'none',
    operation: 'market',
    answer: (call) => ofOneOrAll(call, priceRecord),
  },
  'GET /api/v3/ticker/bookTicker': {
    weight: (parameters) => (parameters.has('symbol') ? 2 : 4),
    security: 'none',
    operation: 'market',
    answer: (call) => ofOneOrAll(call, bookTickerRecord),
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

function market({ exchange, parameters }: Call): Market {
  return marketOf(exchange, parameters.required('symbol'));
}

function ofOneOrAll(call: Call, record: (market: Market) => Record<string, unknown>): unknown {
  return call.parameters.has('symbol') ? record(market(call)) : [...call.exchange.markets.values()].map(record);
}

function depth(call: Call): Record<string, unknown> {
  const { book } = market(call);
  const limit = call.parameters.limit(100, 5000);
  return { lastUpdateId: book.lastId, bids: levelsAsText(book.top('buy', limit)), asks: levelsAsText(book.top('sell', limit)) };
}

function historicalTrades(call: Call): Record<string, unknown>[] {
  const { trades } = market(call);
  const limit = call.parameters.limit(500, 1000);
  const from = call.parameters.integer('fromId');
  return (from === undefined ? trades.latest(limit) : trades.from(from, limit)).map(tradeRecord);
}

function aggregateTrades(call: Call): Record<string, unknown>[] {
  const { parameters } = call;
  const { trades } = market(call);
  const limit = parameters.limit(500, 1000);
  const [from, start, end] = [parameters.integer('fromId'), parameters.integer('startTime'), parameters.integer('endTime')];
  if (from !== undefined) return trades.aggregatesFrom(from, limit).map(aggregateRecord);
  if (start === undefined && end === undefined) return trades.latestAggregates(limit).map(aggregateRecord);
  return trades.aggregatesBetween(start ?? 0, end ?? Number.POSITIVE_INFINITY, limit).map(aggregateRecord);
}

function klines(call: Call): unknown[] {
  const { parameters, exchange } = call;
  const { bars } = market(call);
  const interval = parameters.required('interval');
  if (!isInterval(interval)) throw new BinanceError(-1120, 'Invalid interval.');
  const limit = parameters.limit(500, 1000);
  const start = parameters.integer('startTime');
  const end = Math.min(parameters.integer('endTime') ?? Number.POSITIVE_INFINITY, exchange.now());
  const found = start === undefined ? bars.latest(interval, 0, end, limit) : bars.earliest(interval, start, end, limit);
  return found.map((bar) => klineRow(bar, nextBarStart(interval, bar.start) - 1));
}

function average(call: Call): Record<string, unknown> {
  const listed = market(call);
  const price = averagePrice(listed, call.exchange.clock.now());
  return { mins: AVERAGE_MINUTES, price: decimal(price ?? 0n), closeTime: listed.trades.last?.at ?? 0 };
}

function referencePrice(call: Call): Record<string, unknown> {
  const { instrument } = market(call);
  const price = averagePrice(market(call), call.exchange.clock.now());
  if (price === undefined) throw new BinanceError(-2043, 'This symbol does not have a reference price.');
  return { symbol: instrument.symbol, referencePrice: decimal(price), timestamp: call.exchange.now() };
}

function priceRecord({ instrument, trades }: Market): Record<string, unknown> {
  return { symbol: instrument.symbol, price: decimal(trades.last?.price ?? 0n) };
}

function bookTickerRecord({ instrument, book }: Market): Record<string, unknown> {
  const [[bid, bidQuantity], [ask, askQuantity]] = [book.best('buy') ?? [0n, 0n], book.best('sell') ?? [0n, 0n]];
  return {
    symbol: instrument.symbol,
    bidPrice: decimal(bid),
    bidQty: decimal(bidQuantity),
    askPrice: decimal(ask),
    askQty: decimal(askQuantity),
  };
}

function tradeRecord(trade: TradePrinted): Record<string, unknown> {
  return {
    id: trade.id,
    price: decimal(trade.price),
    qty: decimal(trade.quantity),
    quoteQty: decimal(multiply(trade.price, trade.quantity)),
    time: trade.at,
    isBuyerMaker: trade.isBuyerMaker,
    isBestMatch: true,
  };
}

function aggregateRecord(trade: AggregateTrade): Record<string, unknown> {
  return {
    a: trade.id,
    p: decimal(trade.price),
    q: decimal(trade.quantity),
    f: trade.firstId,
    l: trade.lastId,
    T: trade.at,
    m: trade.isBuyerMaker,
    M: true,
  };
}

function klineRow(bar: Bar, closeTime: number): unknown[] {
  return [
    bar.start,
    decimal(bar.open),
    decimal(bar.high),
    decimal(bar.low),
    decimal(bar.close),
    decimal(bar.volume),
    closeTime,
    decimal(bar.quoteVolume),
    bar.trades,
    decimal(bar.takerBuyVolume),
    decimal(bar.takerBuyQuoteVolume),
    '0',
  ];
}
