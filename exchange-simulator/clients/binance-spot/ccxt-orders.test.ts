import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatAmount } from '../../core/amount.ts';
import { CcxtUser } from '../ccxt-user.ts';
import { type Simulated, until } from '../simulated.ts';
import { type Ccxt, ccxtOf, simulatedBinanceSpot } from './simulated.ts';

const SYMBOL = 'BTC/USDT';

describe('orders that ccxt sends', () => {
  let simulated: Simulated;
  let client: Ccxt;
  let user: CcxtUser;

  before(async () => {
    simulated = await simulatedBinanceSpot();
    client = await ccxtOf(simulated);
    await client.loadMarkets();
    user = new CcxtUser(client, SYMBOL);
    // The subscription is one more request: the first order waits until its answer is there.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });

  after(async () => {
    user.stop();
    await client.close();
    await simulated.stop();
  });

  const account = () => simulated.running.exchange.accounts[0] as NonNullable<(typeof simulated.running.exchange.accounts)[0]>;
  const bestBid = (): number => Number(formatAmount(simulated.market.book.best('buy')?.[0] ?? 0n, 2));

  it("takes the book at the market, and its fills are the simulator's", async () => {
    const order = await client.createOrder(SYMBOL, 'market', 'buy', 0.5);
    assert.equal(order.status, 'closed');
    const fills = account().fills;
    assert.equal(order.trades.length, fills.length);
    assert.equal(order.filled, 0.5);
    assert.equal(order.cost?.toFixed(8), formatAmount(account().orders[0]?.quoteExecuted ?? 0n, 8));
  });

  it('rests, is found again, and is cancelled', async () => {
    const order = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'rests-1' });
    assert.equal(order.status, 'open');
    assert.deepEqual(
      (await client.fetchOpenOrders(SYMBOL)).map(({ clientOrderId }) => clientOrderId),
      ['rests-1'],
    );
    await assert.rejects(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'rests-1' }),
      /Duplicate order sent/,
    );
    await client.cancelOrder(String(order.id), SYMBOL);
    assert.equal((await client.fetchOrder(String(order.id), SYMBOL)).status, 'canceled');
    await assert.rejects(client.cancelOrder(String(order.id), SYMBOL), /Unknown order sent/);
  });

  it('is refused by filters, balances and post-only as Binance refuses', async () => {
    await assert.rejects(client.createOrder(SYMBOL, 'limit', 'buy', 0.00002, bestBid()), /NOTIONAL/);
    await assert.rejects(client.createOrder(SYMBOL, 'limit', 'buy', 100, bestBid()), /insufficient balance/);
    await assert.rejects(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() + 1000, { postOnly: true }),
      /immediately match and take/,
    );
  });

  it('expires what an IOC and a FOK cannot take', async () => {
    const ioc = await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, bestBid() + 5000, { timeInForce: 'IOC' });
    const fok = await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, bestBid() + 5000, { timeInForce: 'FOK' });
    assert.deepEqual([ioc.status, fok.status], ['expired', 'expired']);
  });

  it('is filled in the book when trades reach it, and the fill is pushed', async () => {
    const order = await client.createOrder(SYMBOL, 'limit', 'sell', 0.02, bestBid() + 0.01, { postOnly: true });
    await until('a fill', () => account().orders.some(({ id, status }) => String(id) === order.id && status === 'filled'));
    await until('its push', () => user.orders.get(String(order.id))?.status === 'closed');
  });

  it('lost its answer: the order is found by its client id, and the duplicate is refused while it is open', async () => {
    simulated.running.exchange.faults.inject({ kind: 'lose-answer', operation: 'place', times: 1 });
    await assert.rejects(client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'lost-1' }));
    const found = await client.fetchOrder('', SYMBOL, { clientOrderId: 'lost-1' });
    assert.equal(found.status, 'open');
    await client.cancelOrder(String(found.id), SYMBOL);
  });

  it('is answered -1007 after it was accepted', async () => {
    simulated.running.exchange.faults.inject({
      kind: 'refuse',
      operation: 'place',
      as: 'unknown-outcome',
      when: 'after',
      times: 1,
    });
    await assert.rejects(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'unknown-1' }),
      /-1007/,
    );
    assert.equal((await client.fetchOrder('', SYMBOL, { clientOrderId: 'unknown-1' })).status, 'open');
    await client.cancelAllOrders(SYMBOL);
  });

  it('goes over the WebSocket API as well', async () => {
    const order = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000);
    const canceled = await client.cancelOrderWs(String(order.id), SYMBOL);
    assert.equal(canceled.status, 'canceled');
  });

  it('ends as the simulator has it: orders, fills and balances', async () => {
    const status = {
      new: 'open',
      'partially-filled': 'open',
      filled: 'closed',
      canceled: 'canceled',
      expired: 'expired',
      prevented: 'expired',
      rejected: 'rejected',
    };
    const mine = (await client.fetchOrders(SYMBOL)).map((order) => [String(order.id), order.status, order.filled]);
    const theirs = account().orders.map((order) => [
      String(order.id),
      status[order.status],
      Number(formatAmount(order.executed, 8)),
    ]);
    assert.deepEqual(mine, theirs);
    const fills = account().fills.map((fill) => [
      String(fill.tradeId),
      Number(formatAmount(fill.price, 8)),
      Number(formatAmount(fill.quantity, 8)),
      Number(formatAmount(fill.fee, 8)),
    ]);
    const trades = (await client.fetchMyTrades(SYMBOL)).map((trade) => [
      String(trade.id),
      trade.price,
      trade.amount,
      Number(trade.fee?.cost),
    ]);
    assert.deepEqual(trades, fills);
    await until('all pushes', () => user.fills.size === fills.length);
    assert.deepEqual(
      [...user.fills].sort(),
      account()
        .fills.map((fill) => [String(fill.tradeId), Number(formatAmount(fill.quantity, 8))] as [string, number])
        .sort(),
    );
    const balance = await client.fetchBalance();
    for (const asset of ['BTC', 'USDT']) {
      assert.equal(Number(balance[asset]?.free), Number(formatAmount(account().balance(asset).free, 8)));
      assert.equal(Number(balance[asset]?.used), Number(formatAmount(account().balance(asset).locked, 8)));
    }
    assert.deepEqual(simulated.running.exchange.submissions.acceptedTwice(), []);
  });
});
