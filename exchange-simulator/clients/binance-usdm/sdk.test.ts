import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DerivativesTradingUsdsFutures } from '@binance/derivatives-trading-usds-futures';
import { checkBookOf, type Depth, type Snapshot } from '../sdk-book.ts';
import { KEY, SECRET, type Simulated, until } from '../simulated.ts';
import { simulatedBinanceUsdm } from './simulated.ts';

const symbol = 'BTCUSDT';
const EIGHT_HOURS = 8 * 3_600_000;

describe("Binance's own client of futures", () => {
  let simulated: Simulated;
  let client: DerivativesTradingUsdsFutures;

  before(async () => {
    simulated = await simulatedBinanceUsdm();
    // As it is, with nothing changed but the addresses. It adds /public, /market and /private itself.
    client = new DerivativesTradingUsdsFutures({
      configurationRestAPI: { apiKey: KEY, apiSecret: SECRET, basePath: `http://${simulated.address}`, retries: 0 } as never,
      configurationWebsocketStreams: { wsURL: `ws://${simulated.address}`, reconnectDelay: 200 },
    });
  });

  after(async () => {
    await simulated.stop();
  });

  it("gives frames and snapshots that make the simulator's book, through a gap and a cut", async () => {
    await checkBookOf(simulated, {
      levels: 200,
      before: ({ pu }) => Number(pu),
      async listen(hear) {
        const streams = await client.websocketStreams.connect();
        const stream = streams.diffBookDepthStreams({ symbol, updateSpeed: '100ms' } as never);
        stream.on('message', (data) => hear(data as unknown as Depth));
        return () => streams.disconnect();
      },
      snapshot: async () =>
        (await client.restAPI.orderBook({ symbol, limit: 1000 } as never)).data() as unknown as Promise<Snapshot>,
    });
  });

  it('hears trades, best prices, bars and the mark price, each on its own path', async () => {
    const streams = await client.websocketStreams.connect();
    const heard = new Map<string, Record<string, unknown>>();
    const subscribed = [
      streams.aggregateTradeStreams({ symbol }),
      streams.individualSymbolBookTickerStreams({ symbol }),
      streams.klineCandlestickStreams({ symbol, interval: '1m' }),
      streams.markPriceStream({ symbol, updateSpeed: '1s' } as never),
    ];
    for (const stream of subscribed) {
      stream.on('message', (data: unknown) => {
        const event = data as Record<string, unknown>;
        heard.set(String(event.e), event);
      });
    }
    await until('all four', () => heard.size === 4);
    assert.deepEqual([...heard.keys()].sort(), ['aggTrade', 'bookTicker', 'kline', 'markPriceUpdate']);
    assert.equal(Number(heard.get('markPriceUpdate')?.T) % EIGHT_HOURS, 0);
    await streams.disconnect();
  });

  it('reads what the simulator lists: the contract, bars, trades, mark and funding, the clock', async () => {
    const { restAPI } = client;
    const info = await (await restAPI.exchangeInformation()).data();
    assert.deepEqual([info.symbols?.[0]?.symbol, info.symbols?.[0]?.contractType], [symbol, 'PERPETUAL']);
    const bars = await (await restAPI.klineCandlestickData({ symbol, interval: '1d', limit: 200 } as never)).data();
    assert.equal(bars.length, 200);
    const { trades } = simulated.market;
    const aggregates = await (await restAPI.compressedAggregateTradesList({ symbol, fromId: 1 })).data();
    assert.deepEqual(
      aggregates.map(({ f, l }) => [Number(f), Number(l)]).slice(0, 5),
      trades.aggregatesFrom(1, 5).map(({ firstId, lastId }) => [firstId, lastId]),
    );
    const mark = (await (await restAPI.markPrice({ symbol })).data()) as { lastFundingRate: string; nextFundingTime: number };
    const paid = await (await restAPI.getFundingRateHistory({ symbol })).data();
    assert.equal(paid.length, 200);
    assert.equal(Number(mark.nextFundingTime) - Number(paid.at(-1)?.fundingTime), EIGHT_HOURS);
    const { serverTime } = await (await restAPI.checkServerTime()).data();
    assert.ok(Math.abs(Number(serverTime) - Date.now()) < 5000);
  });
});
