import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { RestClient, WebsocketAPIClient, WebsocketClient } from 'okx-api';
import { amount, formatAmount } from '../../core/amount.ts';
import { bookState } from '../../exchange/state.ts';
import type { Fault } from '../../faults/fault.ts';
import { Book } from '../../market/book.ts';
import type { Level, Side } from '../../market/market-event.ts';
import { KEY, SECRET, type Simulated, until } from '../simulated.ts';
import { marketOf, PASSPHRASE, simulatedOkx } from './simulated.ts';

const INSTRUMENT = 'BTC-USDT';
const CREDENTIALS = { apiKey: KEY, apiSecret: SECRET, apiPass: PASSPHRASE };
const SILENT = { trace() {}, info() {}, error() {} } as never;
/** A side of the channel has no more. */
const DEPTH = 400;

interface Push {
  arg: { channel: string; instId?: string };
  action?: 'snapshot' | 'update';
  data: { seqId: number; prevSeqId: number; bids: string[][]; asks: string[][] }[];
}

const levels = (raw: readonly string[][]): Level[] => raw.map(([price = '', size = '']) => [amount(price), amount(size)]);

/** Keeps the book as OKX documents it: ids must follow on each other, and after a gap it unsubscribes first. */
class Follower {
  readonly #client: WebsocketClient;
  book: Book | undefined;
  resyncs = 0;
  updates = 0;

  constructor(address: string) {
    this.#client = new WebsocketClient({ wsUrl: `ws://${address}/ws/v5/public`, reconnectTimeout: 400 }, SILENT);
    this.#client.on('update', (push) => this.#push(push as unknown as Push));
    this.#client.on('reconnect', () => {
      this.book = undefined;
    });
    this.#client.on('exception' as never, () => {});
    this.#subscribe();
  }

  close(): void {
    this.#client.closeAll(true);
  }

  #subscribe(): void {
    void Promise.allSettled(this.#client.subscribe({ channel: 'books', instId: INSTRUMENT }));
  }

  #push({ action, data }: Push): void {
    for (const { seqId, prevSeqId, bids, asks } of data) {
      if (action === 'snapshot') {
        this.book = new Book();
        this.book.replace(levels(bids), levels(asks), seqId);
        this.resyncs += 1;
      } else if (this.book !== undefined && prevSeqId === this.book.lastId) {
        this.book.change(levels(bids), levels(asks), seqId);
        this.updates += 1;
      } else if (this.book !== undefined) {
        this.book = undefined;
        void Promise.allSettled(this.#client.unsubscribe({ channel: 'books', instId: INSTRUMENT })).then(() => this.#subscribe());
      }
    }
  }
}

