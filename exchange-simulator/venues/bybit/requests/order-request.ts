import type { Account, OrderRequest, TimeInForce } from '../../../accounts/account.ts';
import { type Amount, amount, multiply } from '../../../core/amount.ts';
import type { Market } from '../../../market/market.ts';
import { uuid } from '../formats.ts';
import { MOST_MARKET_QUANTITY } from '../listing.ts';
import { BybitError, badParameter, missing, NOT_BUILT } from './errors.ts';
import type { Parameters } from './parameters.ts';

const CLIENT_ID = /^[A-Za-z0-9_-]{1,36}$/;
const SIDES: Readonly<Record<string, 'buy' | 'sell'>> = { Buy: 'buy', Sell: 'sell' };
const TIMES_IN_FORCE: Readonly<Record<string, TimeInForce>> = { GTC: 'GTC', IOC: 'IOC', FOK: 'FOK', PostOnly: 'GTC' };
/** A market order by quote may have so many decimals. */
const QUOTE_STEP = amount('0.0000001');

/** Reads a new spot order: https://bybit-exchange.github.io/docs/v5/order/create-order. Throws the error that Bybit answers. */
export function orderRequest(parameters: Parameters, number: number): OrderRequest {
  const filter = parameters.optional('orderFilter') ?? 'Order';
  if (filter !== 'Order' || parameters.optional('triggerPrice') !== undefined) throw NOT_BUILT();
  const side = SIDES[parameters.required('side')];
  if (side === undefined) throw new BybitError(170117, 'Invalid side.');
  const type = parameters.required('orderType');
  if (type !== 'Limit' && type !== 'Market') throw new BybitError(170116, 'Invalid orderType.');
  const quantity = parameters.amount('qty');
  const common = { clientId: clientId(parameters, number), side };
  if (type === 'Market') {
    const unit = parameters.optional('marketUnit') ?? (side === 'buy' ? 'quoteCoin' : 'baseCoin');
    if (unit !== 'baseCoin' && unit !== 'quoteCoin') throw badParameter('marketUnit invalid');
    const size = unit === 'baseCoin' ? { quantity, quoteQuantity: 0n } : { quantity: 0n, quoteQuantity: quantity };
    return { ...common, ...size, type: 'market', timeInForce: 'IOC', price: 0n };
  }
  const named = parameters.optional('timeInForce') ?? 'GTC';
  const timeInForce = Object.hasOwn(TIMES_IN_FORCE, named) ? TIMES_IN_FORCE[named] : undefined;
  if (timeInForce === undefined) throw new BybitError(170115, 'Invalid timeInForce.');
  if (parameters.optional('price') === undefined) throw missing('price');
  const price = parameters.amount('price');
  return { ...common, type: named === 'PostOnly' ? 'limit-maker' : 'limit', timeInForce, price, quantity, quoteQuantity: 0n };
}

/** Throws the error of the limit that an order breaks. */
export function checkLimits(account: Account, market: Market, request: OrderRequest): void {
  const { instrument } = market;
  const { price, quantity, quoteQuantity } = request;
  if (quantity === 0n && quoteQuantity === 0n) throw new BybitError(170136, 'Order quantity exceeded lower limit.');
  if (quantity % instrument.lotSize !== 0n) throw new BybitError(170137, 'Order quantity has too many decimals.');
  if (quoteQuantity % QUOTE_STEP !== 0n) throw new BybitError(170148, 'Market order amount decimal too long.');
  if (request.type !== 'market') checkPrice(market, price);
  const most = request.type === 'market' ? MOST_MARKET_QUANTITY : instrument.mostQuantity;
  if (quantity > most) throw new BybitError(170135, 'Order quantity exceeded upper limit.');
  if (worthOf(market, request) < instrument.leastNotional) throw new BybitError(170140, 'Order value exceeded lower limit.');
  if (account.openOrders(instrument.symbol).length >= instrument.mostOpenOrders) {
    throw new BybitError(170810, 'Cannot exceed maximum of 500 conditional, TP/SL and active orders.');
  }
}

function checkPrice({ instrument }: Market, price: Amount): void {
  if (price < instrument.leastPrice) throw new BybitError(170133, 'Order price lower than the minimum.');
  if (price % instrument.tickSize !== 0n) throw new BybitError(170134, 'Order price has too many decimals.');
}

/** In the quote asset; a market order by base is worth what the best price says. */
function worthOf(market: Market, { side, price, quantity, quoteQuantity }: OrderRequest): Amount {
  if (quantity === 0n) return quoteQuantity;
  const touch = market.book.best(side === 'buy' ? 'sell' : 'buy')?.[0] ?? 0n;
  return multiply(price === 0n ? touch : price, quantity);
}

/** What the client sent, or one that the venue makes up. */
function clientId(parameters: Parameters, number: number): string {
  const sent = parameters.optional('orderLinkId');
  if (sent === undefined) return uuid(`order link id ${number}`);
  if (!CLIENT_ID.test(sent)) throw badParameter('OrderLinkId is invalid');
  return sent;
}
