import { type Amount, amount } from '../../core/amount.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { Instrument } from '../../market/instrument.ts';
import type { Market } from '../../market/market.ts';
import { plain } from './formats.ts';
import { NO_SUCH_INSTRUMENT } from './requests/errors.ts';

export type InstrumentType = 'SPOT' | 'SWAP';

const USUAL = { base: 'BTC', quote: 'USDT', tickSize: amount('0.1'), leastPrice: amount('0.1'), mostPrice: amount('10000000') };

export const BTC_USDT: Instrument = {
  ...USUAL,
  symbol: 'BTC-USDT',
  lotSize: amount('0.00000001'),
  leastQuantity: amount('0.00001'),
  mostQuantity: amount('9999999999'),
  leastNotional: 0n,
  mostNotional: amount('20000000'),
  mostOpenOrders: 500,
};

/** Quantities count contracts. */
export const BTC_USDT_SWAP: Instrument = {
  ...USUAL,
  symbol: 'BTC-USDT-SWAP',
  lotSize: amount('0.01'),
  leastQuantity: amount('0.01'),
  mostQuantity: amount('100000000'),
  leastNotional: 0n,
  mostNotional: amount('20000000'),
  mostOpenOrders: 500,
};

/** One contract of the swap, in BTC. */
export const CONTRACT_VALUE = amount('0.01');

/** What orders over WebSocket name instruments by. */
const CODES: Readonly<Record<string, number>> = { 'BTC-USDT': 10_456, 'BTC-USDT-SWAP': 10_459 };

/** The most that a market order may be worth, in USD. */
export const MOST_MARKET_VALUE = amount('1000000');

/** Of the middle of the book: prices of buys at most that much above it, of sells at most that much below. */
const PRICE_LIMIT = amount('0.05');

export function typeOf(market: Market): InstrumentType {
  return market.instrument.symbol.endsWith('-SWAP') ? 'SWAP' : 'SPOT';
}

/** Throws 51001 for an instrument that does not exist. */
export function marketOf(exchange: Exchange, instId: string): Market {
  const market = exchange.markets.get(instId);
  if (market === undefined) throw NO_SUCH_INSTRUMENT();
  return market;
}

export function marketOfCode(exchange: Exchange, code: string): Market {
  const found = Object.entries(CODES).find(([, known]) => String(known) === code);
  return marketOf(exchange, found?.[0] ?? '');
}

export function marketsOf(exchange: Exchange, type: string): Market[] {
  return [...exchange.markets.values()].filter((market) => typeOf(market) === type);
}

/** Half-way between the best prices, on the tick. 0 while a side is empty. */
export function middle({ book, instrument }: Market): Amount {
  return book.middle - (book.middle % instrument.tickSize);
}

/** The highest price of a buy and the lowest of a sell. */
export function priceLimits(market: Market): { readonly buy: Amount; readonly sell: Amount } {
  const price = middle(market);
  const { tickSize } = market.instrument;
  const distance = (price * PRICE_LIMIT) / amount('1');
  const onTick = distance - (distance % tickSize);
  return { buy: price + onTick, sell: price - onTick };
}

/** As public/instruments gives it. */
export function instrumentRecord(market: Market): Record<string, unknown> {
  const { instrument } = market;
  const isSwap = typeOf(market) === 'SWAP';
  const most = plain(instrument.mostQuantity);
  return {
    alias: '',
    auctionEndTime: '',
    baseCcy: isSwap ? '' : instrument.base,
    category: '1',
    contTdSwTime: '',
    ctMult: isSwap ? '1' : '',
    ctType: isSwap ? 'linear' : '',
    ctVal: isSwap ? plain(CONTRACT_VALUE) : '',
    ctValCcy: isSwap ? instrument.base : '',
    expTime: '',
    futureSettlement: false,
    instFamily: isSwap ? `${instrument.base}-${instrument.quote}` : '',
    instId: instrument.symbol,
    instIdCode: CODES[instrument.symbol] ?? 0,
    instType: typeOf(market),
    lever: isSwap ? '100' : '10',
    listTime: '1548133413000',
    lotSz: plain(instrument.lotSize),
    maxIcebergSz: most,
    maxLmtAmt: plain(instrument.mostNotional),
    maxLmtSz: most,
    maxMktAmt: isSwap ? '' : plain(MOST_MARKET_VALUE),
    maxMktSz: isSwap ? '12000' : plain(MOST_MARKET_VALUE),
    maxStopSz: plain(MOST_MARKET_VALUE),
    maxTriggerSz: most,
    maxTwapSz: most,
    minSz: plain(instrument.leastQuantity),
    openType: '',
    optType: '',
    posLmtAmt: '',
    posLmtPct: '',
    preMktSwTime: '',
    quoteCcy: isSwap ? '' : instrument.quote,
    ruleType: 'normal',
    settleCcy: isSwap ? instrument.quote : '',
    state: market.status === 'trading' ? 'live' : 'suspend',
    stk: '',
    tickSz: plain(instrument.tickSize),
    tradeQuoteCcyList: isSwap ? [] : [instrument.quote],
    uly: isSwap ? `${instrument.base}-${instrument.quote}` : '',
  };
}
