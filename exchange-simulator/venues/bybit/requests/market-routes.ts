import type { Bar } from '../../../market/bars.ts';
import { lastFunding } from '../../../market/funding.ts';
import type { Market } from '../../../market/market.ts';
import type { TradePrinted } from '../../../market/market-event.ts';
import { FUNDING_RATE, INTERVALS, levelsAsText, plain, SIDE, tickerRecord, touchRecord, tradeIdText } from '../formats.ts';
import { type Category, findMarket, MOST_MARKET_QUANTITY, marketsOf } from '../listing.ts';
import type { Call, Routes } from './call.ts';
import { badParameter } from './errors.ts';

/** Public routes: https://bybit-exchange.github.io/docs/v5/market/time */
export const MARKET_ROUTES: Routes = {
  'GET /v5/market/time': { security: 'none', operation: 'market', answer: ({ exchange }) => timeOf(exchange.now()) },
  'GET /v5/market/instruments-info': { security: 'none', operation: 'market', answer: instruments },
  'GET /v5/market/orderbook': { security: 'none', operation: 'market', answer: orderBook },
  'GET /v5/market/full_orderbook': { security: 'none', operation: 'market', answer: fullOrderBook },
  'GET /v5/market/kline': { security: 'none', operation: 'market', answer: klines },
  'GET /v5/market/recent-trade': { security: 'none', operation: 'market', answer: recentTrades },
  'GET /v5/market/tickers': { security: 'none', operation: 'market', answer: tickers },
  'GET /v5/market/funding/history': { security: 'none', operation: 'market', answer: fundingHistory },
  'GET /v5/system/status': { security: 'none', operation: 'market', answer: ({ hub }) => ({ list: hub.maintenance() }) },
};

function timeOf(now: number): Record<string, string> {
  return { timeSecond: String(Math.floor(now / 1000)), timeNano: `${now}000000` };
}

/** The market that a request names. Throws 10001 where there is none. */
function marketOf({ exchange, parameters }: Call, category: Category): Market {
  const market = findMarket(exchange, category, parameters.required('symbol'));
  if (market === undefined) throw badParameter('Symbol Is Invalid');
  return market;
}

function instruments(call: Call): Record<string, unknown> {
  const { exchange, parameters } = call;
  const category = parameters.category();
  const symbol = parameters.optional('symbol');
  const status = parameters.optional('status') ?? 'Trading';
  // A market that does not trade is not listed.
  const listed = marketsOf(exchange, category).filter(
    (market) =>
      status === 'Trading' && market.status === 'trading' && (symbol === undefined || market.instrument.symbol === symbol),
  );
  return { category, list: listed.map(category === 'spot' ? spotRecord : linearRecord), nextPageCursor: '' };
}

function spotRecord({ instrument }: Market): Record<string, unknown> {
  return {
    symbol: instrument.symbol,
    baseCoin: instrument.base,
    quoteCoin: instrument.quote,
    innovation: '0',
    status: 'Trading',
    marginTrading: 'utaOnly',
    stTag: '0',
    lotSizeFilter: {
      basePrecision: plain(instrument.lotSize),
      quotePrecision: '0.0000001',
      minOrderQty: plain(instrument.leastQuantity),
      maxOrderQty: plain(instrument.mostQuantity),
      minOrderAmt: plain(instrument.leastNotional),
      maxOrderAmt: '8000000',
      maxLimitOrderQty: plain(instrument.mostQuantity),
      maxMarketOrderQty: plain(MOST_MARKET_QUANTITY),
      postOnlyMaxLimitOrderSize: plain(instrument.mostQuantity),
    },
    priceFilter: { tickSize: plain(instrument.tickSize) },
    symbolType: '',
  };
}

function linearRecord({ instrument }: Market): Record<string, unknown> {
  return {
    symbol: instrument.symbol,
    contractType: 'LinearPerpetual',
    status: 'Trading',
    baseCoin: instrument.base,
    quoteCoin: instrument.quote,
    launchTime: '1585526400000',
    deliveryTime: '0',
    deliveryFeeRate: '',
    priceScale: '2',
    leverageFilter: { minLeverage: '1', maxLeverage: '100.00', leverageStep: '0.01' },
    priceFilter: {
      minPrice: plain(instrument.leastPrice),
      maxPrice: plain(instrument.mostPrice),
      tickSize: plain(instrument.tickSize),
    },
    lotSizeFilter: {
      maxOrderQty: plain(instrument.mostQuantity),
      minOrderQty: plain(instrument.leastQuantity),
      qtyStep: plain(instrument.lotSize),
      postOnlyMaxOrderQty: plain(instrument.mostQuantity),
      maxMktOrderQty: '500',
      minNotionalValue: plain(instrument.leastNotional),
    },
    unifiedMarginTrade: true,
    fundingInterval: 480,
    settleCoin: instrument.quote,
    copyTrading: 'both',
    upperFundingRate: '0.00375',
    lowerFundingRate: '-0.00375',
    isPreListing: false,
    preListingInfo: null,
    symbolType: '',
  };
}

