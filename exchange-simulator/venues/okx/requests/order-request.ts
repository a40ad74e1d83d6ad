import type { Account, OrderRequest, OrderType, TimeInForce } from '../../../accounts/account.ts';
import { type Amount, divide, least, multiply } from '../../../core/amount.ts';
import type { Exchange } from '../../../exchange/exchange.ts';
import type { Market } from '../../../market/market.ts';
import type { Side } from '../../../market/market-event.ts';
import { plain } from '../formats.ts';
import { MOST_MARKET_VALUE, middle, priceLimits, typeOf } from '../instruments.ts';
import { NO_CLIENT_ID } from '../records.ts';
import { emptyParameter, OkxError, WRONG_ACCOUNT_MODE, wrongParameter } from './errors.ts';
import type { Parameters } from './parameters.ts';
import type { SentOrder } from './sent-orders.ts';

const KINDS: Readonly<Record<string, readonly [OrderType, TimeInForce]>> = {
  limit: ['limit', 'GTC'],
  market: ['market', 'GTC'],
  post_only: ['limit-maker', 'GTC'],
  fok: ['limit', 'FOK'],
  ioc: ['limit', 'IOC'],
};

const CLIENT_ID = /^[A-Za-z0-9]{1,32}$/;
const TAG = /^[A-Za-z0-9]{1,16}$/;

/** One order as it was read: what the matching engine needs, and what it does not. */
export interface ReadOrder {
  readonly request: OrderRequest;
  readonly sent: SentOrder;
}

/** Reads a new order and checks it. Throws the error that OKX answers. */
export function readOrder(exchange: Exchange, account: Account, market: Market, parameters: Parameters): ReadOrder {
  const clientId = clientIdOf(parameters, exchange);
  const tag = parameters.optional('tag') ?? '';
  if (tag !== '' && !TAG.test(tag)) throw wrongParameter('tag');
  const mode = parameters.required('tdMode');
  if (!['cash', 'cross', 'isolated'].includes(mode)) throw wrongParameter('tdMode');
  // The accounts are in spot mode: no margin, no derivatives.
  if (mode !== 'cash' || typeOf(market) !== 'SPOT') throw WRONG_ACCOUNT_MODE();
  const side: Side | undefined = parameters.oneOf('side', ['buy', 'sell']);
  if (side === undefined) throw emptyParameter('side');
  const kind = parameters.required('ordType');
  if (!Object.hasOwn(KINDS, kind)) throw wrongParameter('ordType');
  const [type, timeInForce] = KINDS[kind] as readonly [OrderType, TimeInForce];
  const size = parameters.amount('sz');
  const common = { clientId, side, type, timeInForce };
  if (account.openOrders(market.instrument.symbol).length >= market.instrument.mostOpenOrders) {
    throw new OkxError(51174, `Order failed, number of pending orders for ${market.instrument.symbol} exceed the limit of 500.`);
  }
  if (type === 'market') return marketOrder(account, market, parameters, { common, size, tag });
  const price = parameters.amount('px');
  checkPrice(market, side, price);
  checkSize(market, size, multiply(size, price));
  return { request: { ...common, price, quantity: size, quoteQuantity: 0n }, sent: { tag, tgtCcy: '', size } };
}

function clientIdOf(parameters: Parameters, exchange: Exchange): string {
  const sent = parameters.optional('clOrdId');
  if (sent === undefined) return `${NO_CLIENT_ID}${exchange.submissions.all.length}`;
  if (!CLIENT_ID.test(sent)) throw wrongParameter('clOrdId');
  return sent;
}

interface MarketOrder {
  readonly common: Pick<OrderRequest, 'clientId' | 'side' | 'type' | 'timeInForce'>;
  readonly size: Amount;
  readonly tag: string;
}

/** Its size counts the quote currency for a buy unless it says `base_ccy`. With less money than that OKX makes it smaller. */
function marketOrder(account: Account, market: Market, parameters: Parameters, order: MarketOrder): ReadOrder {
  const { side } = order.common;
  const tgtCcy = parameters.oneOf('tgtCcy', ['base_ccy', 'quote_ccy']) ?? (side === 'buy' ? 'quote_ccy' : 'base_ccy');
  const { base, quote, lotSize } = market.instrument;
  const isByQuote = tgtCcy === 'quote_ccy';
  const value = isByQuote ? order.size : multiply(order.size, middle(market));
  if (value > MOST_MARKET_VALUE) throw new OkxError(51201, "The value of a market order can't exceed 1,000,000 USD.");
  checkSize(market, isByQuote ? undefined : order.size, value);
  const free = account.balance(side === 'buy' ? quote : base).free;
  const needed = side === 'buy' ? (isByQuote ? order.size : costOf(market, order.size)) : isByQuote ? 0n : order.size;
  if (needed > free && parameters.isTrue('banAmend')) throw notEnough(side === 'buy' ? quote : base);
  // A buy by quantity that costs too much takes what the money buys.
  const quoteQuantity = side === 'buy' && (isByQuote || needed > free) ? least(needed, free) : isByQuote ? order.size : 0n;
  const quantity =
    quoteQuantity > 0n || isByQuote ? 0n : least(order.size, side === 'buy' ? order.size : free - (free % lotSize));
  if (quoteQuantity === 0n && quantity === 0n) throw notEnough(side === 'buy' ? quote : base);
  const size = isByQuote ? quoteQuantity : quantity > 0n ? quantity : divide(quoteQuantity, middle(market));
  return { request: { ...order.common, price: 0n, quantity, quoteQuantity }, sent: { tag: order.tag, tgtCcy, size } };
}

export function notEnough(currency: string): OkxError {
  return new OkxError(51008, `Order failed. Insufficient ${currency} balance in account.`);
}

/** What a buy at the market would cost; more than anybody has where the book does not hold as much. */
function costOf(market: Market, quantity: Amount): Amount {
  let [left, cost] = [quantity, 0n];
  for (const [price, shown] of market.book.top('sell', Number.POSITIVE_INFINITY)) {
    const taken = least(left, shown);
    cost += multiply(price, taken);
    left -= taken;
    if (left === 0n) return cost;
  }
  return cost;
}

function checkPrice(market: Market, side: Side, price: Amount): void {
  if (price % market.instrument.tickSize !== 0n) {
    throw new OkxError(51150, 'The precision of the number of trades or the price exceeds the limit.');
  }
  const limits = priceLimits(market);
  if (side === 'buy' && price > limits.buy) {
    throw new OkxError(51137, `The highest price limit for buy orders is ${plain(limits.buy)}.`);
  }
  if (side === 'sell' && price < limits.sell) {
    throw new OkxError(51138, `The lowest price limit for sell orders is ${plain(limits.sell)}.`);
  }
}

/** `quantity` undefined: the order counts the quote currency alone. */
function checkSize(market: Market, quantity: Amount | undefined, value: Amount): void {
  const { instrument } = market;
  const price = middle(market);
  const base = quantity ?? (price === 0n ? 0n : divide(value, price));
  if (base < instrument.leastQuantity) throw new OkxError(51020, 'Your order should meet or exceed the minimum order amount.');
  if (quantity !== undefined && quantity % instrument.lotSize !== 0n) {
    throw new OkxError(51121, 'Order quantity must be a multiple of the lot size.');
  }
  if (base > instrument.mostQuantity || value > instrument.mostNotional) {
    throw new OkxError(51203, `Order amount exceeds the limit ${plain(instrument.mostNotional)}.`);
  }
}
