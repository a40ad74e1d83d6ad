import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Spot } from '@binance/spot';
import { formatAmount } from '../../core/amount.ts';
import { checkBookOf, type Depth, type Snapshot } from '../sdk-book.ts';
import { KEY, SECRET, type Simulated, until } from '../simulated.ts';
import { simulatedBinanceSpot } from './simulated.ts';

const SYMBOL = 'BTCUSDT';
/** The secret half of the example key: RFC 8032, 7.1, test 1. */
const SEED = '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60';
const PRIVATE_KEY = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${SEED}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
}).export({ format: 'pem', type: 'pkcs8' }) as string;

/** Binance's own client as it is, with nothing changed but the addresses. */
function clientOf(simulated: Simulated, key: { apiKey: string; apiSecret?: string; privateKey?: string }): Spot {
  return new Spot({
    configurationRestAPI: { ...key, basePath: `http://${simulated.address}`, retries: 0 } as never,
    configurationWebsocketAPI: { ...key, wsURL: `ws://${simulated.address}/ws-api/v3`, reconnectDelay: 200 } as never,
    configurationWebsocketStreams: { wsURL: `ws://${simulated.address}`, reconnectDelay: 200 },
  });
}

describe("Binance's own client", () => {
  let simulated: Simulated;
  let client: Spot;
  const account = () => simulated.running.exchange.accounts[0] as NonNullable<(typeof simulated.running.exchange.accounts)[0]>;
  const bid = (less: number): number => Number(formatAmount(simulated.market.book.best('buy')?.[0] ?? 0n, 2)) - less;

  before(async () => {
    simulated = await simulatedBinanceSpot();
    client = clientOf(simulated, { apiKey: KEY, apiSecret: SECRET });
  });

  after(async () => {
    await simulated.stop();
  });

  it("gives frames and snapshots that make the simulator's book, through a gap and a cut", async () => {
    await checkBookOf(simulated, {
      levels: Number.POSITIVE_INFINITY,
      before: ({ U }) => Number(U) - 1,
      async listen(hear) {
        const streams = await client.websocketStreams.connect();
        const stream = streams.diffBookDepth({ symbol: SYMBOL, updateSpeed: '100ms' } as never);
        stream.on('message', (data) => hear(data as unknown as Depth));
        return () => streams.disconnect();
      },
      snapshot: async () => (await client.restAPI.depth({ symbol: SYMBOL, limit: 5000 })).data() as unknown as Promise<Snapshot>,
    });
  });

  it('places and reads orders by HMAC and by Ed25519, over REST', async () => {
    for (const one of [client, clientOf(simulated, { apiKey: 'simulator-ed25519', privateKey: PRIVATE_KEY })]) {
      const newClientOrderId = `sdk-${account().orders.length}`;
      const order = {
        symbol: SYMBOL,
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        quantity: 0.01,
        price: bid(5000),
        newClientOrderId,
      };
      const placed = (await (await one.restAPI.newOrder(order as never)).data()) as { orderId: number | bigint };
      const found = await (await one.restAPI.getOrder({ symbol: SYMBOL, origClientOrderId: newClientOrderId })).data();
      assert.equal(found.status, 'NEW');
      await one.restAPI.deleteOrder({ symbol: SYMBOL, orderId: placed.orderId } as never);
      assert.equal(account().orders.at(-1)?.status, 'canceled');
    }
  });

  it('is told of its orders by user data, and trades over the WebSocket API', async () => {
    const connection = await client.websocketAPI.connect();
    const { stream } = await connection.userDataStreamSubscribeSignature();
    const events: Record<string, unknown>[] = [];
    stream.on('message', (data) => void events.push(data as unknown as Record<string, unknown>));
    await connection.orderPlace({ symbol: SYMBOL, side: 'SELL', type: 'MARKET', quantity: 0.03 } as never);
    await until('the report of the fill', () => events.some((event) => event.e === 'executionReport' && event.X === 'FILLED'));
    const pushed = events
      .filter((event) => event.x === 'TRADE')
      .map((event) => [Number(event.t), event.l, event.L, event.n, event.N]);
    const fills = account().fills.map((fill) => [
      fill.tradeId,
      formatAmount(fill.quantity, 8),
      formatAmount(fill.price, 8),
      formatAmount(fill.fee, 8),
      fill.feeAsset,
    ]);
    assert.deepEqual(pushed, fills);
    assert.ok(events.some((event) => event.e === 'outboundAccountPosition'));
    await connection.disconnect();
  });

  it('reads back the fill that happened while it was away', async () => {
    const order = {
      symbol: SYMBOL,
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      quantity: 0.02,
      price: bid(3000),
      newClientOrderId: 'away-1',
    };
    await client.restAPI.newOrder(order as never);
    simulated.running.exchange.faults.inject({ kind: 'fill-away', forMs: 400, isWhole: true });
    await until('the fill', () => account().orders.at(-1)?.status === 'filled');
    const trades = await (await client.restAPI.myTrades({ symbol: SYMBOL })).data();
    assert.deepEqual(
      trades.map(({ id }) => Number(id)),
      account().fills.map(({ tradeId }) => tradeId),
    );
    // Private connections are refused for a while yet.
    await new Promise((resolve) => setTimeout(resolve, 400));
  });

  it('logs a session on by Ed25519', async () => {
    const connection = await clientOf(simulated, { apiKey: 'simulator-ed25519', privateKey: PRIVATE_KEY }).websocketAPI.connect();
    const [answer] = await connection.sessionLogon();
    assert.equal((answer?.data as { apiKey?: string } | undefined)?.apiKey, 'simulator-ed25519');
    const status = await connection.accountStatus();
    assert.ok(((status.data as { balances?: unknown[] }).balances ?? []).length > 0);
    await connection.disconnect();
  });
});
