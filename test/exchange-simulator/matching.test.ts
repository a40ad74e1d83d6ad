import { beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../exchange-simulator/accounts/account.ts';
import { amount, formatAmount } from '../../exchange-simulator/core/amount.ts';
import { VirtualClock } from '../../exchange-simulator/core/clock.ts';
import { Exchange } from '../../exchange-simulator/exchange/exchange.ts';
import { Bars } from '../../exchange-simulator/market/bars.ts';
import { Market } from '../../exchange-simulator/market/market.ts';
import { BTCUSDT } from '../../exchange-simulator/venues/binance-spot/standard.ts';
import { bodyOf, Given, SNAPSHOT, START } from './given.ts';

let given: Given;

beforeEach(() => {
  given = new Given();
});

function balance(asset: string): [free: string, locked: string] {
  const { free, locked } = given.account.balance(asset);
  return [formatAmount(free, 8), formatAmount(locked, 8)];
}

describe('an order that takes', () => {
  it('takes the best levels first, pays each its price, and the fee is a thousandth of what it receives', async () => {
    const answer = bodyOf(await given.place({ side: 'BUY', type: 'MARKET', quantity: '1.5' }));
    // 1 at 101 and 0.5 at 102 are 152; of 1.5 BTC the fee is 0.0015.
    expect(answer).toMatchObject({ status: 'FILLED', executedQty: '1.50000000', cummulativeQuoteQty: '152.00000000' });
    expect((answer.fills as Record<string, string>[]).map(({ price, qty, commission }) => [price, qty, commission])).toEqual([
      ['101.00000000', '1.00000000', '0.00100000'],
      ['102.00000000', '0.50000000', '0.00050000'],
    ]);
    expect(balance('USDT')).toEqual(['99848.00000000', '0.00000000']);
    expect(balance('BTC')).toEqual(['3.49850000', '0.00000000']);
  });

  it('finds gone what was taken, until the level changes', async () => {
    await given.place({ side: 'BUY', type: 'MARKET', quantity: '1' });
    const second = bodyOf(await given.place({ side: 'BUY', type: 'MARKET', quantity: '1' }));
    expect(second.cummulativeQuoteQty).toBe('102.00000000');
    given.change([], [['101', '0.25']]);
    const third = bodyOf(await given.place({ side: 'BUY', type: 'MARKET', quantity: '0.25' }));
    expect(third.cummulativeQuoteQty).toBe('25.25000000');
  });

  it('spends at most the quote quantity asked for, in whole lots', async () => {
    const answer = bodyOf(await given.place({ side: 'BUY', type: 'MARKET', quoteOrderQty: '10' }));
    // 10 / 101 is 0.0990099; the lot is 0.00001.
    expect(answer).toMatchObject({ status: 'FILLED', executedQty: '0.09900000', origQuoteOrderQty: '10.00000000' });
  });

  it('of IOC ends with what it got, of FOK takes all or nothing', async () => {
    const ioc = bodyOf(await given.limit('BUY', '101', '2', { timeInForce: 'IOC' }));
    expect(ioc).toMatchObject({ status: 'EXPIRED', executedQty: '1.00000000', expiryReason: 'UNFILLED_IOC_QUANTITY_EXPIRED' });
    const fok = bodyOf(await given.limit('BUY', '102', '1.5', { timeInForce: 'FOK' }));
    expect(fok).toMatchObject({ status: 'EXPIRED', executedQty: '0.00000000', expiryReason: 'UNFILLED_FOK_ORDER_EXPIRED' });
    expect(balance('USDT')).toEqual(['99899.00000000', '0.00000000']);
  });
});

describe('an order that rests', () => {
  it('reserves its whole price, and gives back what a better price leaves', async () => {
    await given.limit('BUY', '102', '3');
    // 1 at 101 and 1 at 102 are taken; 1 at 102 rests.
    expect(balance('USDT')).toEqual(['99695.00000000', '102.00000000']);
  });

  it('waits for what stood before it at its price', async () => {
    await given.limit('BUY', '100', '0.5');
    const [order] = given.account.orders;
    given.trade('100', '0.8', true);
    expect(order?.executed).toBe(0n);
    given.trade('100', '0.3', true);
    // 1 stood before it; 1.1 were sold: 0.1 reached it.
    expect(order?.executed).toBe(amount('0.1'));
    given.trade('99.99', '0.00001', true);
    expect(order?.status).toBe('filled');
    expect(given.account.fills.map(({ isMaker, price }) => [isMaker, formatAmount(price, 2)])).toEqual([
      [true, '100.00'],
      [true, '100.00'],
    ]);
  });

  it('moves up when the level before it shrinks, and shares one trade with those behind it', async () => {
    await given.limit('SELL', '101', '0.5');
    await given.limit('SELL', '101', '0.5');
    given.change([], [['101', '0.2']]);
    given.trade('101', '0.9', false);
    // 0.2 stood before both; 0.5 go to the first and 0.2 to the second.
    expect(given.account.orders.map(({ executed }) => formatAmount(executed, 1))).toEqual(['0.5', '0.2']);
  });

  it('is reached by a book that crosses it', async () => {
    await given.limit('BUY', '100', '0.5');
    given.change([['100', '0']], [['100', '0.3']]);
    expect(given.account.orders[0]?.executed).toBe(amount('0.3'));
  });

  it('is not reached by trades of the other side, nor by those that do not reach its price', async () => {
    await given.limit('BUY', '100', '0.5');
    given.trade('100', '5', false);
    given.trade('100.01', '5', true);
    expect(given.account.orders[0]?.status).toBe('new');
  });

  it('is refused as post only where it would take, and rests where it would not', async () => {
    expect(bodyOf(await given.place({ side: 'BUY', type: 'LIMIT_MAKER', price: '101', quantity: '1' }))).toEqual({
      code: -2010,
      msg: 'Order would immediately match and take.',
    });
    await given.place({ side: 'BUY', type: 'LIMIT_MAKER', price: '100.99', quantity: '1' });
    expect(given.account.orders[0]?.status).toBe('new');
  });

  it('frees what it reserved when it is cancelled', async () => {
    await given.limit('SELL', '150', '2', { newClientOrderId: 'mine' });
    expect(balance('BTC')).toEqual(['0.00000000', '2.00000000']);
    const parameters = { symbol: 'BTCUSDT', origClientOrderId: 'mine', newClientOrderId: 'cancel-1' };
    const answer = bodyOf(await given.signed('DELETE', '/api/v3/order', parameters));
    expect(answer).toMatchObject({ status: 'CANCELED', origClientOrderId: 'mine', clientOrderId: 'cancel-1' });
    expect(balance('BTC')).toEqual(['2.00000000', '0.00000000']);
  });
});

describe("users' trades", () => {
  it('print as public ones with ids of their own, and recorded ids move up', async () => {
    given.trade('101', '0.1', false);
    const first = given.market.trades.lastId ?? 0;
    await given.place({ side: 'BUY', type: 'MARKET', quantity: '0.1' });
    given.trade('101', '0.1', false);
    expect(given.market.trades.latest(3).map(({ id }) => id)).toEqual([first, first + 1, first + 2]);
    expect(given.account.fills[0]?.tradeId).toBe(first + 1);
  });
});

describe('rules of other venues', () => {
  const request = { clientId: 'one', side: 'buy', timeInForce: 'GTC', quantity: amount('1'), quoteQuantity: 0n } as const;
  const rules = { postOnlyThatTakes: 'canceled', clientIdsUniqueAmong: 'all-orders' } as const;

  function otherExchange(): { exchange: Exchange; market: Market; account: Account; told: string[] } {
    const exchange = new Exchange(new VirtualClock(START), rules);
    const market = new Market(BTCUSDT, new Bars());
    market.apply(SNAPSHOT);
    exchange.addMarket(market);
    const account = exchange.addAccount({ maker: 0n, taker: 0n }, { USDT: amount('1000') });
    const told: string[] = [];
    account.observe((event) => {
      if (event.kind === 'order') told.push(event.change);
    });
    return { exchange, market, account, told };
  }

  it('accept a post-only order that would take, and cancel it', () => {
    const { exchange, market, account, told } = otherExchange();
    const order = exchange.place(account, market, { ...request, type: 'limit-maker', price: amount('101') });
    expect([order.status, order.executed, told]).toEqual(['canceled', 0n, ['accepted', 'canceled']]);
    expect(account.balance('USDT')).toEqual({ free: amount('1000'), locked: 0n });
  });

  it('refuse a client id for ever', () => {
    const { exchange, market, account } = otherExchange();
    const order = exchange.place(account, market, { ...request, type: 'limit', price: amount('90') });
    exchange.cancel(order, '');
    expect(() => exchange.place(account, market, { ...request, type: 'limit', price: amount('90') })).toThrow(
      'duplicate-client-id',
    );
  });

  it('reject an order after it was acknowledged: nothing is reserved, and its account is told', () => {
    const { exchange, market, account, told } = otherExchange();
    const order = exchange.reject(account, market, { ...request, type: 'limit', price: amount('90') }, 'CLOSED');
    expect([order.rejectReason, order.status, order.isOpen, told, account.openOrders()]).toEqual([
      'CLOSED',
      'rejected',
      false,
      ['rejected'],
      [],
    ]);
    expect(account.balance('USDT').locked).toBe(0n);
  });
});
