import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RestClientV5, WebsocketAPIClient, WebsocketClient } from 'bybit-api';
import { amount, formatAmount } from '../../core/amount.ts';
import { bookState } from '../../exchange/state.ts';
import { Book } from '../../market/book.ts';
import { orderIdText, tradeIdText } from '../../venues/bybit/formats.ts';
import { KEY, SECRET, type Simulated, until } from '../simulated.ts';
import { simulatedBybit } from './simulated.ts';

const SYMBOL = 'BTCUSDT';
const SPOT = { category: 'spot', symbol: SYMBOL } as const;
const DEPTH = 200;

interface Depth {
  topic: string;
  type: 'snapshot' | 'delta';
  data: { b: [string, string][]; a: [string, string][]; u: number; seq: number };
}

interface Told {
  topic: string;
  data: Record<string, string>[];
}

const quiet = { trace: () => {}, info: () => {}, error: () => {} };
const levels = (raw: readonly [string, string][]) => raw.map(([price, quantity]) => [amount(price), amount(quantity)] as const);

/** Puts frames together as Bybit's documents say, and counts gaps of `u`: this client itself does not look at it. */
class Follower {
  readonly book = new Book();
  #u = 0;
  gaps = 0;
  isValid = false;

  take({ type, data }: Depth): void {
    if (type === 'snapshot') {
      this.book.replace(levels(data.b), levels(data.a), data.seq);
      this.isValid = true;
    } else if (!this.isValid) {
      return;
    } else if (data.u === this.#u + 1) {
      this.book.change(levels(data.b), levels(data.a), data.seq);
    } else {
      this.gaps += 1;
      this.isValid = false;
    }
    this.#u = data.u;
  }
}

