import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { formatAmount } from '../../core/amount.ts';
import { CcxtUser } from '../ccxt-user.ts';
import { type Simulated, until } from '../simulated.ts';
import { type Ccxt, ccxtOf, marketOf, simulatedOkx } from './simulated.ts';

const SYMBOL = 'BTC/USDT';

describe('orders that ccxt sends', () => {
  let simulated: Simulated;
  let client: Ccxt;
  let user: CcxtUser;

  before(async () => {
    simulated = await simulatedOkx();
    client = await ccxtOf(simulated);
    await client.loadMarkets();
    user = new CcxtUser(client, SYMBOL);
    // Its login and its subscriptions take a moment.
    await new Promise((resolve) => setTimeout(resolve, 500));
  });

  after(async () => {
    user.stop();
    await client.close();
    await simulated.stop();
  });

  const faults = () => simulated.running.exchange.faults;
  const bestBid = (): number => Number(formatAmount(marketOf(simulated, 'BTC-USDT').book.best('buy')?.[0] ?? 0n, 1));
  const statusOf = async (id: string): Promise<string> => String((await client.fetchOrder(id, SYMBOL)).status);

  it("takes the book at the market, and its fills are the simulator's", async () => {
    const { id } = await client.createOrder(SYMBOL, 'market', 'buy', 0.5);
    const order = await client.fetchOrder(String(id), SYMBOL);
    assert.equal(order.status, 'closed');
    assert.equal(order.filled, 0.5);
    assert.equal((await client.fetchMyTrades(SYMBOL)).length, simulated.account.fills.length);
  });

  it('rests, is found again, and is cancelled; a second cancel proves nothing', async () => {
    const { id } = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'rests1' });
    assert.equal(await statusOf(String(id)), 'open');
    assert.deepEqual(
      (await client.fetchOpenOrders(SYMBOL)).map(({ clientOrderId }) => clientOrderId),
      ['rests1'],
    );
    await assert.rejects(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'rests1' }),
      /51016/,
    );
    await client.cancelOrder(String(id), SYMBOL);
    assert.equal(await statusOf(String(id)), 'canceled');
    await assert.rejects(client.cancelOrder(String(id), SYMBOL), /51400/);
  });

  it('is refused for its size, its price and its money as OKX refuses', async () => {
    await assert.rejects(client.createOrder(SYMBOL, 'limit', 'buy', 0.00001, bestBid() * 1.2), /51137/);
    await assert.rejects(client.createOrder(SYMBOL, 'limit', 'buy', 10, bestBid()), /51008/);
    await assert.rejects(client.createOrder('BTC/USDT:USDT', 'limit', 'buy', 1, bestBid()), /51010/);
  });

  it('is accepted and then canceled where a post-only order, an IOC or a FOK cannot be had', async () => {
    const orders = [
      await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() + 500, { postOnly: true }),
      await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, bestBid() + 500, { timeInForce: 'IOC' }),
      await client.createOrder(SYMBOL, 'limit', 'sell', 0.01, bestBid() + 500, { timeInForce: 'FOK' }),
    ];
    const found = await Promise.all(orders.map(({ id }) => client.fetchOrder(String(id), SYMBOL)));
    assert.deepEqual(
      found.map(({ status, info }) => [status, info.cancelSource]),
      [
        ['canceled', '31'],
        ['canceled', '14'],
        ['canceled', '13'],
      ],
    );
  });

  it('is filled in the book when trades reach it, and the fill is pushed', async () => {
    const { id } = await client.createOrder(SYMBOL, 'limit', 'sell', 0.002, bestBid() + 0.1, { postOnly: true });
    await until('a fill', () => simulated.account.orders.at(-1)?.status === 'filled');
    await until('its push', () => user.orders.get(String(id))?.status === 'closed');
  });

  it('lost its answer: the order is found by its client id, and the duplicate is refused while it is pending', async () => {
    faults().inject({ kind: 'lose-answer', operation: 'place', times: 1 });
    const again = () => client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'lost1' });
    await assert.rejects(again());
    await assert.rejects(again(), /51016/);
    const found = await client.fetchOrder('', SYMBOL, { clientOrderId: 'lost1' });
    assert.equal(found.status, 'open');
    await client.cancelOrder(String(found.id), SYMBOL);
  });

  it('is answered 50004 after it was accepted', async () => {
    faults().inject({ kind: 'refuse', operation: 'place', as: 'unknown-outcome', when: 'after', times: 1 });
    await assert.rejects(
      client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000, { clientOrderId: 'unknown1' }),
      /50004/,
    );
    const found = await client.fetchOrder('', SYMBOL, { clientOrderId: 'unknown1' });
    assert.equal(found.status, 'open');
    await client.cancelOrder(String(found.id), SYMBOL);
  });

  it('goes over WebSocket as well, by the code of the instrument', async () => {
    const { id } = await client.createOrderWs(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 5000);
    await client.cancelOrderWs(String(id), SYMBOL);
    assert.equal(await statusOf(String(id)), 'canceled');
  });

  it('is filled while ccxt is away, and read back', async () => {
    const { id } = await client.createOrder(SYMBOL, 'limit', 'buy', 0.01, bestBid() - 900);
    faults().inject({ kind: 'fill-away', forMs: 600, isWhole: true });
    await until('the fill', () => simulated.account.orders.at(-1)?.status === 'filled');
    assert.equal(await statusOf(String(id)), 'closed');
    await new Promise((resolve) => setTimeout(resolve, 400));
  });

  it('ends as the simulator has it: orders, fills and balances', async () => {
    const mine = [...(await client.fetchClosedOrders(SYMBOL)), ...(await client.fetchCanceledOrders(SYMBOL))].map((order) => [
      String(order.id).slice(-4),
      order.status,
      order.filled,
    ]);
    const theirs = simulated.account.orders.map((order) => [
      String(order.id).padStart(4, '0'),
      order.status === 'filled' ? 'closed' : 'canceled',
      Number(formatAmount(order.executed, 8)),
    ]);
    assert.deepEqual(mine.sort(), theirs.sort());
    const fills = simulated.account.fills.map((fill) => [
      String(fill.tradeId),
      Number(formatAmount(fill.price, 8)),
      Number(formatAmount(fill.quantity, 8)),
      Number(formatAmount(fill.fee, 12)),
    ]);
    const trades = (await client.fetchMyTrades(SYMBOL, undefined, 100)).map((trade) => [
      String(trade.id),
      trade.price,
      trade.amount,
      Number(trade.fee?.cost),
    ]);
    assert.deepEqual(trades, fills);
    // The fill that came while ccxt was away is in no push.
    assert.ok(user.fills.size >= fills.length - 1);
    const balance = await client.fetchBalance();
    for (const asset of ['BTC', 'USDT']) {
      assert.equal(Number(balance[asset]?.free), Number(formatAmount(simulated.account.balance(asset).free, 12)));
      assert.equal(Number(balance[asset]?.used), Number(formatAmount(simulated.account.balance(asset).locked, 12)));
    }
    assert.deepEqual(simulated.running.exchange.submissions.acceptedTwice(), []);
  });
});
