import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Order } from 'ccxt';
import { formatAmount } from '../../core/amount.ts';
import { orderIdText, tradeIdText } from '../../venues/bybit/formats.ts';
import { CcxtUser } from '../ccxt-user.ts';
import { type Simulated, until } from '../simulated.ts';
import { type Ccxt, ccxtOf, simulatedBybit } from './simulated.ts';

const SYMBOL = 'BTC/USDT';

describe('orders that ccxt sends', () => {
  let simulated: Simulated;
  let client: Ccxt;
  let user: CcxtUser;

  before(async () => {
    simulated = await simulatedBybit();
    client = await ccxtOf(simulated);
    await client.loadMarkets();
    user = new CcxtUser(client, SYMBOL);
    await new Promise((resolve) => setTimeout(resolve, 500));
  });

  after(async () => {
    user.stop();
    await client.close();
    await simulated.stop();
  });

  const bestBid = (): number => Number(formatAmount(simulated.market.book.best('buy')?.[0] ?? 0n, 2));
  const limit = (side: 'buy' | 'sell', quantity: number, price: number, more: Record<string, unknown> = {}) =>
    client.createOrder(SYMBOL, 'limit', side, quantity, price, more);
  const seen = async (order: Order, status: string) => {
    await until(`${status} of the order`, () => user.orders.get(String(order.id))?.status === status);
    return user.orders.get(String(order.id)) as Order;
  };

  it("takes the book at the market, by base and by quote, and its fills are the simulator's", async () => {
    const byBase = await client.createOrder(SYMBOL, 'market', 'sell', 0.5);
    assert.equal((await seen(byBase, 'closed')).filled, 0.5);
    const byQuote = await client.createOrder(SYMBOL, 'market', 'buy', 1, undefined, { cost: 2000 });
    await seen(byQuote, 'closed');
    const spent = Number(formatAmount(simulated.account.orders.at(-1)?.quoteExecuted ?? 0n, 8));
    assert.ok(spent > 1999 && spent <= 2000);
  });

  it('rests, is found again, and is cancelled after the acknowledgement', async () => {
    const order = await limit('buy', 0.01, bestBid() - 5000, { orderLinkId: 'rests-1' });
    const open = await client.fetchOpenOrders(SYMBOL);
    assert.deepEqual(
      open.map(({ clientOrderId }) => clientOrderId),
      ['rests-1'],
    );
    await client.cancelOrder(String(order.id), SYMBOL);
    await seen(order, 'canceled');
    assert.equal((await client.fetchOrder(String(order.id), SYMBOL, { acknowledged: true })).status, 'canceled');
    await assert.rejects(client.cancelOrder(String(order.id), SYMBOL), /170142/);
    await assert.rejects(limit('buy', 0.01, bestBid() - 5000, { orderLinkId: 'rests-1' }), /170141/);
  });

  it('is refused by limits and balances as Bybit refuses, and post-only is cancelled', async () => {
    await assert.rejects(limit('buy', 0.00002, bestBid()), /170140/);
    await assert.rejects(limit('buy', 80, bestBid()), /170131/);
    const postOnly = await limit('buy', 0.01, bestBid() + 1000, { postOnly: true });
    assert.equal((await seen(postOnly, 'canceled')).info.rejectReason, 'EC_PostOnlyWillTakeLiquidity');
  });

  it('cancels what an IOC and a FOK cannot take', async () => {
    const ioc = await limit('sell', 0.01, bestBid() + 5000, { timeInForce: 'IOC' });
    const fok = await limit('sell', 0.01, bestBid() + 5000, { timeInForce: 'FOK' });
    assert.equal((await seen(ioc, 'canceled')).info.rejectReason, 'EC_NoImmediateQtyToFill');
    assert.equal((await seen(fok, 'canceled')).info.rejectReason, 'EC_NoEnoughQtyToFill');
  });

  it('is filled in the book when trades reach it, and the fill is pushed', async () => {
    const order = await limit('sell', 0.02, bestBid() + 0.1, { postOnly: true });
    await seen(order, 'closed');
  });

  it('lost its answer: the order is found by its client id, and sending it again is refused', async () => {
    simulated.running.exchange.faults.inject({ kind: 'lose-answer', operation: 'place', times: 1 });
    const price = bestBid() - 5000;
    await assert.rejects(limit('buy', 0.01, price, { orderLinkId: 'lost-1' }));
    await assert.rejects(limit('buy', 0.01, price, { orderLinkId: 'lost-1' }), /170141/);
    const [found] = await client.fetchOpenOrders(SYMBOL, undefined, undefined, { orderLinkId: 'lost-1' });
    assert.equal(found?.clientOrderId, 'lost-1');
    await client.cancelAllOrders(SYMBOL);
    await seen(found as Order, 'canceled');
  });

  it('is acknowledged and then rejected', async () => {
    simulated.running.exchange.faults.inject({ kind: 'reject-later', times: 1 });
    const order = await limit('buy', 0.01, bestBid() - 5000);
    assert.equal((await seen(order, 'rejected')).info.rejectReason, 'EC_InvalidSymbolStatus');
  });

  it('is filled though its cancel was acknowledged', async () => {
    const order = await limit('buy', 0.01, bestBid() - 5000);
    simulated.running.exchange.faults.inject({ kind: 'lose-cancel-race', times: 1 });
    await client.cancelOrder(String(order.id), SYMBOL);
    await until('two messages', () => user.orders.get(String(order.id))?.info.rejectReason === 'EC_OrigClOrdIDDoesNotExist');
    assert.equal(user.orders.get(String(order.id))?.filled, 0.01);
  });

  it('goes over the socket for orders as well', async () => {
    const order = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000);
    await client.cancelOrderWs(String(order.id), SYMBOL);
    await seen(order, 'canceled');
    await assert.rejects(client.createOrderWs(SYMBOL, 'limit', 'buy', 80, bestBid()), /170131/);
  });

  it('ends as the simulator has it: orders, fills and balances', async () => {
    const { orders, fills } = simulated.account;
    const status = (order: (typeof orders)[number]): string => {
      if (order.status === 'filled' || order.executed > 0n) return 'closed';
      return order.status === 'rejected' ? 'rejected' : 'canceled';
    };
    const lastWeek = { startTime: Date.now() - 24 * 60 * 60 * 1000 };
    const mine = await client.fetchCanceledAndClosedOrders(SYMBOL, undefined, 50, lastWeek);
    assert.deepEqual(
      mine.map((order) => [String(order.id), order.status, order.filled]).sort(),
      orders.map((order) => [orderIdText(order.id), status(order), Number(formatAmount(order.executed, 8))]).sort(),
    );
    const trades = await client.fetchMyTrades(SYMBOL, undefined, 100);
    assert.deepEqual(
      trades.map(({ id, price, amount: size, fee, order }) => [String(id), price, size, Number(fee?.cost), order]).sort(),
      fills
        .map((fill) => [
          tradeIdText('spot', fill.tradeId),
          Number(formatAmount(fill.price, 8)),
          Number(formatAmount(fill.quantity, 8)),
          Number(formatAmount(fill.fee, 12)),
          orderIdText(fill.order.id),
        ])
        .sort(),
    );
    await until('all pushes', () => user.fills.size === fills.length);
    assert.deepEqual(
      [...user.fills].sort(),
      fills.map((fill) => [tradeIdText('spot', fill.tradeId), Number(formatAmount(fill.quantity, 8))]).sort(),
    );
    const balance = await client.fetchBalance();
    for (const asset of ['BTC', 'USDT']) {
      const { free, locked } = simulated.account.balance(asset);
      assert.equal(Number(balance[asset]?.total), Number(formatAmount(free + locked, 12)));
      assert.equal(Number(balance[asset]?.free), Number(formatAmount(free, 12)));
    }
    assert.deepEqual(simulated.running.exchange.submissions.acceptedTwice(), []);
  });
});
