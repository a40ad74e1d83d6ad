import type { Market } from '../../../market/market.ts';
import type { TradePrinted } from '../../../market/market-event.ts';
import { levelsAsText, plain } from '../formats.ts';
import { instrumentRecord, marketOf, marketsOf, priceLimits, typeOf } from '../instruments.ts';
import type { Call, Route, Routes } from './call.ts';
import { candles, isBar } from './candles.ts';
import { NO_SUCH_INSTRUMENT, wrongParameter } from './errors.ts';
import { page } from './page.ts';
import { fundingHistory, fundingRecord, indexRecord, markRecord } from './swap.ts';
import { tickerRecord } from './tickers.ts';

const open = (count: number, answer: (call: Call) => readonly unknown[]): Route => ({
  pace: { count, seconds: 2, by: 'address' },
  security: 'none',
  operation: 'market',
  answer,
});

/** How many bars the quick route goes back to. */
const LATEST_CANDLES = 1440;

/** Public routes: https://www.okx.com/docs-v5/en/#order-book-trading-market-data and #public-data */
export const MARKET_ROUTES: Routes = {
  'GET /api/v5/public/time': open(10, ({ exchange }) => [{ ts: String(exchange.now()) }]),
  'GET /api/v5/system/status': open(1, () => []),
  'GET /api/v5/public/instruments': open(20, instruments),
  'GET /api/v5/public/price-limit': open(20, priceLimit),
  'GET /api/v5/public/mark-price': open(10, (call) => swaps(call).map((market) => markRecord(market, call.exchange.now()))),
  'GET /api/v5/public/funding-rate': open(10, (call) => swaps(call).map((market) => fundingRecord(market, call.exchange.now()))),
  'GET /api/v5/public/funding-rate-history': open(10, rateHistory),
  'GET /api/v5/market/index-tickers': open(20, index),
  'GET /api/v5/market/books': open(40, books),
  'GET /api/v5/market/books-full': open(10, fullBooks),
  'GET /api/v5/market/ticker': open(20, (call) => [tickerRecord(market(call), call.exchange.now())]),
  'GET /api/v5/market/tickers': open(20, ({ exchange, parameters }) =>
    marketsOf(exchange, parameters.required('instType')).map((one) => tickerRecord(one, exchange.now())),
  ),
  'GET /api/v5/market/trades': open(100, (call) => latestTrades(market(call), call.parameters.limit(100, 500))),
  'GET /api/v5/market/history-trades': open(20, historyTrades),
  'GET /api/v5/market/candles': open(40, (call) => candlesOf(call, 300, LATEST_CANDLES)),
  'GET /api/v5/market/history-candles': open(20, (call) => candlesOf(call, 100, Number.POSITIVE_INFINITY)),
};

function market({ exchange, parameters }: Call): Market {
  return marketOf(exchange, parameters.required('instId'));
}

/** The swap that is asked for, or all of them. */
function swaps(call: Call): Market[] {
  const id = call.parameters.optional('instId');
  if (id === undefined || id === 'ANY') return marketsOf(call.exchange, 'SWAP');
  const found = market(call);
  if (typeOf(found) !== 'SWAP') throw NO_SUCH_INSTRUMENT();
  return [found];
}

function instruments({ exchange, parameters }: Call): readonly unknown[] {
  const type = parameters.required('instType');
  const id = parameters.optional('instId');
  const found = marketsOf(exchange, type).filter(({ instrument }) => id === undefined || instrument.symbol === id);
  if (id !== undefined && found.length === 0) throw NO_SUCH_INSTRUMENT();
  return found.map(instrumentRecord);
}

function priceLimit(call: Call): readonly unknown[] {
  const one = market(call);
  const { buy, sell } = priceLimits(one);
  const prices = { buyLmt: plain(buy), sellLmt: plain(sell) };
  return [{ ...prices, enabled: true, instId: one.instrument.symbol, instType: typeOf(one), ts: String(call.exchange.now()) }];
}

function rateHistory(call: Call): readonly unknown[] {
  const { parameters, exchange } = call;
  const [one] = swaps(call);
  if (one === undefined) throw NO_SUCH_INSTRUMENT();
  const range = { after: parameters.integer('after'), before: parameters.integer('before'), limit: parameters.limit(100, 400) };
  return fundingHistory(one, range, exchange.now());
}

function index({ exchange, parameters }: Call): readonly unknown[] {
  const record = indexRecord(exchange, parameters.required('instId'), exchange.now());
  if (record === undefined) throw NO_SUCH_INSTRUMENT();
  return [record];
}

/** One level unless more are asked for. With `source=0` it says up to which change it goes. */
function books(call: Call): readonly unknown[] {
  const { book } = market(call);
  const size = call.parameters.limit(1, 400, 'sz');
  const [asks, bids] = [levelsAsText(book.top('sell', size)), levelsAsText(book.top('buy', size))];
  const sequence = call.parameters.optional('source') === '0' ? { seqId: book.lastId } : {};
  return [{ asks, bids, ts: String(call.exchange.now()), ...sequence }];
}

/** Deeper, and without the field that is no longer used. */
function fullBooks(call: Call): readonly unknown[] {
  const { book } = market(call);
  const size = call.parameters.limit(1, 5000, 'sz');
  const side = (name: 'buy' | 'sell') =>
    levelsAsText(book.top(name, size)).map(([price, quantity, , orders]) => [price, quantity, orders]);
  return [{ asks: side('sell'), bids: side('buy'), ts: String(call.exchange.now()) }];
}

function latestTrades(one: Market, count: number): readonly unknown[] {
  return one.trades
    .latest(count)
    .reverse()
    .map((trade) => tradeRecord(one, trade));
}

/** By trade id unless `type=2`: then `after` and `before` are times. */
function historyTrades(call: Call): readonly unknown[] {
  const { parameters } = call;
  const one = market(call);
  const all = one.trades.since(0);
  const isByTime = parameters.oneOf('type', ['1', '2']) === '2';
  const found = page(all, parameters, (trade) => String(isByTime ? trade.at : trade.id));
  return found.map((trade) => tradeRecord(one, trade));
}

/** One trade: what the aggregated `trades` channel joins stays apart over REST. */
export function tradeRecord({ instrument }: Market, trade: TradePrinted): Record<string, unknown> {
  return {
    instId: instrument.symbol,
    px: plain(trade.price),
    side: trade.isBuyerMaker ? 'sell' : 'buy',
    source: '0',
    sz: plain(trade.quantity),
    tradeId: String(trade.id),
    ts: String(trade.at),
  };
}

function candlesOf(call: Call, most: number, known: number): readonly unknown[] {
  const { parameters, exchange } = call;
  const one = market(call);
  const bar = parameters.optional('bar') ?? '1m';
  if (!isBar(bar)) throw wrongParameter('bar');
  const range = {
    after: parameters.integer('after'),
    before: parameters.integer('before'),
    limit: parameters.limit(100, most),
    known,
  };
  return candles(one, bar, range, exchange.now());
}