/** Its `u` is that of the stream of 1000 levels. */
function orderBook(call: Call): Record<string, unknown> {
  const category = call.parameters.category();
  const limit = category === 'spot' ? call.parameters.limit(1, 200) : call.parameters.limit(25, 500);
  return restBook(call, marketOf(call, category), '1000', limit);
}

function fullOrderBook(call: Call): Record<string, unknown> {
  const category = call.parameters.category();
  if (category !== 'spot') throw badParameter('Illegal category');
  return restBook(call, marketOf(call, category), 'full', Number.POSITIVE_INFINITY);
}

function restBook({ hub, exchange }: Call, market: Market, depth: string, limit: number): Record<string, unknown> {
  const { bids, asks, u, seq, cts } = hub.feedOf(market, depth).published;
  return {
    s: market.instrument.symbol,
    b: levelsAsText(bids.slice(0, limit)),
    a: levelsAsText(asks.slice(0, limit)),
    ts: exchange.now(),
    u,
    seq,
    cts,
  };
}

/** Newest first. From `start` on where that alone is sent, else the latest up to `end`. */
function klines(call: Call): Record<string, unknown> {
  const { parameters, exchange } = call;
  const category = parameters.category();
  const { bars, instrument } = marketOf(call, category);
  const name = parameters.required('interval');
  const interval = Object.hasOwn(INTERVALS, name) ? (INTERVALS[name] as string) : undefined;
  if (interval === undefined) throw badParameter('Invalid period!');
  const limit = parameters.limit(200, 1000);
  const [start, until] = [parameters.integer('start'), parameters.integer('end')];
  const end = Math.min(until ?? Number.POSITIVE_INFINITY, exchange.now());
  const found =
    start !== undefined && until === undefined
      ? bars.earliest(interval, start, end, limit)
      : bars.latest(interval, start ?? 0, end, limit);
  return { category, symbol: instrument.symbol, list: found.reverse().map(klineRow) };
}

function klineRow(bar: Bar): string[] {
  const { open, high, low, close, volume, quoteVolume } = bar;
  return [String(bar.start), ...[open, high, low, close, volume, quoteVolume].map(plain)];
}

/** Newest first: spot has the last 60 at most, and nothing pages. */
function recentTrades(call: Call): Record<string, unknown> {
  const category = call.parameters.category();
  const { trades, instrument } = marketOf(call, category);
  const limit = category === 'spot' ? call.parameters.limit(60, 60) : call.parameters.limit(500, 1000);
  const list = trades
    .latest(limit)
    .reverse()
    .map((trade) => tradeRecord(category, instrument.symbol, trade));
  return { category, list };
}

function tradeRecord(category: Category, symbol: string, trade: TradePrinted): Record<string, unknown> {
  return {
    execId: tradeIdText(category, trade.id),
    symbol,
    price: plain(trade.price),
    size: plain(trade.quantity),
    side: SIDE[trade.isBuyerMaker ? 'sell' : 'buy'],
    time: String(trade.at),
    isBlockTrade: false,
    isRPITrade: false,
    seq: String(trade.id),
  };
}

function tickers(call: Call): Record<string, unknown> {
  const { parameters, exchange } = call;
  const category = parameters.category();
  const markets = parameters.optional('symbol') === undefined ? marketsOf(exchange, category) : [marketOf(call, category)];
  const list = markets.map((market) => ({ ...tickerRecord(category, market, exchange.now()), ...touchRecord(market) }));
  return { category, list };
}

/** Newest first, one each eight hours. */
function fundingHistory(call: Call): Record<string, unknown> {
  const { parameters, exchange } = call;
  const category = parameters.category();
  if (category !== 'linear') throw badParameter('Illegal category');
  const { symbol } = marketOf(call, category).instrument;
  const limit = parameters.limit(200, 200);
  const [start = 0, end = exchange.now()] = [parameters.integer('startTime'), parameters.integer('endTime')];
  const list: Record<string, string>[] = [];
  for (let at = lastFunding(Math.min(end, exchange.now())); at >= start && list.length < limit; ) {
    list.push({ symbol, fundingRate: FUNDING_RATE, fundingRateTimestamp: String(at) });
    at = lastFunding(at - 1);
  }
  return { category, list };
}
