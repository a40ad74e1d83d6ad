import { createHash } from 'node:crypto';
import type { Account, OrderRequest, OrderType, TimeInForce } from '../../../accounts/account.ts';
import { type Amount, amount, multiply } from '../../../core/amount.ts';
import type { Market } from '../../../market/market.ts';
import { BinanceError, filterFailure, missingParameter, unneededParameter } from '../../binance/requests/errors.ts';
import type { Parameters } from '../../binance/requests/parameters.ts';
import { averagePrice, LEAST_PRICE_FACTOR, MOST_PRICE_FACTOR } from './symbols.ts';

const TYPES: Readonly<Record<string, OrderType>> = { LIMIT: 'limit', MARKET: 'market', LIMIT_MAKER: 'limit-maker' };
/** Types of Binance that are not built here: refused as a symbol without them would. */
const OTHER_TYPES = ['STOP_LOSS', 'STOP_LOSS_LIMIT', 'TAKE_PROFIT', 'TAKE_PROFIT_LIMIT'];
const TIMES_IN_FORCE: readonly string[] = ['GTC', 'IOC', 'FOK'] satisfies TimeInForce[];

const CLIENT_ID = /^[.A-Z:/a-z0-9_-]{1,36}$/;

/** Reads a new order. Throws the error that Binance answers where it is not well formed. */
export function orderRequest(parameters: Parameters, number: number): OrderRequest {
  const side = parameters.required('side');
  if (side !== 'BUY' && side !== 'SELL') throw new BinanceError(-1117, 'Invalid side.');
  const type = TYPES[typeName(parameters)] as OrderType;
  const common = { clientId: newClientId(parameters, number), side: side === 'BUY' ? 'buy' : 'sell', type } as const;
  if (type === 'market') {
    if (parameters.has('price')) throw unneededParameter('price');
    if (parameters.has('timeInForce')) throw new BinanceError(-1106, "Parameter 'timeInForce' sent when not required.");
    const [quantity, quoteQuantity] = [parameters.amount('quantity'), parameters.amount('quoteOrderQty')];
    if (quantity === undefined && quoteQuantity === undefined) {
      throw new BinanceError(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!");
    }
    if (quantity !== undefined && quoteQuantity !== undefined) throw unneededParameter('quoteOrderQty');
    return { ...common, timeInForce: 'GTC', price: 0n, quantity: quantity ?? 0n, quoteQuantity: quoteQuantity ?? 0n };
  }
  if (parameters.has('quoteOrderQty')) throw unneededParameter('quoteOrderQty');
  if (type === 'limit-maker' && parameters.has('timeInForce')) throw unneededParameter('timeInForce');
  const [price, quantity] = [parameters.requiredAmount('price'), parameters.requiredAmount('quantity')];
  return { ...common, timeInForce: type === 'limit' ? timeInForce(parameters) : 'GTC', price, quantity, quoteQuantity: 0n };
}

/** Throws -1013 with the name of the filter that an order fails. */
export function checkFilters(account: Account, market: Market, request: OrderRequest, now: number): void {
  const { instrument } = market;
  const reference = averagePrice(market, now) ?? market.book.best('buy')?.[0] ?? 0n;
  if (request.type !== 'market') checkPrice(market, request.price, reference);
  if (request.quantity > 0n) {
    const isOutside = request.quantity < instrument.leastQuantity || request.quantity > instrument.mostQuantity;
    if (isOutside || request.quantity % instrument.lotSize !== 0n) throw filterFailure('LOT_SIZE');
  } else if (request.quoteQuantity === 0n) {
    throw filterFailure('LOT_SIZE');
  }
  const price = request.type === 'market' ? reference : request.price;
  const notional = request.quantity > 0n ? multiply(price, request.quantity) : request.quoteQuantity;
  const isTooMuch = request.type !== 'market' && notional > instrument.mostNotional;
  if (notional < instrument.leastNotional || isTooMuch) throw filterFailure('NOTIONAL');
  if (account.openOrders(instrument.symbol).length >= instrument.mostOpenOrders) throw filterFailure('MAX_NUM_ORDERS');
}

function checkPrice(market: Market, price: Amount, reference: Amount): void {
  const { instrument } = market;
  const isOutside = price < instrument.leastPrice || price > instrument.mostPrice;
  if (isOutside || price % instrument.tickSize !== 0n) throw filterFailure('PRICE_FILTER');
  const [least, most] = [multiply(reference, amount(LEAST_PRICE_FACTOR)), multiply(reference, amount(MOST_PRICE_FACTOR))];
  if (reference > 0n && (price < least || price > most)) throw filterFailure('PERCENT_PRICE_BY_SIDE');
}

function typeName(parameters: Parameters): string {
  const name = parameters.required('type');
  if (OTHER_TYPES.includes(name)) throw new BinanceError(-2010, `${name} orders are not supported for this symbol.`);
  if (!Object.hasOwn(TYPES, name)) throw new BinanceError(-1116, 'Invalid orderType.');
  return name;
}

function timeInForce(parameters: Parameters): TimeInForce {
  if (!parameters.has('timeInForce')) throw missingParameter('timeInForce');
  const text = parameters.required('timeInForce');
  if (!TIMES_IN_FORCE.includes(text)) throw new BinanceError(-1115, 'Invalid timeInForce.');
  return text as TimeInForce;
}

/** What the client sent, or one that the venue makes up: 22 letters and digits. */
export function newClientId(parameters: Parameters, number: number): string {
  const sent = parameters.optional('newClientOrderId');
  if (sent === undefined)
    return createHash('sha256').update(`client id ${number}`).digest('base64url').replaceAll(/[-_]/g, 'x').slice(0, 22);
  if (!CLIENT_ID.test(sent)) {
    throw new BinanceError(
      -1100,
      `Illegal characters found in parameter 'newClientOrderId'; legal range is '${CLIENT_ID.source}'.`,
    );
  }
  return sent;
}
