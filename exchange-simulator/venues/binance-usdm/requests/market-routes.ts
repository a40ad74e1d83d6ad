import { bookTickerRecord, priceRecord, tradeRecord } from '../../binance/records.ts';
import { BinanceError } from '../../binance/requests/errors.ts';
import { type Asked, aggregates, askedMarket, klines, ofOneOrAll, trades } from '../../binance/requests/market-answers.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import { usdmAggregate, WRITING } from '../formats.ts';
import { fundingHistory, fundingInfo, premiumRecord } from '../funding.ts';
import { exchangeInfo } from './symbols.ts';

const HOUR = 3_600_000;

/** How far back aggregates can be asked for. */
const AGGREGATES_FOR = 48 * HOUR;

/** A snapshot has one of these numbers of levels, and nothing between. */
const DEPTHS = [5, 10, 20, 50, 100, 500, 1000];

interface Route {
  readonly weight: number | ((parameters: Parameters) => number);
  readonly isAboutFunding?: boolean;
  readonly answer: (asked: Asked) => unknown;
}

/** Public routes: https://developers.binance.com/docs/derivatives/usds-margined-futures/market-data/rest-api */
export const MARKET_ROUTES: Readonly<Record<string, Route>> = {
  'GET /fapi/v1/ping': { weight: 1, answer: () => ({}) },
  'GET /fapi/v1/time': { weight: 1, answer: ({ exchange }) => ({ serverTime: exchange.now() }) },
  'GET /fapi/v1/exchangeInfo': { weight: 1, answer: ({ exchange }) => exchangeInfo(exchange) },
  'GET /fapi/v1/depth': { weight: depthWeight, answer: depth },
  'GET /fapi/v1/trades': { weight: 5, answer: marketTrades },
  'GET /fapi/v1/historicalTrades': {
    weight: 200,
    answer: marketTrades,
  },
  'GET /fapi/v1/aggTrades': { weight: 20, answer: aggregateTrades },
  'GET /fapi/v1/klines': { weight: klinesWeight, answer: (asked) => klines(asked, 1500, WRITING) },
  'GET /fapi/v1/premiumIndex': {
    weight: byOneOrAll(1, 10),
    answer: (asked) => ofOneOrAll(asked, (market) => premiumRecord(market, asked.exchange.now())),
  },
  'GET /fapi/v1/fundingRate': { weight: 0, isAboutFunding: true, answer: fundingRates },
  'GET /fapi/v1/fundingInfo': {
    weight: 0,
    isAboutFunding: true,
    answer: ({ exchange }) => [...exchange.markets.values()].map(fundingInfo),
  },
  'GET /fapi/v1/ticker/price': { weight: byOneOrAll(1, 2), answer: prices },
  'GET /fapi/v2/ticker/price': { weight: byOneOrAll(1, 2), answer: prices },
  'GET /fapi/v1/ticker/bookTicker': {
    weight: byOneOrAll(2, 5),
    answer: (asked) =>
      ofOneOrAll(asked, (market) => ({
        lastUpdateId: market.book.lastId,
        ...bookTickerRecord(market, WRITING),
        time: asked.exchange.now(),
      })),
  },
};

function byOneOrAll(one: number, all: number): (parameters: Parameters) => number {
  return (parameters) => (parameters.has('symbol') ? one : all);
}

function depthWeight(parameters: Parameters): number {
  const limit = parameters.limit(500, 1000);
  if (limit <= 50) return 2;
  if (limit <= 100) return 5;
  return limit <= 500 ? 10 : 20;
}

function klinesWeight(parameters: Parameters): number {
  const limit = parameters.limit(500, 1500);
  if (limit < 100) return 1;
  if (limit < 500) return 2;
  return limit <= 1000 ? 5 : 10;
}

function depth(asked: Asked): Record<string, unknown> {
  const { book } = askedMarket(asked);
  const limit = asked.parameters.integer('limit') ?? 500;
  if (!DEPTHS.includes(limit)) throw new BinanceError(-4021, `${limit} is not valid depth limit.`);
  const now = asked.exchange.now();
  return { lastUpdateId: book.lastId, E: now, T: now, ...WRITING.top(book, limit) };
}

/** Nobody has orders here that improve prices for retail users alone (RPI). */
function marketTrades(asked: Asked): Record<string, unknown>[] {
  return trades(asked).map((trade) => ({ ...tradeRecord(trade, WRITING), isRPITrade: false }));
}

function aggregateTrades(asked: Asked): Record<string, unknown>[] {
  const { parameters, exchange } = asked;
  const [start, end] = [parameters.integer('startTime'), parameters.integer('endTime')];
  if (start !== undefined && end !== undefined && end - start > HOUR)
    throw new BinanceError(-1127, 'Lookup interval is too big. More than 1 hours between startTime and endTime.');
  const oldest = exchange.now() - AGGREGATES_FOR;
  return aggregates(asked)
    .filter(({ at }) => at >= oldest)
    .map(usdmAggregate);
}

function fundingRates(asked: Asked): unknown {
  const { parameters, exchange } = asked;
  const [start, end] = [parameters.integer('startTime'), parameters.integer('endTime')];
  const usual = start === undefined && end === undefined ? 200 : 100;
  const range = { start, end: end ?? Number.POSITIVE_INFINITY, limit: parameters.limit(usual, 1000) };
  const markets = parameters.has('symbol') ? [askedMarket(asked)] : [...exchange.markets.values()];
  return markets.flatMap((market) => fundingHistory(market, range, exchange.now()));
}

function prices(asked: Asked): unknown {
  return ofOneOrAll(asked, (market) => ({ ...priceRecord(market, WRITING), time: market.trades.last?.at ?? 0 }));
}