describe('bybit-api', () => {
  let simulated: Simulated;
  let rest: RestClientV5;
  const open: { closeAll(force?: boolean): void }[] = [];

  const socket = (path: string): WebsocketClient => {
    const client = new WebsocketClient(
      { key: KEY, secret: SECRET, market: 'v5', wsUrl: `ws://${simulated.address}${path}`, reconnectTimeout: 200 },
      quiet,
    );
    // Without a listener each reconnection would end the program.
    client.on('exception', () => {});
    open.push(client);
    return client;
  };

  before(async () => {
    simulated = await simulatedBybit();
    rest = new RestClientV5({ key: KEY, secret: SECRET, baseUrl: `http://${simulated.address}` });
  });

  after(async () => {
    for (const client of open) client.closeAll(true);
    await simulated.stop();
  });

  const bid = (less: number): string => (Number(formatAmount(simulated.market.book.best('buy')?.[0] ?? 0n, 2)) - less).toFixed(1);

  it("gives frames that make the simulator's book, through 20 gaps, a cut and a restart", async () => {
    const client = socket('/v5/public/spot');
    const follower = new Follower();
    client.on('update', (told) => {
      if ((told as Depth).topic.startsWith('orderbook')) follower.take(told as Depth);
    });
    const topic = `orderbook.${DEPTH}.${SYMBOL}`;
    void client.subscribeV5([topic], 'spot');
    const { faults } = simulated.running.exchange;
    const equal = async (): Promise<void> => {
      await until('a valid book', () => follower.isValid);
      const { book } = follower;
      const truth = bookState(simulated.market.bookAt(book.lastId) as Book);
      assert.deepEqual(
        { bids: bookState(book).bids, asks: bookState(book).asks },
        { bids: truth.bids.slice(0, DEPTH), asks: truth.asks.slice(0, DEPTH) },
      );
    };
    await equal();
    for (let gap = 1; gap <= 20; gap += 1) {
      faults.inject({ kind: 'gap', frames: 1 + (gap % 3), on: 'public' });
      await until('the gap', () => follower.gaps === gap);
      void client.unsubscribeV5([topic], 'spot');
      await new Promise((resolve) => setTimeout(resolve, 50));
      void client.subscribeV5([topic], 'spot');
      await equal();
    }
    for (const fault of [
      { kind: 'cut', on: 'public' },
      { kind: 'restart', downMs: 300, isIdReset: true },
      { kind: 'reset-books', isEmpty: false },
    ] as const) {
      faults.inject(fault);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      await equal();
    }
  });

  it("reads what the simulator lists: symbols, bars, trades, the clock, the key's rights", async () => {
    const { result } = await rest.getInstrumentsInfo({ category: 'spot' });
    assert.deepEqual(
      result.list.map(({ symbol, status }) => [symbol, status]),
      [[SYMBOL, 'Trading']],
    );
    const days = await rest.getKline({ ...SPOT, interval: 'D', limit: 200 });
    assert.equal(days.result.list.length, 200);
    const trades = await rest.getPublicTradingHistory({ ...SPOT, limit: 60 });
    const ids = simulated.market.trades.latest(5000).map(({ id }) => tradeIdText('spot', id));
    assert.ok(trades.result.list.every(({ execId }) => ids.includes(execId)));
    assert.ok(Math.abs(Number((await rest.getServerTime()).result.timeSecond) * 1000 - Date.now()) < 2000);
    assert.deepEqual((await rest.getQueryApiKey()).result.permissions.Wallet, []);
  });

  it('trades over REST and a socket, is told of it, and reads it back', async () => {
    const client = socket('/v5/private');
    const [orders, executions] = [new Map<string, Record<string, string>>(), new Map<string, string>()];
    client.on('update', (raw) => {
      const { topic, data } = raw as unknown as Told;
      if (topic === 'order') for (const order of data) orders.set(String(order.orderId), order);
      if (topic === 'execution')
        for (const execution of data) executions.set(String(execution.execId), String(execution.execQty));
    });
    let isSubscribed = false;
    client.on('response', ({ req_id }) => {
      if (String(req_id).includes('order')) isSubscribed = true;
    });
    void client.subscribeV5(['order', 'execution', 'wallet'], 'spot', true);
    await until('the subscription', () => isSubscribed);

    const order = { ...SPOT, side: 'Buy', orderType: 'Limit', qty: '0.01' } as const;
    const placed = await rest.submitOrder({ ...order, price: bid(5000), timeInForce: 'PostOnly', orderLinkId: 'sdk-1' });
    assert.equal(placed.retCode, 0);
    await until('the order', () => orders.get(placed.result.orderId)?.orderStatus === 'New');
    const active = await rest.getActiveOrders({ ...SPOT, openOnly: 0 });
    assert.deepEqual(
      active.result.list.map(({ orderLinkId }) => orderLinkId),
      ['sdk-1'],
    );
    assert.equal((await rest.submitOrder({ ...order, price: bid(5000), orderLinkId: 'sdk-1' })).retCode, 170141);
    await rest.cancelOrder({ ...SPOT, orderLinkId: 'sdk-1' });
    await until('the cancel', () => orders.get(placed.result.orderId)?.orderStatus === 'Cancelled');
    const sold = await rest.submitOrder({ ...SPOT, side: 'Sell', orderType: 'Market', qty: '0.5' });
    await until('the fills', () => orders.get(sold.result.orderId)?.orderStatus === 'Filled');

    const api = new WebsocketAPIClient({ key: KEY, secret: SECRET, wsUrl: `ws://${simulated.address}/v5/trade` }, quiet);
    const bySocket = await api.submitNewOrder({ ...order, price: bid(5000) });
    assert.equal(bySocket.retCode, 0);
    await api.cancelOrder({ ...SPOT, orderId: bySocket.data.orderId });
    await until('its cancel', () => orders.get(bySocket.data.orderId)?.orderStatus === 'Cancelled');
    api.getWSClient().closeAll(true);

    const { fills, orders: all } = simulated.account;
    const list = await rest.getExecutionList({ ...SPOT, limit: 100 });
    const expected = fills.map((fill) => [tradeIdText('spot', fill.tradeId), formatAmount(fill.quantity, 6)]).sort();
    const padded = (pairs: [string, string][]) => pairs.map(([id, size]) => [id, Number(size).toFixed(6)]).sort();
    assert.deepEqual(padded(list.result.list.map(({ execId, execQty }) => [execId, execQty])), expected);
    assert.deepEqual(padded([...executions]), expected);
    const history = await rest.getHistoricOrders({ ...SPOT });
    assert.deepEqual(history.result.list.map(({ orderId }) => orderId).sort(), all.map(({ id }) => orderIdText(id)).sort());
    const wallet = await rest.getWalletBalance({ accountType: 'UNIFIED' });
    for (const { coin, walletBalance, locked } of wallet.result.list[0]?.coin ?? []) {
      const balance = simulated.account.balance(coin);
      assert.equal(Number(walletBalance), Number(formatAmount(balance.free + balance.locked, 12)));
      assert.equal(Number(locked), Number(formatAmount(balance.locked, 12)));
    }
  });
});
