import type { Exchange } from '../../../exchange/exchange.ts';
import { isInterval } from '../../../market/bars.ts';
import type { Market } from '../../../market/market.ts';
import type { TradePrinted } from '../../../market/market-event.ts';
import type { AggregateTrade } from '../../../market/trades.ts';
import { klineRow } from '../records.ts';
import type { Writing } from '../writing.ts';
import { BinanceError, INVALID_SYMBOL } from './errors.ts';
import type { Parameters } from './parameters.ts';

/** What a public request asks. */
export interface Asked {
  readonly exchange: Exchange;
  readonly parameters: Parameters;
}

export function marketOf(exchange: Exchange, symbol: string): Market {
  const market = exchange.markets.get(symbol);
  if (market === undefined) throw INVALID_SYMBOL();
  return market;
}

/** The market that the request names. */
export function askedMarket({ exchange, parameters }: Asked): Market {
  return marketOf(exchange, parameters.required('symbol'));
}

export function ofOneOrAll(asked: Asked, record: (market: Market) => Record<string, unknown>): unknown {
  return asked.parameters.has('symbol') ? record(askedMarket(asked)) : [...asked.exchange.markets.values()].map(record);
}

/** `trades` and `historicalTrades`: the latest, or those from an id on. */
export function trades(asked: Asked): TradePrinted[] {
  const market = askedMarket(asked);
  const limit = asked.parameters.limit(500, 1000);
  const from = asked.parameters.integer('fromId');
  return from === undefined ? market.trades.latest(limit) : market.trades.from(from, limit);
}

export function aggregates(asked: Asked): AggregateTrade[] {
  const { parameters } = asked;
  const market = askedMarket(asked);
  const limit = parameters.limit(500, 1000);
  const [from, start, end] = [parameters.integer('fromId'), parameters.integer('startTime'), parameters.integer('endTime')];
  if (from !== undefined) return market.trades.aggregatesFrom(from, limit);
  if (start === undefined && end === undefined) return market.trades.latestAggregates(limit);
  return market.trades.aggregatesBetween(start ?? 0, end ?? Number.POSITIVE_INFINITY, limit);
}

/** At most `most` bars: the earliest from a start on, else the latest. */
export function klines(asked: Asked, most: number, writing: Writing): unknown[] {
  const { parameters, exchange } = asked;
  const { bars } = askedMarket(asked);
  const interval = parameters.required('interval');
  if (!isInterval(interval)) throw new BinanceError(-1120, 'Invalid interval.');
  const limit = parameters.limit(500, most);
  const start = parameters.integer('startTime');
  const end = Math.min(parameters.integer('endTime') ?? Number.POSITIVE_INFINITY, exchange.now());
  const found = start === undefined ? bars.latest(interval, 0, end, limit) : bars.earliest(interval, start, end, limit);
  return found.map((bar) => klineRow(bar, interval, writing));
}