describe('okx-api', () => {
  let simulated: Simulated;
  let client: RestClient;

  before(async () => {
    simulated = await simulatedOkx();
    client = new RestClient({ ...CREDENTIALS, baseUrl: `http://${simulated.address}` });
  });

  after(async () => {
    await simulated.stop();
  });

  const bid = (less: number): string => {
    const best = marketOf(simulated, INSTRUMENT).book.best('buy')?.[0] ?? 0n;
    return formatAmount(best - amount(String(less)), 1);
  };

  /** The best levels of the channel, of what the simulator had at the same id. */
  function expected(lastId: number): unknown {
    const whole = marketOf(simulated, INSTRUMENT).bookAt(lastId) as Book;
    const top = new Book();
    const side = (name: Side): Level[] => whole.top(name, DEPTH);
    top.replace(side('buy'), side('sell'), lastId);
    return bookState(top);
  }

  it("gives frames that make the simulator's book, through gaps, a cut, an upgrade and a reset of ids", async () => {
    const follower = new Follower(simulated.address);
    const faults: readonly (Fault | undefined)[] = [
      undefined,
      { kind: 'gap', frames: 1, on: 'public' },
      { kind: 'gap', frames: 3, on: 'public' },
      { kind: 'reorder', frames: 1, on: 'public' },
      { kind: 'reset-books', isEmpty: false },
      { kind: 'cut', on: 'public' },
      { kind: 'upgrade', leadMs: 100 },
    ];
    for (const fault of faults) {
      const [resyncs, updates] = [follower.resyncs, follower.updates];
      if (fault !== undefined) simulated.running.exchange.faults.inject(fault);
      const isResync = fault?.kind !== 'reset-books';
      await until('a new book', () => !isResync || follower.resyncs > resyncs);
      await until('frames', () => follower.updates > updates + 10 && follower.book !== undefined);
      const { book } = follower;
      assert.deepEqual(bookState(book as Book), expected(book?.lastId ?? 0));
      if (!isResync) assert.equal(follower.resyncs, resyncs);
    }
    follower.close();
  });

  it('reads both instruments, and a book over REST that says how far it goes', async () => {
    for (const instType of ['SPOT', 'SWAP'] as const) {
      const [instrument] = await client.getInstruments({ instType });
      assert.equal(instrument?.state, 'live');
    }
    const [book] = (await client.getOrderBook({
      instId: INSTRUMENT,
      sz: '400',
      source: '0',
    } as never)) as unknown as Push['data'];
    const kept = new Book();
    kept.replace(levels(book?.bids ?? []), levels(book?.asks ?? []), book?.seqId ?? 0);
    assert.deepEqual(bookState(kept), expected(book?.seqId ?? 0));
    assert.equal((await client.getFundingRateHistory({ instId: 'BTC-USDT-SWAP' })).length, 100);
  });

  it('places, reads and cancels orders over REST', async () => {
    const order = {
      instId: INSTRUMENT,
      tdMode: 'cash',
      side: 'buy',
      ordType: 'post_only',
      sz: '0.01',
      px: bid(900),
      clOrdId: 'sdk1',
    };
    const [placed] = await client.submitOrder(order as never);
    assert.equal(placed?.sCode, '0');
    const [found] = await client.getOrderDetails({ instId: INSTRUMENT, clOrdId: 'sdk1' });
    assert.deepEqual([found?.state, found?.ordId], ['live', placed?.ordId]);
    assert.deepEqual(
      (await client.getOrderList({ instType: 'SPOT' })).map(({ clOrdId }) => clOrdId),
      ['sdk1'],
    );
    await client.cancelOrder({ instId: INSTRUMENT, clOrdId: 'sdk1' });
    assert.equal(simulated.account.orders.at(-1)?.status, 'canceled');
  });

  it('trades over WebSocket, and is told of its orders, fills and balances', async () => {
    const orders: Record<string, string>[] = [];
    const balances: { details: { ccy: string; availBal: string }[] }[] = [];
    const wsUrl = `ws://${simulated.address}/ws/v5/private`;
    const stream = new WebsocketClient({ accounts: [CREDENTIALS], wsUrl }, SILENT);
    stream.on('update', (push) => {
      const { arg, data } = push as unknown as { arg: { channel: string }; data: never[] };
      if (arg.channel === 'orders') orders.push(...data);
      if (arg.channel === 'account') balances.push(...data);
    });
    await Promise.allSettled(stream.subscribe([{ channel: 'orders', instType: 'SPOT' }, { channel: 'account' }]));
    await until('the first balances', () => balances.length > 0);
    const trading = new WebsocketAPIClient({ accounts: [CREDENTIALS], wsUrl, attachEventListeners: false }, SILENT);
    const [instrument] = await client.getInstruments({ instType: 'SPOT' });
    const placed = await trading.submitNewOrder({
      instIdCode: instrument?.instIdCode,
      tdMode: 'cash',
      side: 'sell',
      ordType: 'market',
      sz: '0.03',
    } as never);
    assert.equal(placed.data[0].sCode, '0');
    await until('the push of the fill', () => orders.some(({ state }) => state === 'filled'));
    const pushed = orders
      .filter(({ fillSz }) => fillSz !== '0')
      .map((order) => [Number(order.tradeId), order.fillPx, order.fillSz, order.fillFee, order.fillFeeCcy]);
    const plain = (value: bigint): string => formatAmount(value, 12).replace(/\.?0+$/, '');
    const fills = simulated.account.fills.map((fill) => [
      fill.tradeId,
      plain(fill.price),
      plain(fill.quantity),
      plain(-fill.fee),
      fill.feeAsset,
    ]);
    assert.deepEqual(pushed, fills);
    assert.deepEqual(
      (await client.getFills({ instType: 'SPOT' })).map(({ tradeId }) => Number(tradeId)).reverse(),
      simulated.account.fills.map(({ tradeId }) => tradeId),
    );
    const usdt = balances.at(-1)?.details.find(({ ccy }) => ccy === 'USDT');
    assert.equal(usdt?.availBal, plain(simulated.account.balance('USDT').free));
    stream.closeAll(true);
    trading.getWSClient().closeAll(true);
  });
});
